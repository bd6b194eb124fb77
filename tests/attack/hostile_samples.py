"""Files that deceive, exhaust or inject, each made when it is asked for. None is malware: EICAR's text is what scanners
agreed to call so."""

import gzip
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from tests.archives import zipped
from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    ct_elements,
    ct_slice,
    data_set,
    element,
    file_meta,
    item,
    text,
    uid,
)
from tests.document_files import ccda, chunk, fhir, jpeg, pdf, png
from tests.unit.processor.judge import attacks as dicom_attacks
from tests.unit.processor.judge.documents.attacks import FILES

MIB = 1024 * 1024
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file, and what may become of it."""

    make: Callable[[], bytes]
    silent: bool = False
    """May be accepted without a word: what is hostile in it must harm nobody where it is shown or read again."""
    warned: bool = False
    """May be accepted if its findings tell what is wrong."""
    small: bool = True
    """Cheap enough for the short form."""


def slice_of(name: str, **options: object) -> bytes:
    return ct_slice(study=uid("hostile", name), rows=8, columns=8, **options)  # type: ignore[arg-type]


def with_items(name: str, count: int, *, full: bool = False) -> bytes:
    """A CT slice with a content sequence of so many items."""
    study = uid("hostile", name)
    one = struct.pack("<HHI", 0xFFFE, 0xE000, 8) + struct.pack("<HH2sH", 0x40, 0xA040, b"CS", 0) if full else item(b"")
    return _with(study, element(0x0040A730, "SQ", one * count))


def _with(study: str, middle: bytes) -> bytes:
    sop = uid(study, 1)
    elements = ct_elements(study=study, series=uid(study, "s"), sop=sop)
    elements[PIXEL_DATA] = ("OW", bytes(128))
    before = data_set({tag: value for tag, value in elements.items() if tag < 0x00400000})
    after = data_set({tag: value for tag, value in elements.items() if tag > 0x00400000})
    meta = file_meta(sop_class=CT_IMAGE_STORAGE, sop=sop, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN)
    return bytes(128) + b"DICM" + meta + before + middle + after


def behind_the_pixels(mebibytes: int) -> bytes:
    """Pixels declared honestly and deflated well, and behind them what a reader inflates who walks to the end."""

    study, rows, columns = uid("hostile", "deflate"), 5120, 7168
    size = rows * columns * 2
    elements = ct_elements(study=study, series=uid(study, "s"), sop=uid(study, 1), rows=rows, columns=columns)
    packer, zeros = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(MIB)
    head = data_set(elements) + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    out = [packer.compress(head), *(packer.compress(zeros) for _ in range(size // MIB))]
    rest = mebibytes * MIB - size
    out.append(packer.compress(struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, rest)))
    out += [packer.compress(zeros) for _ in range(rest // MIB)]
    out.append(packer.flush(zlib.Z_FULL_FLUSH))
    body = b"".join(out)
    # Noise keeps the ratio of packed to unpacked pixels below what is refused for itself.
    body += packer.compress(random.Random(1).randbytes(max(0, size // 200 + 1024 - len(body)))) + packer.flush()
    meta = file_meta(sop_class=CT_IMAGE_STORAGE, sop=uid(study, 1), transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    return bytes(128) + b"DICM" + meta + body + bytes(len(body) % 2)


def _entry(name: str, content: bytes, mode: int) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        info = zipfile.ZipInfo(name)
        info.external_attr, info.create_system = mode << 16, 3
        writer.writestr(info, content)
    return archive.getvalue()


def _preamble(begin: bytes) -> Sample:
    return Sample(lambda: slice_of(begin.hex(), preamble=begin.ljust(128, b"\0")))


_S = "<script>alert(1)</script>"
TEXTS = {
    "script": _S,
    "handler": '"><img src=x onerror=alert(1)>',
    "formula": '=HYPERLINK("http://x","y")',
    "formula behind a semicolon": "x;=1+1",
    "wide formula": "\uff1d1+1",
    "formula behind a space": "\u00a0=1+1",
    "formula behind a mark": "\ufeff+1+1",
    "template": "{{7*191}}${7*191}<%=7*191%>",
    "override": "\u202egnp.exe",
}
"""What is put into names and values, by what it would do."""


def values(name: str, value: str) -> bytes:
    """A CT slice whose texts are all one: patient, study, series, maker, modality."""
    short = value.encode()[:60].decode("utf-8", "ignore")
    changes = {tag: ("LO", text(short, encoding="utf-8")) for tag in (0x00081030, 0x0008103E, 0x00080070, 0x00080080)}
    changes |= {0x00080005: ("CS", b"ISO_IR 192"), 0x00100010: ("PN", text(short.replace("^", ""), encoding="utf-8"))}
    changes[0x00100020] = ("LO", text(short, encoding="utf-8"))
    return slice_of(name, changes=changes)


SAMPLES: Mapping[str, Sample] = {
    **{f"preamble of {name}": _preamble(mark) for name, mark in (
        ("PE", b"MZ"), ("ELF", b"\x7fELF"), ("Mach-O", b"\xcf\xfa\xed\xfe"), ("a script", b"#!/bin/sh\n"),
        ("PDF", b"%PDF-1.7"), ("ZIP", b"PK\3\4"), ("HTML", b"<html><script>"), ("PHP", b"<?php "))},
    "EICAR": Sample(lambda: EICAR),
    "EICAR in an archive": Sample(lambda: zipped({"eicar.com": EICAR})),
    "EICAR in an archive, named as an image": Sample(lambda: zipped({"ct/slice.dcm": EICAR})),
    "EICAR in an archive, stored": Sample(lambda: zipped({"eicar.com": EICAR}, 0)),
    "two EICARs in an archive": Sample(lambda: zipped({"a.dcm": EICAR, "b.dcm": EICAR + b"\n"})),
    "EICAR behind a DICOM mark in an archive": Sample(lambda: zipped({"a.dcm": bytes(128) + b"DICM" + EICAR})),
    "a PE file in an archive": Sample(lambda: zipped({"viewer.dcm": b"MZ" + bytes(500)})),
    "an archive of nothing": Sample(lambda: zipped({})),
    "entry that climbs": Sample(lambda: zipped({"../../x.dcm": slice_of("climbs")})),
    "entry of the root": Sample(lambda: zipped({"/etc/x.dcm": slice_of("root")})),
    "entry of a drive": Sample(lambda: zipped({"C:\\x.dcm": slice_of("drive")})),
    "entry that climbs backwards": Sample(lambda: zipped({"a\\..\\..\\x.dcm": slice_of("backwards")})),
    "entry that is a link": Sample(lambda: _entry("l", b"/etc/passwd", 0o120777)),
    "entry that is a device": Sample(lambda: _entry("d", b"", 0o060666)),
    "archive in an archive": Sample(lambda: zipped({"a.zip": zipped({"x.dcm": slice_of("nested")})})),
    "archive named as an image in an archive": Sample(lambda: zipped({"a.dcm": zipped({"x.dcm": slice_of("inner")})})),
    "PE before an archive": Sample(lambda: b"MZ" + bytes(98) + zipped({"x.dcm": slice_of("prefix")})),
    "PDF before an archive": Sample(lambda: b"%PDF-1.4\n" + zipped({"x.dcm": slice_of("pdf")})),
    "HTML before an archive": Sample(lambda: b"<html><script>" + zipped({"x.dcm": slice_of("html")})),
    "gzip of a bomb": Sample(lambda: gzip.compress(bytes(50 * MIB))),
    "PNG and HTML": Sample(lambda: png() + b"<html><script>alert(1)</script>"),
    "PNG with a script for its text": Sample(
        lambda: png(extra=chunk(b"tEXt", b"Comment\0" + _S.encode())), silent=True),
    "JPEG and PHP": Sample(lambda: jpeg() + b"<?php system($_GET[0]);"),
    "JPEG and an archive": Sample(lambda: jpeg() + zipped({"x.dcm": slice_of("jpeg")})),
    "SVG": Sample(lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "HTML": Sample(lambda: b"<html><script>alert(1)</script></html>"),
    "PDF that runs JavaScript": Sample(lambda: pdf(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")),
    "PDF that launches": Sample(lambda: pdf(catalog=b"/OpenAction << /S /Launch /F (cmd.exe) >>")),
    "C-CDA that names a file": Sample(FILES["XML: an entity from a file"][0]),
    "C-CDA of laughs": Sample(FILES["XML: billion laughs"][0]),
    "C-CDA in UTF-7": Sample(lambda: b'<?xml version="1.0" encoding="utf-7"?><ClinicalDocument/>'),
    "C-CDA with a style sheet": Sample(
        lambda: ccda(prolog='<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="http://x/"?>'), silent=True),
    "XML of depth": Sample(lambda: b"<a>" * 100_000),
    "JSON of depth": Sample(lambda: b"[" * 200_000),
    "FHIR with a lone surrogate": Sample(
        lambda: fhir().replace(b'"resourceType"', b'"language": "\\ud800", "resourceType"', 1), silent=True),
    "DICOM that claims 4 GB": Sample(dicom_attacks.claims_four_gigabytes),
    "DICOM of undefined depth": Sample(lambda: dicom_attacks.undefined_depth(100_000)),
    "DICOM of defined depth": Sample(lambda: dicom_attacks.defined_depth(5_000)),
    "DICOM of 240,000 items": Sample(lambda: with_items("items", 240_000), silent=True, small=False),
    "DICOM of 240,000 items with values": Sample(
        lambda: with_items("full", 240_000, full=True), silent=True, small=False),
    "DICOM of 200,000 elements": Sample(lambda: dicom_attacks.empty_elements(200_000), warned=True, small=False),
    "DICOM with a bomb for pixels": Sample(dicom_attacks.bomb_in_pixel_data, small=False),
    "DICOM with a bomb in a private element": Sample(dicom_attacks.bomb_in_a_private_element, small=False),
    "DICOM with a bomb behind its data set": Sample(dicom_attacks.bomb_behind_the_data_set, warned=True, small=False),
    "DICOM with a bomb of elements": Sample(dicom_attacks.bomb_of_elements, small=False),
    "DICOM with 600 MB behind honest pixels": Sample(lambda: behind_the_pixels(600), warned=True, small=False),
    **{f"exhausting {name}": Sample(make, small=False) for name, (make, _) in FILES.items() if name.startswith((
        "ZIP: 1 GB", "ZIP: 20,000", "ZIP: archives", "PNG: 1 GB of", "gzip: 1 GB", "PDF: 1 GB of"))},
    **{f"values: {name}": Sample(lambda n=name, v=value: values(n, v), silent=True) for name, value in TEXTS.items()},
}  # fmt: skip
"""At least 45, by what they are."""
