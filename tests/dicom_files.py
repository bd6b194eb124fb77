"""A small DICOM writer for the tests: synthetic files, byte by byte, with obviously fictional values.

It knows no validation, so that tests can also write what no honest modality would.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"

UNDEFINED_LENGTH = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})

Elements = Mapping[int, tuple[str, bytes]]
"""Tag → VR and encoded value."""


def uid(*parts: object) -> str:
    """Return a UID that is the same for the same parts, under the root for UUIDs (PS3.5 B.2)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def text(value: str, *, pad: bytes = b" ", encoding: str = "ascii") -> bytes:
    """Encode a string and pad it to even length."""
    encoded = value.encode(encoding)
    return encoded + pad * (len(encoded) % 2)


def element(
    tag: int, vr: str, value: bytes, *, length: int | None = None, implicit: bool = False, big: bool = False
) -> bytes:
    """Return one data element. `length` is written instead of the value's own where given."""
    order = ">" if big else "<"
    size = len(value) if length is None else length
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if implicit or tag >> 16 == 0xFFFE:
        return head + struct.pack(f"{order}I", size) + value
    if vr in LONG_VRS:
        return head + vr.encode() + struct.pack(f"{order}xxI", size) + value
    return head + vr.encode() + struct.pack(f"{order}H", size) + value


def item(content: bytes, *, length: int | None = None, big: bool = False) -> bytes:
    """Return one sequence item or pixel data fragment (PS3.5 7.5)."""
    return element(0xFFFEE000, "", content, length=length, big=big)


def undefined_length_item(content: bytes) -> bytes:
    return item(content, length=UNDEFINED_LENGTH) + element(0xFFFEE00D, "", b"")


def encapsulated(*fragments: bytes, closed: bool = True) -> bytes:
    """Return an encapsulated Pixel Data element with an empty basic offset table (PS3.5 A.4)."""
    stream = item(b"") + b"".join(item(fragment) for fragment in fragments)
    return element(PIXEL_DATA, "OB", stream + (SEQUENCE_END if closed else b""), length=UNDEFINED_LENGTH)


def file_meta(*, sop_class: str, sop: str, transfer_syntax: str) -> bytes:
    """Return the file meta information with its group length (PS3.10 7.1)."""
    body = (
        element(0x00020001, "OB", b"\0\1")
        + element(0x00020002, "UI", text(sop_class, pad=b"\0"))
        + element(0x00020003, "UI", text(sop, pad=b"\0"))
        + element(0x00020010, "UI", text(transfer_syntax, pad=b"\0"))
        + element(0x00020012, "UI", text(uid("silent scalper tests"), pad=b"\0"))
    )
    return element(0x00020000, "UL", struct.pack("<I", len(body))) + body


def data_set(elements: Elements, *, implicit: bool = False, big: bool = False) -> bytes:
    """Return the elements in ascending order of their tags."""
    return b"".join(element(tag, *elements[tag], implicit=implicit, big=big) for tag in sorted(elements))


def part10(
    body: bytes,
    *,
    sop_class: str = CT_IMAGE_STORAGE,
    sop: str,
    transfer_syntax: str = EXPLICIT_VR_LITTLE_ENDIAN,
    preamble: bytes = b"\0" * 128,
) -> bytes:
    """Return a DICOM file around an encoded data set; a deflated transfer syntax deflates it."""
    if transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        body = deflated(body)
    return preamble + b"DICM" + file_meta(sop_class=sop_class, sop=sop, transfer_syntax=transfer_syntax) + body


def deflated(body: bytes) -> bytes:
    """Return the raw deflate stream of a data set, padded to even length (PS3.5 A.5)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    stream = compressor.compress(body) + compressor.flush()
    return stream + b"\0" * (len(stream) % 2)


def ct_slice(
    *,
    study: str = uid("study"),
    series: str = uid("series"),
    sop: str | None = None,
    patient_id: str = "TEST-0001",
    patient_name: str = "Example^Nobody",
    rows: int = 512,
    columns: int = 512,
    instance: int = 1,
    preamble: bytes = b"\0" * 128,
    transfer_syntax: str = EXPLICIT_VR_LITTLE_ENDIAN,
    pixels: bytes | None = None,
    changes: Mapping[int, tuple[str, bytes] | None] | None = None,
) -> bytes:
    """Return a valid CT slice: about 526 KB by default, under 2 KB with `rows=8, columns=8`.

    `sop` follows from study, series and instance unless given. `changes` adds, replaces or (None) removes elements
    of the data set. `pixels` is the value of Pixel Data; another one also makes other bytes of the same instance.
    Only the uncompressed and the deflated transfer syntaxes are encoded.
    """
    sop = sop or uid(study, series, instance)
    big = transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
    elements = ct_elements(
        study=study, series=series, sop=sop, patient_id=patient_id, patient_name=patient_name, rows=rows,
        columns=columns, instance=instance, big=big,
    )  # fmt: skip
    elements[PIXEL_DATA] = ("OW", _gradient(rows, columns) if pixels is None else pixels)
    for tag, change in (changes or {}).items():
        elements.pop(tag, None)
        if change is not None:
            elements[tag] = change
    body = data_set(elements, implicit=transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN, big=big)
    return part10(body, sop=sop, transfer_syntax=transfer_syntax, preamble=preamble)


def ct_elements(
    *,
    study: str,
    series: str,
    sop: str,
    patient_id: str = "TEST-0001",
    patient_name: str = "Example^Nobody",
    rows: int = 8,
    columns: int = 8,
    instance: int = 1,
    big: bool = False,
) -> dict[int, tuple[str, bytes]]:
    """Return the elements of a CT slice, but for its pixel data."""
    short = ">H" if big else "<H"
    strings = {
        0x00080005: ("CS", "ISO_IR 100"),
        0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        0x00080016: ("UI", CT_IMAGE_STORAGE),
        0x00080018: ("UI", sop),
        0x00080020: ("DA", "20200102"),
        0x00080021: ("DA", "20200102"),
        0x00080022: ("DA", "20200102"),
        0x00080030: ("TM", "101112"),
        0x00080050: ("SH", "A-0001"),
        0x00080060: ("CS", "CT"),
        0x00080070: ("LO", "Fictional Scanners"),
        0x00080090: ("PN", ""),
        0x00081090: ("LO", "Model Zero"),
        0x00100010: ("PN", patient_name),
        0x00100020: ("LO", patient_id),
        0x00100030: ("DA", "19000101"),
        0x00100040: ("CS", "O"),
        0x00180015: ("CS", "CHEST"),
        0x00180050: ("DS", "1.0"),
        0x00180060: ("DS", "120"),
        0x0020000D: ("UI", study),
        0x0020000E: ("UI", series),
        0x00200010: ("SH", "1"),
        0x00200011: ("IS", "2"),
        0x00200013: ("IS", str(instance)),
        0x00200032: ("DS", f"-128\\-128\\{instance}"),
        0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
        0x00200052: ("UI", uid(study, "frame of reference")),
        0x00280004: ("CS", "MONOCHROME2"),
        0x00280030: ("DS", "0.5\\0.5"),
        0x00281052: ("DS", "-1024"),
        0x00281053: ("DS", "1"),
    }
    numbers = {
        0x00280002: 1,
        0x00280010: rows,
        0x00280011: columns,
        0x00280100: 16,
        0x00280101: 12,
        0x00280102: 11,
        0x00280103: 0,
    }
    encoded = {
        tag: (vr, text(value, pad=b"\0" if vr == "UI" else b" ", encoding="latin-1"))
        for tag, (vr, value) in strings.items()
    }
    return encoded | {tag: ("US", struct.pack(short, number)) for tag, number in numbers.items()}


def _gradient(rows: int, columns: int) -> bytes:
    line = b"".join(struct.pack("<H", column % 4096) for column in range(columns))
    return line * rows


SEQUENCE_END = element(0xFFFEE0DD, "", b"")
