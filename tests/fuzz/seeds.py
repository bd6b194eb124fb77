"""What is mutated: small synthetic files of every kind that the judge knows.

To join, add a (kind, function that returns bytes) to SEEDS. The function is called once for each process.
"""

import gzip
import json
import struct
import zlib
from collections.abc import Callable

from tests.archives import zipped
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
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

Seed = tuple[str, Callable[[], bytes]]


def _ct(transfer_syntax: str) -> Callable[[], bytes]:
    return lambda: ct_slice(rows=4, columns=4, transfer_syntax=transfer_syntax)


def body() -> bytes:
    """Return a slice's data set without its pixel data."""
    whole = ct_slice(rows=4, columns=4, changes={PIXEL_DATA: None})
    return whole[144 + int.from_bytes(whole[140:144], "little") :]


def nested() -> bytes:
    """Sequences of every form, private ones, an icon and compressed pixels."""
    inner = element(0x00081140, "SQ", item(element(0x00081150, "UI", text("1.2.3", pad=b"\0"))))
    unknown = undefined_length_item(element(0x00091011, "LO", b"", implicit=True)) + SEQUENCE_END
    sequences = (
        element(0x00290010, "LO", b"ours")
        + element(0x00291001, "DS", b"1.25")
        + element(0x00291002, "UN", bytes(12))
        + element(0x00400275, "SQ", undefined_length_item(inner) + item(inner) + SEQUENCE_END, length=UNDEFINED_LENGTH)
        + element(0x00410010, "UN", unknown, length=UNDEFINED_LENGTH)
        + element(0x00880200, "SQ", item(encapsulated(b"\xff\xd8", b"\0\0")))
    )
    pixels = encapsulated(b"\xff\xd8\xff\xe0", b"rest")
    return part10(body() + sequences + pixels, sop=uid("nested"), transfer_syntax=JPEG_BASELINE)


def frames() -> bytes:
    """Two compressed frames and a basic offset table that leads to them."""
    table = item(struct.pack("<II", 0, 12))
    stream = table + item(b"\xff\xd8\xff\xe0") * 2 + SEQUENCE_END
    pixels = element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    count = element(0x00280008, "IS", b"2 ")
    return part10(body() + count + pixels, sop=uid("frames"), transfer_syntax=JPEG_BASELINE)


def named_in_japanese() -> bytes:
    changes = {
        0x00080005: ("CS", b"\\ISO 2022 IR 87"),
        0x00100010: ("PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    }
    return ct_slice(rows=4, columns=4, changes=changes)


def nifti() -> bytes:
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, 4, 4, 4, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 4, 16)
    struct.pack_into("<8f", head, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, 352)
    head[344:348] = b"n+1\0"
    return bytes(head) + bytes(128)


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(20))) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 4, 4, 1) + b"\1\x11\0"
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0\0\x3f\0" + b"\x12\x34"
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + frame + scan + b"\xff\xd9"


def tiff() -> bytes:
    entries = [(256, 4), (257, 4), (258, 8), (259, 1), (262, 1), (273, 8), (278, 4), (279, 16)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + struct.pack("<H", len(entries)) + directory + bytes(4)


def pdf() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
        b"0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
        b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n160\n%%EOF\n"
    )


HL7 = (
    b"MSH|^~\\&|LAB|CLINIC|SCALPER|PROVIDER|20240102030405||ORU^R01|MSG0001|P|2.5\r"
    b"PID|1||TEST-0001^^^CLINIC||Example^Nobody||19000101|O\rOBR|1|||CT^CT chest\rOBX|1|TX|1||no finding||||||F\r"
)
FHIR = json.dumps({
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "1", "birthDate": "1900-01-01"}},
        {"resource": {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                      "subject": {"reference": "urn:uuid:1"}}},
    ],
}).encode()  # fmt: skip
CCDA = (
    b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3" '
    b'extension="POCD_HD000040"/><id root="2.25.1"/><code code="34133-9"/><title>Summary</title>'
    b'<effectiveTime value="20240102"/><recordTarget><patientRole><id extension="TEST-0001" root="2.25.2"/>'
    b"</patientRole></recordTarget><component/></ClinicalDocument>"
)
CSV = b'id,name,value\n1,Example,=1+1\n2,"No, body",3\n'

SEEDS: list[Seed] = [
    ("dicom", _ct("1.2.840.10008.1.2.1")),
    ("dicom", _ct(IMPLICIT_VR_LITTLE_ENDIAN)),
    ("dicom", _ct(EXPLICIT_VR_BIG_ENDIAN)),
    ("dicom", _ct(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)),
    ("dicom", lambda: ct_slice(rows=4, columns=4)[132:]),
    ("dicom", nested),
    ("dicom", frames),
    ("dicom", named_in_japanese),
    ("nifti", nifti),
    ("nifti", lambda: gzip.compress(nifti(), mtime=0)),
    ("hl7v2", lambda: HL7),
    ("fhir", lambda: FHIR),
    ("ccda", lambda: CCDA),
    ("pdf", pdf),
    ("jpeg", jpeg),
    ("png", png),
    ("tiff", tiff),
    ("csv", lambda: CSV),
    ("zip", lambda: zipped({"a/1.dcm": ct_slice(rows=4, columns=4), "b.csv": CSV})),
]
