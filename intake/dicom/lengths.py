"""The length of an element that states no value representation of the standard: what follows tells which one is meant.

Some writers leave the VR out, some write blanks, `--` or `??`, and some give UN the two-byte length of older VRs. Each
of the three forms (PS3.5 7.1) leads somewhere else, and only one of them to another element.
"""

import struct

from intake.dicom.budget import Budget
from intake.dicom.elements import LONG_HEADER, SHORT_HEADER, UNDEFINED_LENGTH, Header
from intake.dicom.encoding import ITEM_TAGS, LONG_VRS, SHORT_VRS, Encoding
from intake.dicom.streams import Stream

FARTHEST = 64 * 1024 + 12
"""How far is looked, in bytes: as far as a length of two bytes may lead."""
NONE, UNKNOWN = b"", b"UN"
MOST_AHEAD = 3
"""How many further elements of the same kind are followed to one that states a VR."""
MOST_DOUBTS = 1_000
"""Elements of one file whose length is found out, as by the judge."""
DOUBT = 8
"""Steps of finding one out."""
_DELIMITER_GROUP, _ENDS = 0xFFFE, frozenset({0xE00D, 0xE0DD})

_HEAD = {False: struct.Struct("<HH2sHI").unpack_from, True: struct.Struct(">HH2sHI").unpack_from}
_TAG = {False: struct.Struct("<HH").unpack_from, True: struct.Struct(">HH").unpack_from}


def is_doubtful(head: Header, buffer: bytes, at: int) -> bool:
    """Say whether the header at `at` of an explicit data set leaves its form open."""
    if head.tag >> 16 == _DELIMITER_GROUP or head.vr in SHORT_VRS:
        return False
    if head.vr == UNKNOWN:
        return buffer[at + 6 : at + 8] != b"\0\0"
    return head.vr not in LONG_VRS


def settle(stream: Stream, position: int, head: Header, limit: int, encoding: Encoding) -> Header:
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


class Doubts:
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
        settled = settle(self._stream, position, head, limit, encoding)
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
        group, number, vr, short, long = _HEAD[self._big](head.ljust(LONG_HEADER, b"\0"))
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
        group, number = _TAG[self._big](self._data, following)
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
