"""Files that grow: for each structure that a reader meets, a file of about as many bytes as are asked for.

Twice the size must not cost more than about twice the time and memory (`test_files.py`); what a budget refuses may
cost less. All values are obviously fictional.
"""

import struct
import zlib
from collections.abc import Callable

from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_elements,
    ct_slice,
    data_set,
    element,
    item,
    part10,
    uid,
    undefined_length_item,
)
from tests.growth.documents import DOCUMENTS
from tests.unit.processor.judge import attacks

Grow = Callable[[int], bytes]
"""Size in bytes → a file of about that size."""

SOP = uid("growth")
PRIVATE = 0x00091001
SEQUENCE = 0x00081140
JPEG = "1.2.840.10008.1.2.4.50"


EXTENSIONS = {
    "dicom": "dcm", "nifti": "nii", "gzip": "nii.gz", "hl7v2": "hl7", "fhir": "json", "json": "json", "xml": "xml",
    "csv": "csv", "pdf": "pdf", "jpeg": "jpg", "png": "png", "tiff": "tif", "zip": "zip",
}  # fmt: skip


def growing_files() -> dict[str, Grow]:
    """Return what grows, by its name: `kind: structure`."""
    return DICOM | DOCUMENTS


def extension_of(name: str) -> str:
    """Return the extension, without its dot, of the file that a name of `growing_files` stands for."""
    return EXTENSIONS[name.partition(":")[0]].rpartition(".")[2]


def _repeated(one: bytes, size: int) -> bytes:
    return one * max(size // len(one), 1)


def _with_elements(one: bytes, *, implicit: bool = False, big: bool = False) -> Grow:
    """Return what makes a slice's beginning with one element many times behind it."""
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_BIG_ENDIAN if big else ""

    def grow(size: int) -> bytes:
        elements = ct_elements(study=uid("s"), series=uid("r"), sop=SOP, big=big)
        body = data_set({tag: elements[tag] for tag in elements if tag < 0x00090000}, implicit=implicit, big=big)
        return part10(body + _repeated(one, size), sop=SOP, **({"transfer_syntax": syntax} if syntax else {}))

    return grow


def _ascending(group: int, vr: str) -> Grow:
    """Elements in ascending order, from one group to the next: as many as there are numbers."""

    def grow(size: int) -> bytes:
        rows = [
            element((group + 2 * (number // 4096)) << 16 | 0x1000 + number % 4096, vr, b"12")
            for number in range(size // 10)
        ]
        return attacks.attack(b"".join(rows))

    return grow


def _private_groups(size: int) -> bytes:
    """A private creator and an element of its block, in one private group after the other."""
    groups = [
        element((9 + 2 * number) << 16 | 0x0010, "LO", b"FICTIONAL ")
        + element((9 + 2 * number) << 16 | 0x1001, "LO", b"")
        for number in range(min(size // 26, 0x3000))
    ]
    return attacks.attack(b"".join(groups) + _repeated(element(0x70090010, "LO", b""), size - 26 * len(groups)))


def _private_creators(size: int) -> bytes:
    """Creators and blocks of one private group, in turns and out of order."""
    turn = b"".join(element(0x00090000 | number, "LO", b"") for number in (0x10, 0x1001, 0x11, 0x1101))
    return attacks.attack(_repeated(turn, size))


def _text(tag: int, vr: str, one: bytes) -> Grow:
    """One long value of a kept element, in a length of its own form or under UN."""

    def grow(size: int) -> bytes:
        value = _repeated(one, size)
        value += b" " * (len(value) % 2)
        long = "UN" if len(value) > 0xFFFE else vr
        return ct_slice(rows=8, columns=8, changes={tag: (long, value)})

    return grow


def _many_values(tag: int, vr: str, one: bytes) -> Grow:
    """A kept element of 1 KB, over and over."""
    return _with_elements(element(tag, vr, (one * (1024 // len(one))).ljust(1024)))


def _in_sequence(content: Callable[[int], bytes], *, defined: bool = False) -> Grow:
    def grow(size: int) -> bytes:
        inside = content(size)
        if defined:
            return attacks.attack(element(SEQUENCE, "SQ", inside))
        return attacks.attack(element(SEQUENCE, "SQ", inside + SEQUENCE_END, length=UNDEFINED_LENGTH))

    return grow


def _fragments(size: int, *, length: int = 0, table: str = "") -> bytes:
    """Encapsulated pixel data: `table` says whether its offset table is right, wrong, or not there."""
    count = max(size // (12 + length if table else 8 + length), 1)
    places = [number * (8 + length) for number in range(count)] if table else []
    if table == "wrong":
        places = [place + 4 for place in places]
    offsets = struct.pack(f"<{len(places)}I", *places)
    stream = item(offsets) + item(bytes(length)) * count + SEQUENCE_END
    elements = ct_elements(study=uid("s"), series=uid("r"), sop=SOP)
    elements[0x00280008] = ("IS", f"{count} "[: len(str(count)) + len(str(count)) % 2].encode())
    body = data_set(elements) + element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    return part10(body, sop=SOP, transfer_syntax=JPEG)


def _deflated(content: Callable[[int], bytes]) -> Grow:
    """A deflated data set whose inflated size grows, so that the file hardly does."""

    def grow(size: int) -> bytes:
        body = attacks.beginning() + content(size)
        return part10(body, sop=SOP, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    return grow


def _empty_blocks(size: int) -> bytes:
    """Deflate data that goes on and on and inflates to nothing: empty stored blocks (RFC 1951 3.2.4)."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    head = packer.compress(attacks.beginning()) + packer.flush(zlib.Z_FULL_FLUSH)
    blocks = _repeated(b"\0\0\0\xff\xff", size)
    meta = part10(b"", sop=SOP, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).removesuffix(b"\3\0")
    return meta + head + blocks + packer.flush()


def _damaged_sequences(size: int) -> bytes:
    """Sequences whose length is right and whose content is damaged, each of which is left by itself."""
    return attacks.attack(_repeated(element(SEQUENCE, "SQ", b"\1\2\3\4\5\6\7\x08"), size))


DICOM: dict[str, Grow] = {
    "dicom: pixels": lambda size: ct_slice(rows=1024, columns=max(size // 2048, 1)),
    "dicom: elements": _with_elements(element(PRIVATE, "LO", b"")),
    "dicom: implicit elements": _with_elements(element(PRIVATE, "", b"", implicit=True), implicit=True),
    "dicom: big endian elements": _with_elements(element(PRIVATE, "LO", b"", big=True), big=True),
    "dicom: long elements": _with_elements(element(PRIVATE, "OB", b"")),
    "dicom: elements of an unknown VR": _with_elements(element(PRIVATE, "LO", b"").replace(b"LO", b"ZZ") + bytes(4)),
    "dicom: elements without a VR": _with_elements(element(PRIVATE, "", b"", implicit=True)),
    "dicom: elements in ascending order": _ascending(0x0040, "US"),
    "dicom: private elements in ascending order": _ascending(0x0041, "US"),
    "dicom: private groups": _private_groups,
    "dicom: private creators": _private_creators,
    "dicom: kept elements": _with_elements(element(0x00100010, "PN", b"Example^Nobody")),
    "dicom: overlay groups": lambda size: attacks.attack(
        b"".join(
            element((0x6000 + 2 * (n % 16)) << 16 | 0x0010, "US", b"\1\0")
            + element((0x6000 + 2 * (n % 16)) << 16 | 0x3000, "OW", bytes(20))
            for n in range(size // 42)
        )
    ),
    "dicom: a long name": _text(0x00100010, "PN", b"Example^Nobody\\"),
    "dicom: a name of escapes": _text(0x00100010, "PN", b"\x1b$B\x1b(B"),
    "dicom: a name of separators": _text(0x00100010, "PN", b"^=\\"),
    "dicom: an image type of many values": _text(0x00080008, "CS", b"A\\"),
    "dicom: many character sets": _text(0x00080005, "CS", b"ISO 2022 IR 87\\"),
    "dicom: a UID of many components": _text(0x0020000D, "UI", b"1."),
    "dicom: a number of spaces": _text(0x00200032, "DS", b" "),
    "dicom: names of escapes": _many_values(0x00100010, "PN", b"\x1b$B\x1b(B"),
    "dicom: numbers of digits": _many_values(0x00200032, "DS", b"1"),
    "dicom: empty items": _in_sequence(lambda size: _repeated(item(b""), size)),
    "dicom: empty items of known length": _in_sequence(lambda size: _repeated(item(b""), size), defined=True),
    "dicom: items with elements": _in_sequence(lambda size: _repeated(item(element(PRIVATE, "LO", b"")), size)),
    "dicom: items of undefined length": _in_sequence(
        lambda size: _repeated(undefined_length_item(element(PRIVATE, "LO", b"")), size)
    ),
    "dicom: one item of elements": _in_sequence(lambda size: item(_repeated(element(PRIVATE, "LO", b""), size))),
    "dicom: sequences": _with_elements(element(SEQUENCE, "SQ", b"")),
    "dicom: sequences of undefined length": _with_elements(
        element(SEQUENCE, "SQ", SEQUENCE_END, length=UNDEFINED_LENGTH)
    ),
    "dicom: sequences under UN": lambda size: attacks.many_undefined_length_unknowns(size // 20),
    "dicom: damaged sequences": _damaged_sequences,
    "dicom: depth": lambda size: attacks.undefined_depth(size // 20),
    "dicom: depth of true lengths": lambda size: attacks.defined_depth(size // 20),
    "dicom: depth 60, many times": lambda size: attacks.attack(
        _repeated(attacks.defined_depth(60)[len(attacks.attack(b"")) :], size)
    ),
    "dicom: file meta elements": lambda size: attacks.empty_meta_elements(size // 8),
    "dicom: fragments": _fragments,
    "dicom: fragments of 1 KB": lambda size: _fragments(size, length=1024),
    "dicom: fragments of 100 KB": lambda size: _fragments(size, length=100 * 1024),
    "dicom: fragments with their offsets": lambda size: _fragments(size, table="right"),
    "dicom: fragments with wrong offsets": lambda size: _fragments(size, table="wrong"),
    "dicom: fragments that never end": lambda size: attacks.fragments(size // 8),
    "dicom: fragments of an icon": lambda size: attacks.nested_fragments(size // 8),
    "dicom: bytes behind the image": lambda size: ct_slice(rows=8, columns=8) + bytes(size),
    "dicom: deflated pixels": _deflated(lambda size: element(PIXEL_DATA, "OW", bytes(16 * size))),
    "dicom: a deflated private value": _deflated(lambda size: element(PRIVATE, "OB", bytes(16 * size))),
    "dicom: deflated elements": _deflated(lambda size: _repeated(element(PRIVATE, "LO", b""), size)),
    "dicom: deflated zeros behind the image": _deflated(lambda size: element(PIXEL_DATA, "OW", b"\1\0") + bytes(size)),
    "dicom: deflate data of nothing": _empty_blocks,
}
