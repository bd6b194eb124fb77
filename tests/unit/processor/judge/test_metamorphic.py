"""The same content in another wrapping has the same verdict, and says the same of itself.

EXAMPLES says how many files are tried: `make fuzz` tries 50,000. Hypothesis prints how to repeat what fails.
"""

import io
import json
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.judge import Judgement, judge
from tests import dicom_files, document_files
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    element,
    file_meta,
    item,
    text,
    uid,
    undefined_length_item,
)
from tests.unit.processor.judge.sources import CountedSource

EXAMPLES = int(os.environ.get("METAMORPHIC_EXAMPLES", "2000"))
"""Of DICOM; of each kind of document a tenth."""

of_dicom = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
of_documents = settings(of_dicom, max_examples=max(EXAMPLES // 10, 10))

SYNTAXES = (
    EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)  # fmt: skip
OF_THE_WRAPPING = {"transfer-syntax-retired", "file-meta-mismatch"}
"""Warnings that the wrapping itself earns; no other may come or go with it."""
NAMES_THE_WRAPPING = {"transfer_syntax_uid", "transfer_syntax"}
REFERENCED_IMAGES, PADDING = 0x00081140, 0xFFFCFFFC
MIB = 1024 * 1024

Elements = Mapping[int, tuple[str, bytes]]
FAULTS: Mapping[str, Elements | tuple[int, ...]] = {
    "none": {},
    "no study": (0x0020000D,),
    "no patient's ID": (0x00100020,),
    "impossible UID": {0x00080018: ("UI", b"../../etc/passwd")},
    "no rows": (0x00280010,),
    "short pixels": {PIXEL_DATA: ("OW", bytes(100))},
    "no pixels": (PIXEL_DATA,),
    "bad date": {0x00080020: ("DA", b"20230229")},
    "burned in": {0x00280301: ("CS", b"YES ")},
    "nobody": (0x0020000D, 0x0020000E, 0x00100020),
    "many frames": {0x00280008: ("IS", b"-1")},
}


@dataclass(frozen=True)
class Wrapping:
    """One of the ways to write a data set down."""

    syntax: str = EXPLICIT_VR_LITTLE_ENDIAN
    undefined_lengths: bool = False
    group_lengths: bool = False
    padding: int = 0
    """Bytes of Data Set Trailing Padding; 0 for none."""
    private: int = 0
    """Bytes of private data."""
    other_meta: bool = False

    def written(self, elements: Elements) -> bytes:
        elements = dict(elements) | self._extra()
        body, group, written = b"", None, {tag: self._element(tag, *elements[tag]) for tag in sorted(elements)}
        for tag, encoded in written.items():
            if tag >> 16 != group and self.group_lengths:
                length = sum(len(other) for at, other in written.items() if at >> 16 == tag >> 16)
                body += self._element(tag & 0xFFFF0000, "UL", struct.pack("<I", length))
            group = tag >> 16
            body += encoded
        return bytes(128) + b"DICM" + self._meta() + (dicom_files.deflated(body) if self._deflates else body)

    @property
    def _big(self) -> bool:
        return self.syntax == EXPLICIT_VR_BIG_ENDIAN

    @property
    def _deflates(self) -> bool:
        return self.syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

    def _meta(self) -> bytes:
        if not self.other_meta:
            return file_meta(sop_class=dicom_files.CT_IMAGE_STORAGE, sop=SOP, transfer_syntax=self.syntax)
        body = b"".join(
            element(tag, vr, value)
            for tag, vr, value in (
                (0x00020001, "OB", b"\0\1"),
                (0x00020002, "UI", text(dicom_files.CT_IMAGE_STORAGE, pad=b"\0")),
                (0x00020003, "UI", text(SOP, pad=b"\0")),
                (0x00020010, "UI", text(self.syntax, pad=b"\0")),
                (0x00020012, "UI", text(uid("another program"), pad=b"\0")),
                (0x00020013, "SH", b"ANOTHER "),
                (0x00020016, "AE", b"OTHER_AE"),
            )
        )
        return element(0x00020000, "UL", struct.pack("<I", len(body))) + body

    def _extra(self) -> Elements:
        private = {0x00290010: ("LO", b"FICTION "), 0x00291010: ("OB", bytes(self.private))} if self.private else {}
        return private | ({PADDING: ("OB", bytes(self.padding))} if self.padding else {})

    def _element(self, tag: int, vr: str, value: bytes) -> bytes:
        implicit = self.syntax == IMPLICIT_VR_LITTLE_ENDIAN
        if vr != "SQ":
            return element(tag, vr, _ordered(vr, value, big=self._big), implicit=implicit, big=self._big)
        inner = self._element(0x00081155, "UI", value)
        if not self.undefined_lengths:
            return element(tag, vr, item(inner, big=self._big), implicit=implicit, big=self._big)
        if self._big:
            ended = element(0xFFFEE00D, "", b"", big=True)
            content = item(inner, length=UNDEFINED_LENGTH, big=True) + ended + element(0xFFFEE0DD, "", b"", big=True)
        else:
            content = undefined_length_item(inner) + SEQUENCE_END
        return element(tag, vr, content, length=UNDEFINED_LENGTH, implicit=implicit, big=self._big)


SOP = uid("metamorphic")
PLAIN = Wrapping()


def _ordered(vr: str, value: bytes, *, big: bool) -> bytes:
    """Return a value, known in little endian, in its byte order."""
    if not big or vr not in {"US", "OW", "UL"}:
        return value
    width = 4 if vr == "UL" else 2
    return b"".join(value[at : at + width][::-1] for at in range(0, len(value), width))


@st.composite
def contents(draw: st.DrawFn) -> Elements:
    """Draw what a slice holds: one that is as it should be, or has one or two faults."""
    elements = dicom_files.ct_elements(study=uid("study"), series=uid("series"), sop=SOP)
    elements[PIXEL_DATA] = ("OW", bytes(128))
    elements[REFERENCED_IMAGES] = ("SQ", text(uid("other"), pad=b"\0"))
    for fault in draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=2)):
        change = FAULTS[fault]
        if isinstance(change, tuple):
            elements = {tag: held for tag, held in elements.items() if tag not in change}
        else:
            elements |= change
    return elements


wrappings = st.builds(
    Wrapping,
    syntax=st.sampled_from(SYNTAXES),
    undefined_lengths=st.booleans(),
    group_lengths=st.booleans(),
    padding=st.sampled_from((0, 0, 2, 126, 4096, 70_000)),
    private=st.sampled_from((0, 0, 2, 1024, 40_000)),
    other_meta=st.booleans(),
)


def judged(data: bytes) -> Judgement:
    return judge(CountedSource(data))


def told(judgement: Judgement) -> tuple[object, ...]:
    """Return what no wrapping may change: the verdict, its codes, and what the file says of itself."""
    codes = {found.code for found in judgement.findings} - OF_THE_WRAPPING
    metadata = {key: value for key, value in judgement.metadata.items() if key not in NAMES_THE_WRAPPING}
    return judgement.kind, judgement.rejected, codes, metadata, judgement.sop_instance_uid


@of_dicom
@given(contents(), wrappings)
def test_a_wrapping_changes_no_verdict(elements, wrapping):
    assert told(judged(wrapping.written(elements))) == told(judged(PLAIN.written(elements)))


@pytest.mark.parametrize("padding", [254, 65_536, MIB - 2, MIB])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_padding_up_to_a_mebibyte_changes_no_verdict(syntax, padding):
    elements = dicom_files.ct_elements(study=uid("study"), series=uid("series"), sop=SOP)
    elements[PIXEL_DATA] = ("OW", bytes(128))
    wrapping = Wrapping(syntax=syntax)

    assert told(judged(replace(wrapping, padding=padding).written(elements))) == told(
        judged(wrapping.written(elements))
    )


@of_documents
@given(contents(), st.integers(1, 40))
def test_repeated_frames_change_no_verdict(elements, frames):
    if elements.get(PIXEL_DATA, ("", b""))[1] != bytes(128) or 0x00280008 in elements:
        return
    one = judged(PLAIN.written(elements))
    more = {0x00280008: ("IS", text(str(frames))), PIXEL_DATA: ("OW", bytes(128) * frames)}

    several = judged(PLAIN.written(dict(elements) | more))

    assert (several.rejected, several.findings) == (one.rejected, one.findings)


@of_documents
@given(contents(), st.randoms(use_true_random=False))
def test_another_order_of_elements_only_warns(elements, random):
    whole = PLAIN.written(elements)
    tags = sorted(tag for tag in elements if tag != PIXEL_DATA and tag >> 16 > 0x0008)
    random.shuffle(tags)
    first = [tag for tag in sorted(elements) if tag >> 16 == 0x0008]
    order = [*first, *tags, *([PIXEL_DATA] if PIXEL_DATA in elements else [])]
    body = b"".join(PLAIN._element(tag, *elements[tag]) for tag in order)
    start = whole.index(element(0x00080005, "CS", b"")[:6])

    kind, rejected, codes, metadata, sop = told(judged(whole[:start] + body))

    assert (kind, rejected, codes - {"elements-unordered"}, metadata, sop) == told(judged(whole))


@of_documents
@given(contents(), wrappings, st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
def test_an_archive_gives_back_what_was_put_in(elements, wrapping, method):
    data = wrapping.written(elements)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("slice.dcm", data)

    assert not judged(packed.getvalue()).rejected
    with zipfile.ZipFile(packed) as archive:
        assert told(judged(archive.read("slice.dcm"))) == told(judged(data))


HL7 = (
    document_files.hl7v2("PID|1||TEST-1||Example^Nobody", "PV1|1|I"),
    document_files.hl7v2(header="MSH|^~\\&|LAB"),
    document_files.hl7v2("not a segment"),
)


@of_documents
@given(st.sampled_from(HL7), st.sampled_from((b"\r", b"\n", b"\r\n")), st.booleans())
def test_the_ends_of_segments_change_no_verdict(message, end, last):
    lines = message.replace(b"\r\n", b"\r").replace(b"\n", b"\r").rstrip(b"\r").split(b"\r")
    written = end.join(lines) + end * last
    plain = b"\r".join(lines) + b"\r"

    assert told(judged(written)) == told(judged(plain))


@of_documents
@given(st.randoms(use_true_random=False), st.sampled_from((None, 1, 4)), st.booleans())
def test_the_order_of_keys_changes_no_verdict(random, indent, bundled):
    plain = json.loads(document_files.bundle(json.loads(document_files.fhir())) if bundled else document_files.fhir())

    def shuffled(value):
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    assert told(judged(json.dumps(shuffled(plain), indent=indent).encode())) == told(judged(json.dumps(plain).encode()))


@of_documents
@given(st.sampled_from(("cda", "n1", "x-y", "_")))
def test_a_prefix_of_the_namespace_changes_no_verdict(prefix):
    plain = document_files.ccda().decode()
    head, _, body = plain.partition("<ClinicalDocument")
    named = ("<ClinicalDocument" + body).replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
    named = named.replace('xmlns="urn:hl7-org:v3"', f'xmlns:{prefix}="urn:hl7-org:v3"')

    assert told(judged((head + named).encode())) == told(judged(plain.encode()))


@of_documents
@given(st.binary(max_size=900).filter(lambda before: b"%" not in before))
def test_bytes_before_a_pdf_only_warn(before):
    whole = document_files.pdf()
    # What another reader takes for its own is of that kind.
    judgement = judged(b"\n\n" + before.replace(b"\0", b" ") + b"\n" + whole)

    assert (judgement.kind, judgement.rejected) == ("pdf", False)
