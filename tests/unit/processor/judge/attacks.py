"""Files that are made to exhaust or deceive a reader, written by the tests; none leaves them."""

import zlib

from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    UNDEFINED_LENGTH,
    ct_elements,
    data_set,
    element,
    file_meta,
    item,
    part10,
    text,
    uid,
)

STUDY, SERIES, SOP = uid("attack", "study"), uid("attack", "series"), uid("attack")
MIB = 1024 * 1024
PRIVATE_SEQUENCE = 0x00091010


def beginning(*, implicit: bool = False) -> bytes:
    """The elements of a CT slice up to its UIDs and patient."""
    elements = ct_elements(study=STUDY, series=SERIES, sop=SOP)
    return data_set({tag: elements[tag] for tag in elements if tag < 0x00090000}, implicit=implicit)


def attack(body: bytes, **options: str) -> bytes:
    return part10(beginning() + body, sop=SOP, **options)


def deflate_bomb(mebibytes: int, *, before: bytes) -> bytes:
    """A file whose data set is `before` and then a gigabyte of zeros, in about a megabyte.

    A full flush makes a block that depends on nothing before it, so one block can be repeated.
    """
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = compressor.compress(before) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    meta = file_meta(sop_class=SOP, sop=SOP, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    return bytes(128) + b"DICM" + meta + head + block * mebibytes + compressor.flush()


def bomb_in_pixel_data() -> bytes:
    return deflate_bomb(1024, before=beginning() + element(PIXEL_DATA, "OW", b"", length=1024 * MIB))


def bomb_in_a_private_element() -> bytes:
    return deflate_bomb(1024, before=beginning() + element(0x00091010, "OB", b"", length=1024 * MIB))


def bomb_behind_the_data_set() -> bytes:
    return deflate_bomb(1024, before=beginning() + element(PIXEL_DATA, "OW", bytes(128)))


def bomb_of_elements() -> bytes:
    """Inflates to private elements instead of zeros: 16 bytes each, all the same."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = compressor.compress(beginning()) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(element(0x00091001, "LO", b"") * (MIB // 8)) + compressor.flush(zlib.Z_FULL_FLUSH)
    meta = file_meta(sop_class=SOP, sop=SOP, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    return bytes(128) + b"DICM" + meta + head + block * 1024 + compressor.flush()


def undefined_depth(levels: int) -> bytes:
    opening = element(PRIVATE_SEQUENCE, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)
    return attack(opening * levels)


def unknown_depth(levels: int) -> bytes:
    """Sequences under UN: implicit from the first one on."""
    first = element(PRIVATE_SEQUENCE, "UN", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)
    inner = element(PRIVATE_SEQUENCE, "SQ", b"", length=UNDEFINED_LENGTH, implicit=True)
    return attack(first + (inner + item(b"", length=UNDEFINED_LENGTH)) * levels)


def defined_depth(levels: int, *, implicit: bool = False) -> bytes:
    """Sequences whose lengths are all right: written from the inside out."""
    step = 16 if implicit else 20
    parts = []
    for level in range(levels):
        inside = step * (levels - level - 1)
        parts.append(
            element(PRIVATE_SEQUENCE, "SQ", b"", length=inside + 8, implicit=implicit) + item(b"", length=inside)
        )
    syntax = {"transfer_syntax": IMPLICIT_VR_LITTLE_ENDIAN} if implicit else {}
    return part10(beginning(implicit=implicit) + b"".join(parts), sop=SOP, **syntax)


def empty_items(count: int, *, defined: bool = False) -> bytes:
    items = item(b"") * count
    length = len(items) if defined else UNDEFINED_LENGTH
    return attack(element(PRIVATE_SEQUENCE, "SQ", items, length=length))


def undefined_length_unknown(content: bytes) -> bytes:
    return attack(element(PRIVATE_SEQUENCE, "UN", content, length=UNDEFINED_LENGTH))


def many_undefined_length_unknowns(count: int) -> bytes:
    one = element(PRIVATE_SEQUENCE, "UN", b"", length=UNDEFINED_LENGTH) + element(0xFFFEE0DD, "", b"")
    return attack(one * count)


def empty_elements(count: int, *, vr: str = "LO", implicit: bool = False) -> bytes:
    syntax = {"transfer_syntax": IMPLICIT_VR_LITTLE_ENDIAN} if implicit else {}
    body = beginning(implicit=implicit) + element(0x00091001, vr, b"", implicit=implicit) * count
    return part10(body, sop=SOP, **syntax)


def empty_meta_elements(count: int) -> bytes:
    return bytes(128) + b"DICM" + element(0x00020102, "UL", b"") * count


def scattered_values(count: int) -> tuple[bytes, int]:
    """The head of a file of `count` values, each too long to be read over, and the file's size."""
    head = element(0x00091001, "OB", b"", length=MIB)
    return head, count * (MIB + len(head))


def claims_four_gigabytes() -> bytes:
    """272 bytes, of which one element claims the rest of the address space."""
    syntax = element(0x00020010, "UI", text(EXPLICIT_VR_LITTLE_ENDIAN, pad=b"\0"))
    body = element(0x00080016, "UI", text(CT_IMAGE_STORAGE, pad=b"\0")) + element(
        0x00091010, "OB", b"", length=0xFFFFFFF0
    )
    return (bytes(128) + b"DICM" + syntax + body).ljust(272, b"\0")


def fragments(count: int) -> bytes:
    """Encapsulated pixel data of empty fragments that never end."""
    return attack(
        element(PIXEL_DATA, "OB", item(b"") * count, length=UNDEFINED_LENGTH), transfer_syntax="1.2.840.10008.1.2.4.50"
    )


def nested_fragments(count: int) -> bytes:
    icon = element(PIXEL_DATA, "OB", item(b"") * count, length=UNDEFINED_LENGTH)
    opening = element(0x00880200, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)
    return attack(opening + icon)
