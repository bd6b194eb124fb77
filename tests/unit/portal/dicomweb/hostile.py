"""Files that cost most to describe: each is small, or of a size that any sender may send, and structurally sound."""

import struct
import zlib

from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
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

MIB = 1024 * 1024
SOP = uid("hostile")
EMPTY_ITEM = item(b"")


def within(extra, *, charset="ISO_IR 100", transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN):
    """Return a slice without pixels, `extra` elements between its own."""
    implicit = transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    elements = ct_elements(study=uid("hostile", "study"), series=uid("hostile", "series"), sop=SOP)
    elements[0x00080005] = ("CS", text(charset))
    before, behind = (
        data_set({tag: value for tag, value in elements.items() if (tag < 0x00400000) is first}, implicit=implicit)
        for first in (True, False)
    )
    return part10(before + extra + behind, sop=SOP, transfer_syntax=transfer_syntax)


def private(count, vr, value, *, implicit=False):
    """Return elements of private groups, thousands of each."""
    return b"".join(
        element(((0x41 + 2 * (number // 0xE000)) << 16) + 0x1000 + number % 0xE000, vr, value, implicit=implicit)
        for number in range(count)
    )


def bomb(mib):
    """Return a slice whose deflated data set inflates to so many MiB, in one element that nobody wants."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    elements = ct_elements(study=uid("hostile", "study"), series=uid("hostile", "series"), sop=SOP)
    body = data_set(elements) + element(0x00411000, "OB", b"", length=mib * MIB)
    deflated = packer.compress(body) + b"".join(packer.compress(bytes(MIB)) for _ in range(mib)) + packer.flush()
    meta = file_meta(sop_class=CT_IMAGE_STORAGE, sop=SOP, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    return b"\0" * 128 + b"DICM" + meta + deflated


def repeated_unknown(times):
    """Return private elements under UN, whose VR the makers' dictionary is asked for, the same tags again and again."""
    creator = element(0x00290010, "LO", text("SIEMENS CSA HEADER"))
    return (creator + b"".join(element(0x00291000 + number, "UN", b"ab") for number in range(256))) * times


def nested(times):
    """Return sequences, each of which holds others as deep as the scanner lets them be."""
    opened = element(0x0040A730, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)
    closed = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return element(0x0040A730, "SQ", item(opened * 62 + closed * 62) * times)


KINDS = {
    "240,000 items": lambda: within(element(0x0040A730, "SQ", EMPTY_ITEM * 240_000)),
    "240,000 items of an element": lambda: within(
        element(0x0040A730, "SQ", item(element(0x0040A040, "CS", b"")) * 240_000)
    ),
    "99,000 items": lambda: within(element(0x0040A730, "SQ", EMPTY_ITEM * 99_000)),
    "390,000 elements": lambda: within(private(390_000, "LO", b"")),
    "60,000 elements with a value": lambda: within(private(60_000, "LO", b"ab")),
    "60,000 escaped elements": lambda: within(private(60_000, "LO", b"\x1b(Bab\x1b(B"), charset="\\ISO 2022 IR 87"),
    "190,000 elements without a VR": lambda: within(
        private(190_000, "LO", b"", implicit=True), transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN
    ),
    "unknown elements again and again": lambda: within(repeated_unknown(380)),
    "sequences 63 deep, 700 times": lambda: within(nested(700)),
    "sequences without end": lambda: within(
        (element(0x0040A730, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)) * 20_000
    ),
    "390,000 numbers as text": lambda: within(private(13, "UC", b"1\\" * 30_000) + private(13, "DS", b"1\\" * 30_000)),
    "a million backslashes": lambda: within(element(0x00411000, "UC", b"\\" * MIB)),
    "300,000 names": lambda: within(private(10, "PN", b"=\\" * 30_000)),
    "390,000 floats that are none": lambda: within(private(48, "FD", b"\xff" * 65_528)),
    "a text that grows sixfold": lambda: within(element(0x00411000, "UT", b"\xe9" * MIB)),
    "texts of spaces": lambda: within(b"".join(element(0x00411000 + row, "UT", b" " * MIB) for row in range(8))),
    "texts of control characters": lambda: within(element(0x00411000, "UT", b"\0" * (MIB - 1) + b"a")),
    "texts that no character set has": lambda: within(
        b"".join(element(0x00411000 + row, "UT", b"\xa1" * MIB) for row in range(8)), charset="ISO_IR 127"
    ),
    "330,000 escape sequences": lambda: within(
        element(0x00411000, "UT", b"\x1b(B" * 330_000), charset="\\ISO 2022 IR 87"
    ),
    "390,000 switches to Kanji": lambda: within(
        b"".join(element(0x00411000 + row, "UT", b"\x1b$B0!" * 130_000) for row in range(3)), charset="\\ISO 2022 IR 87"
    ),
    "a character set of 65,000 digits": lambda: within(
        private(30_000, "LO", b"\xe9b"), charset="ISO_IR " + "1" * 65_000
    ),
    "a text of 3 MiB 63 sequences deep": lambda: within(
        (element(0x0040A730, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)) * 62
        + b"".join(element(0x00411000 + row, "UT", b"a" * MIB) for row in range(3))
    ),
    "a text of 3 MiB": lambda: within(element(0x00411000, "UT", b"a" * (3 * MIB))),
    "500 values to jump over": lambda: within(
        b"".join(element(0x00411000 + row, "OB", bytes(70_000)) for row in range(500))
    ),
    "a bomb of 200 MiB": lambda: bomb(200),
    "a bomb of 60 MiB": lambda: bomb(60),
}
"""What is told of each file in a test's output → what makes it."""

MEMORY = (
    "390,000 elements",
    "a text that grows sixfold",
    "390,000 switches to Kanji",
    "a bomb of 200 MiB",
)
"""Those that take most memory."""
