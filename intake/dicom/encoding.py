"""How a data set is encoded: by its transfer syntax, its first bytes, and each element's header (PS3.5 7 and A).

Some writers leave the VR of an element out, some write blanks, `--` or `??`, and some give UN the two-byte length of
older VRs. Each of the three forms leads somewhere else, and only one of them to another element: so what follows tells
how long such an element is.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from intake.dicom.budget import Budget
from intake.dicom.dictionary.transfer_syntaxes import TRANSFER_SYNTAXES
from intake.dicom.streams import Stream

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
NATIVE = frozenset({
    IMPLICIT_LITTLE,
    EXPLICIT_LITTLE,
    EXPLICIT_BIG,
    "1.2.840.10008.1.2.1.99",
    "1.2.840.113619.5.2",
    "1.2.840.10008.1.20",
})  # fmt: skip
"""Transfer syntaxes whose pixel data is not encapsulated."""
IMPLICIT = frozenset({IMPLICIT_LITTLE, "1.2.840.113619.5.2", "1.2.840.10008.1.20"})
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
"""Transfer syntaxes whose whole data set is deflated."""

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Value representations with a length of two bytes (PS3.5 table 7.1-2)."""
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Value representations with two reserved bytes and a length of four (PS3.5 table 7.1-1)."""
PLAIN_LONG_VRS = LONG_VRS - {b"SQ"}
VR_NAMES = {vr: vr.decode() for vr in SHORT_VRS | LONG_VRS}
NONE, UNKNOWN = b"", b"UN"

BEHIND = 0xFFFFFFFF
"""Stands for bytes behind the data set that are no filling."""
UNDEFINED_LENGTH = 0xFFFFFFFF
SHORT_HEADER, LONG_HEADER = 8, 12
"""Bytes of a header with a length of two bytes, or without a VR, and of one with two reserved bytes and four."""

FARTHEST = 64 * 1024 + 12
"""How far an element's length is sought, in bytes: as far as a length of two bytes may lead."""
MOST_AHEAD = 3
"""How many further elements of the same kind are followed to one that states a VR."""
MOST_DOUBTS = 1_000
"""Elements of one file whose length is found out, as by the judge."""
DOUBT = 8
"""Steps of finding one out."""

_DELIMITER_GROUP, _ENDS = 0xFFFE, frozenset({0xE00D, 0xE0DD})

_UNPACK_HEAD = {False: struct.Struct("<HHI").unpack_from, True: struct.Struct(">HHI").unpack_from}
_UNPACK_SHORT = {False: struct.Struct("<H").unpack_from, True: struct.Struct(">H").unpack_from}
_UNPACK_LONG = {False: struct.Struct("<I").unpack_from, True: struct.Struct(">I").unpack_from}
_UNPACK_FORMS = {False: struct.Struct("<HH2sHI").unpack_from, True: struct.Struct(">HH2sHI").unpack_from}
_UNPACK_TAG = {False: struct.Struct("<HH").unpack_from, True: struct.Struct(">HH").unpack_from}


class Encoding(NamedTuple):
    """The encoding of one data set, or of a sequence's items within it."""

    explicit: bool
    big: bool = False

    @property
    def order(self) -> str:
        """The byte order as `struct` writes it."""
        return ">" if self.big else "<"


EXPLICIT = Encoding(explicit=True)
"""Explicit VR little endian, as the file meta information is and most data sets are."""
ITEM_TAGS = {False: b"\xfe\xff\x00\xe0", True: b"\xff\xfe\xe0\x00"}
"""The tag of an item as little and as big endian files have it."""
IMPLICIT_ITEMS = Encoding(explicit=False)
"""Of a sequence that stands under UN: implicit VR little endian whatever surrounds it (PS3.5 6.2.2)."""


@lru_cache(64)
def look_up(transfer_syntax: str) -> Encoding:
    """Return what a transfer syntax says; all young ones are explicit VR little endian."""
    return Encoding(explicit=transfer_syntax not in IMPLICIT, big=transfer_syntax == EXPLICIT_BIG)


@lru_cache(64)
def detect(head: bytes) -> Encoding | None:
    """Return the encoding that a data set's first 8 bytes show, or None where they are no data element."""
    if len(head) < 8:
        return None
    little = int.from_bytes(head[:2], "little")
    big = int.from_bytes(head[:2], "big")
    explicit = head[4:6] in SHORT_VRS or head[4:6] in LONG_VRS
    # A data set starts with a low group (0002 to 0008 in nearly all): read the wrong way round, it is a high one.
    return Encoding(explicit=explicit, big=big < little) if 0 < min(little, big) < 0x100 else None


def is_known(transfer_syntax: str) -> bool:
    return transfer_syntax in TRANSFER_SYNTAXES


def is_retired(transfer_syntax: str) -> bool:
    return is_known(transfer_syntax) and TRANSFER_SYNTAXES[transfer_syntax][1]


def name(transfer_syntax: str) -> str:
    """Return the standard's name, or nothing for an unknown transfer syntax."""
    return TRANSFER_SYNTAXES[transfer_syntax][0] if is_known(transfer_syntax) else ""


class Header(NamedTuple):
    """What stands before a data element's value."""

    tag: int
    vr: bytes
    """Empty where the encoding has none."""
    length: int
    """Of the value in bytes, or UNDEFINED_LENGTH."""
    size: int
    """Of the header itself in bytes."""


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


def is_doubtful(head: Header, buffer: bytes, at: int) -> bool:
    """Say whether the header at `at` of an explicit data set leaves its form open."""
    if head.tag >> 16 == _DELIMITER_GROUP or head.vr in SHORT_VRS:
        return False
    if head.vr == UNKNOWN:
        return buffer[at + 6 : at + 8] != b"\0\0"
    return head.vr not in LONG_VRS


def settle_length(stream: Stream, position: int, head: Header, limit: int, encoding: Encoding) -> Header:
    """Return the header at `position` in the form that leads to another element, or as it is where none does.

    The element must end at `limit`, which is where the data set around it ends, or before it.
    """
    there = min(stream.show(position, FARTHEST), limit - position)
    # What is not there to be seen is either beyond the look, or beyond the end.
    ends = there if there < FARTHEST else limit - position
    at = position - stream.origin
    look = _Look(stream.buffer[at : at + min(there, FARTHEST)], ends, encoding.big)
    forms = sorted(look.forms(0), key=lambda form: form.size != head.size)
    return next((form for form in forms if look.leads(0, form, MOST_AHEAD)), head)


class DoubtfulLengths:
    """The elements of one file that leave open how long they are, as far as a budget goes."""

    def __init__(self, stream: Stream, budget: Budget) -> None:
        self._stream, self._budget = stream, budget
        self._settled = 0

    def settle(self, position: int, head: Header, limit: int, encoding: Encoding) -> Header:
        """Return the header at `position` with the length that is meant, and without a VR that is none."""
        self._budget.step(DOUBT)
        if self._settled >= MOST_DOUBTS:
            return head
        self._settled += 1
        settled = settle_length(self._stream, position, head, limit, encoding)
        # A VR in the long form may be one that the standard has added since.
        return settled if settled.size == LONG_HEADER else settled._replace(vr=NONE)


class _Look:
    """The bytes from a doubtful element on; `ends` is where the data set ends, counted from there."""

    def __init__(self, data: bytes, ends: int, big: bool) -> None:
        self._data, self._ends, self._big = data, ends, big

    def forms(self, at: int) -> list[Header]:
        """Return what the header at `at` may be: one without a VR, with a short length, or with a long one."""
        head = self._data[at : at + LONG_HEADER]
        if len(head) < SHORT_HEADER:
            return []
        group, number, vr, short, long = _UNPACK_FORMS[self._big](head.ljust(LONG_HEADER, b"\0"))
        left_out = int.from_bytes(head[4:8], "big" if self._big else "little")
        tag = group << 16 | number
        forms = [Header(tag, NONE, left_out, SHORT_HEADER), Header(tag, vr, short, SHORT_HEADER)]
        return [*forms, Header(tag, vr, long, LONG_HEADER)] if len(head) == LONG_HEADER else forms

    def leads(self, at: int, form: Header, ahead: int) -> bool:
        """Say whether another element, an item or the end stands where `form` leads."""
        if form.length == UNDEFINED_LENGTH:
            return self._data.startswith(ITEM_TAGS[self._big], at + form.size)
        following = at + form.size + form.length
        if following == self._ends or following + SHORT_HEADER > len(self._data):
            return following == self._ends
        group, number = _UNPACK_TAG[self._big](self._data, following)
        if group == _DELIMITER_GROUP:
            return number in _ENDS
        vr = self._data[following + 4 : following + 6]
        if group << 16 | number <= form.tag:
            return False
        # An element that states no VR either has to lead to one that does.
        return (
            vr in SHORT_VRS
            or vr in LONG_VRS
            or (ahead > 0 and any(self.leads(following, other, ahead - 1) for other in self.forms(following)))
        )
