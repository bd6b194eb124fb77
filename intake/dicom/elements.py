"""One data element's header (PS3.5 7.1); `runs` passes over many at once."""

import struct
from typing import NamedTuple

from intake.dicom.encoding import LONG_VRS, SHORT_VRS, Encoding

BEHIND = 0xFFFFFFFF
"""Stands for bytes behind the data set that are no filling."""
UNDEFINED_LENGTH = 0xFFFFFFFF
SHORT_HEADER, LONG_HEADER = 8, 12
"""Bytes of a header with a length of two bytes, or without a VR, and of one with two reserved bytes and four."""


class Header(NamedTuple):
    """What stands before a data element's value."""

    tag: int
    vr: bytes
    """Empty where the encoding has none."""
    length: int
    """Of the value in bytes, or UNDEFINED_LENGTH."""
    size: int
    """Of the header itself in bytes."""


_UNPACK_HEAD = {False: struct.Struct("<HHI").unpack_from, True: struct.Struct(">HHI").unpack_from}
_UNPACK_SHORT = {False: struct.Struct("<H").unpack_from, True: struct.Struct(">H").unpack_from}
_UNPACK_LONG = {False: struct.Struct("<I").unpack_from, True: struct.Struct(">I").unpack_from}


def read_delimiter(buffer: bytes, at: int, encoding: Encoding) -> tuple[int, int]:
    """Return tag and length of an item, or of a delimiter, whose eight bytes must be there."""
    group, number, length = _UNPACK_HEAD[encoding.big](buffer, at)
    return group << 16 | number, length


def header(buffer: bytes, at: int, stop: int, encoding: Encoding) -> Header | None:
    """Return the element header at `at`, of which at least 8 bytes must be there, or None where it is cut off."""
    group, number, length = _UNPACK_HEAD[encoding.big](buffer, at)
    tag = group << 16 | number
    if group == 0xFFFE or not encoding.explicit:
        return Header(tag, b"", length, 8)
    vr = buffer[at + 4 : at + 6]
    if vr in SHORT_VRS:
        return Header(tag, vr, _UNPACK_SHORT[encoding.big](buffer, at + 6)[0], 8)
    if vr in LONG_VRS or (vr.isalpha() and vr.isupper()):
        # A VR that is not known has the long form: the standard gives it to every VR that it adds (PS3.5 7.1.2).
        return Header(tag, vr, _UNPACK_LONG[encoding.big](buffer, at + 8)[0], 12) if stop - at >= 12 else None
    # Some writers leave the VR out here and there: such an element is read as an implicit one.
    return Header(tag, b"", length, 8)
