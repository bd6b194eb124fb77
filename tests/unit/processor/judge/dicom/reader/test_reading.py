"""What is read of a file, in which encodings, and how much of it."""

import struct
import subprocess
import sys

import pytest

from intake.dicom.streams import FIRST_READ
from intake.errors import ObjectChangedError
from processor.judge import judge
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_slice,
    element,
    encapsulated,
    item,
    part10,
    text,
    uid,
    undefined_length_item,
)
from tests.unit.processor.judge.inspection.test_findings import body_of
from tests.unit.processor.judge.sources import CountedSource

ENCODINGS = (
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
GIB = 1024**3


def rejecting(source):
    return [finding.code for finding in judge(source).findings if finding.severity == "reject"]


def codes_of(source):
    return [finding.code for finding in judge(source).findings]


def with_private_sequence(vr, content, *, length=None, **options):
    return ct_slice(rows=8, columns=8, changes={0x00091010: (vr, content)}, **options)


def inserted(fragment, **options):
    """A slice with bytes put before its pixel data."""
    whole = ct_slice(rows=8, columns=8, **options)
    at = whole.index(element(PIXEL_DATA, "OW", b"")[:6])
    return whole[:at] + element(0x00290010, "LO", b"TEST") + fragment + whole[at:]


@pytest.mark.parametrize("transfer_syntax", ENCODINGS)
def test_each_encoding_tells_the_same(transfer_syntax):
    expected = judge(CountedSource(ct_slice(rows=8, columns=8)))
    found = judge(CountedSource(ct_slice(rows=8, columns=8, transfer_syntax=transfer_syntax)))

    keys = set(expected.metadata) - {"transfer_syntax", "transfer_syntax_uid"}
    assert {key: found.metadata[key] for key in keys} == {key: expected.metadata[key] for key in keys}
    assert not found.rejected
    assert found.sop_instance_uid == expected.sop_instance_uid


def test_a_slice_of_half_a_megabyte_takes_its_first_bytes_only():
    source = CountedSource(ct_slice())

    assert judge(source).findings == ()
    assert source.reads == [(0, FIRST_READ)]


def test_a_multi_frame_file_of_two_gigabytes_takes_as_little():
    frames, rows = 4096, 512
    description = ct_slice(rows=rows, columns=rows, pixels=b"", changes={0x00280008: ("IS", text(str(frames)))})
    length = frames * rows * rows * 2
    head = description.replace(element(PIXEL_DATA, "OW", b""), element(PIXEL_DATA, "OW", b"", length=length))
    source = CountedSource(head, size=len(head) + length)

    judgement = judge(source)

    assert length == 2 * GIB
    assert judgement.findings == ()
    assert judgement.metadata["frames"] == frames
    assert source.bytes_read <= FIRST_READ


class FragmentsSource(CountedSource):
    """Fragments of zeros, of which only the headers are written and the rest is counted."""

    def __init__(self, count, fragment, *, end=SEQUENCE_END, hidden=None):
        body = body_of(ct_slice(rows=8, columns=8, changes={PIXEL_DATA: None}))
        opening = element(PIXEL_DATA, "OB", item(b""), length=UNDEFINED_LENGTH)
        head = part10(body + opening, sop=uid("large"), transfer_syntax=JPEG_BASELINE)
        self._first, self._step, self._count = len(head), 8 + fragment, count
        self._headers = {0: item(b"\xff\xd8\xff\xe0", length=fragment)[:12]} | (hidden or {})
        self._usual = item(b"", length=fragment)[:8]
        super().__init__(head, size=len(head) + count * (8 + fragment) + len(end), tail=end)

    def read(self, start, length):
        data = bytearray(super().read(start, length))
        number = max(start - self._first, 0) // self._step
        while number < self._count and (at := self._first + number * self._step) < start + length:
            for place, byte in enumerate(self._headers.get(number, self._usual), at - start):
                if 0 <= place < len(data):
                    data[place] = byte
            number += 1
        return bytes(data)


def test_a_compressed_file_of_two_gigabytes_takes_a_small_read_for_each_fragment():
    source = FragmentsSource(400, 5 * 1024 * 1024)

    assert rejecting(source) == []
    assert "pixel-data-unchecked" not in codes_of(source)
    assert source.bytes_read <= 4 * 1024 * 1024


def test_fragments_beyond_the_budget_are_accepted_and_that_is_told():
    source = FragmentsSource(4_000, 1024 * 1024)

    judgement = judge(source)

    assert not judgement.rejected
    assert "pixel-data-unchecked" in {finding.code for finding in judgement.findings}
    assert len(source.reads) <= 512
    assert source.bytes_read <= 256 * 1024 * 1024


def test_a_compressed_file_without_its_end_is_found_beyond_the_budget_too():
    assert rejecting(FragmentsSource(400, 5 * 1024 * 1024, end=b"")) == ["encapsulation-unended"]
    assert rejecting(FragmentsSource(4_000, 1024 * 1024, end=b"")) == ["encapsulation-unended"]


@pytest.mark.parametrize("number", [1, 200, 398])
@pytest.mark.parametrize(
    ("hidden", "code"),
    [
        (SEQUENCE_END + element(0x7FE10010, "LO", b"HIDDEN  "), "trailing-bytes"),
        (SEQUENCE_END + b"PK\3\4" + bytes(40), "archive-appended"),
        (SEQUENCE_END + element(0x00100020, "LO", b"OTHER-ID"), "trailing-bytes"),
        (bytes(8), "encapsulation-invalid"),
        (item(b"", length=UNDEFINED_LENGTH)[:8], "encapsulation-invalid"),
    ],
)
def test_what_hides_among_the_fragments_is_found_wherever_it_stands(number, hidden, code):
    """Other readers stop at the first delimiter, and take what follows for elements: another patient's, even."""
    assert code in codes_of(FragmentsSource(400, 1024 * 1024, hidden={number: hidden}))


def test_one_fragment_that_fills_the_file_needs_no_second_read():
    pixels = encapsulated(b"\xff\xd8\xff\xe0".ljust(300_000, b"\0"))
    body = body_of(ct_slice(rows=8, columns=8, changes={PIXEL_DATA: None}))
    source = CountedSource(part10(body + pixels, sop=uid("one"), transfer_syntax=JPEG_BASELINE))

    assert rejecting(source) == []
    assert len(source.reads) == 1


def frames_source(*, last):
    """Forty frames of 10 KB, and an offset table whose last entry is `last` bytes off."""
    frame = item(b"\xff\xd8\xff\xe0".ljust(10_000, b"\0"))
    starts = [number * len(frame) for number in range(40)]
    table = item(struct.pack("<40I", *starts[:-1], starts[-1] + last))
    stream = table + frame * 40 + SEQUENCE_END
    changes = {PIXEL_DATA: None, 0x00280008: ("IS", b"40")}
    body = body_of(ct_slice(rows=8, columns=8, changes=changes))
    pixels = element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    return CountedSource(part10(body + pixels, sop=uid("frames"), transfer_syntax=JPEG_BASELINE))


def test_all_frames_are_stepped_over_in_few_reads():
    source = frames_source(last=0)

    assert {finding.code for finding in judge(source).findings} <= {"file-meta-mismatch"}
    assert len(source.reads) <= 4
    assert source.bytes_read <= source.size


def test_an_offset_table_that_leads_elsewhere_is_told_within_the_budget():
    source = frames_source(last=6)

    assert "offset-table-wrong" in {finding.code for finding in judge(source).findings}
    assert len(source.reads) <= 4
    assert source.bytes_read <= source.size


def test_a_delimiter_within_a_fragment_ends_nothing():
    pixels = encapsulated(b"\xff\xd8\xff\xe0" + SEQUENCE_END + bytes(20), b"\xff\xd8")
    body = body_of(ct_slice(rows=8, columns=8, changes={PIXEL_DATA: None}))

    assert rejecting(CountedSource(part10(body + pixels, sop=uid("x"), transfer_syntax=JPEG_BASELINE))) == []


@pytest.mark.parametrize(
    "content",
    [
        item(element(0x00080100, "SH", text("code"))),
        undefined_length_item(element(0x00080100, "SH", text("code"))),
        b"",
        item(b"") + undefined_length_item(b""),
    ],
)
@pytest.mark.parametrize("defined", [True, False])
def test_sequences_of_every_form_are_read(content, defined):
    sequence = (
        element(0x00291010, "SQ", content)
        if defined
        else element(0x00291010, "SQ", content + SEQUENCE_END, length=UNDEFINED_LENGTH)
    )

    assert judge(CountedSource(inserted(sequence))).findings == ()


def test_a_sequence_under_un_is_read_as_implicit():
    content = undefined_length_item(element(0x00080100, "SH", text("code"), implicit=True)) + SEQUENCE_END
    unknown = element(0x00291010, "UN", content, length=UNDEFINED_LENGTH)

    assert judge(CountedSource(inserted(unknown))).findings == ()


def test_a_compressed_icon_is_stepped_over():
    icon = element(0x00880200, "SQ", item(encapsulated(b"\xff\xd8")))

    assert judge(CountedSource(inserted(icon))).findings == ()


def test_nested_identifiers_are_not_the_files_own():
    nested = item(element(0x00100020, "LO", text("TEST-0002")) + element(0x00080018, "UI", text("1.2.3", pad=b"\0")))

    judgement = judge(CountedSource(inserted(element(0x00081140, "SQ", nested))))

    assert judgement.metadata["patient"]["id"] == "TEST-0001"
    assert judgement.sop_instance_uid == uid(uid("study"), uid("series"), 1)


def test_a_header_larger_than_the_first_read_is_read_on():
    source = CountedSource(
        inserted(element(0x00291010, "UN", bytes(200_000)) + element(0x00291011, "LO", b"") * 20_000)
    )

    assert rejecting(source) == []
    assert len(source.reads) <= 8


def test_padding_behind_the_image_is_no_finding():
    padded = ct_slice(rows=8, columns=8) + element(0xFFFCFFFC, "OB", bytes(500))

    assert judge(CountedSource(padded)).findings == ()


@pytest.mark.parametrize("cut", [1, 7, 100, 139, 600])
@pytest.mark.parametrize("transfer_syntax", ENCODINGS)
def test_a_file_that_lost_its_end_is_rejected(cut, transfer_syntax):
    whole = ct_slice(rows=8, columns=8, transfer_syntax=transfer_syntax)

    assert rejecting(CountedSource(whole[:-cut]))


def test_a_deflated_sequence_that_claims_more_than_there_is_is_truncated():
    body = body_of(ct_slice(rows=8, columns=8, changes={PIXEL_DATA: None}))
    claim = element(0x00910010, "SQ", b"this is not an item.", length=5_000)
    whole = part10(body + claim, sop=uid("x"), transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    assert rejecting(CountedSource(whole)) == ["truncated"]


def test_a_one_bit_image_is_measured_in_bits():
    bits = {0x00280100: ("US", b"\1\0"), 0x00280011: ("US", b"\5\0")}

    assert rejecting(CountedSource(ct_slice(rows=8, columns=8, pixels=bytes(6), changes=bits))) == []
    assert rejecting(CountedSource(ct_slice(rows=8, columns=8, pixels=bytes(4), changes=bits))) == [
        "pixel-data-too-short"
    ]


def test_halved_chroma_takes_two_samples_a_pixel():
    colour = {
        0x00280002: ("US", b"\3\0"),
        0x00280004: ("CS", b"YBR_FULL_422"),
        0x00280100: ("US", b"\x08\0"),
        0x00280101: ("US", b"\x08\0"),
        0x00280102: ("US", b"\7\0"),
    }

    assert judge(CountedSource(ct_slice(rows=8, columns=8, pixels=bytes(128), changes=colour))).findings == ()


def test_an_object_that_is_shorter_than_it_said_is_no_verdict():
    class Shrunk(CountedSource):
        def read(self, start, length):
            return super().read(start, length)[:-1]

    with pytest.raises(ObjectChangedError):
        judge(Shrunk(ct_slice(rows=8, columns=8)))


def test_the_judge_needs_nothing_but_the_standard_library():
    foreign = ["boto3", "botocore", "pydicom", "numpy", "pydantic", "fastapi"]
    script = f"import sys; import processor.judge; print([name for name in {foreign} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
