"""Fast passes over whole items of a sequence and all that is nested in them (PS3.5 7.5).

Multi-frame objects have dozens of sequences for each frame, and structure sets thousands of contours. What is usual
among them is passed in one loop; at what is unusual in any way the pass stops before the item that holds it, and
leaves it to the walker. So it never passes what the walker would not.
"""

import struct
from typing import NamedTuple

from intake.dicom.elements import UNDEFINED_LENGTH
from intake.dicom.encoding import ITEM_TAGS, PLAIN_LONG_VRS, SHORT_VRS, Encoding

_SHORT = frozenset(int.from_bytes(vr, "little") for vr in SHORT_VRS)
_LONG = frozenset(int.from_bytes(vr, "little") for vr in PLAIN_LONG_VRS)
_SQ = int.from_bytes(b"SQ", "little")
_EXPLICIT = struct.Struct("<HHHHI").unpack_from
_TAG_AND_LENGTH = struct.Struct("<II").unpack_from
_ITEM, _ITEM_END, _SEQUENCE_END = 0xE000FFFE, 0xE00DFFFE, 0xE0DDFFFE
"""Tags of delimiters as the four bytes are read at once."""
_PIXEL_DATA = 0x00107FE0
_ITEM_TAG = ITEM_TAGS[False]
HEAD = 12
UNENDED = -1


class Passed(NamedTuple):
    """What was passed: whole items, and what they hold."""

    end: int
    """Behind the last of them."""
    reached: int
    """How far was looked: there is no sense in another pass before."""
    elements: int
    items: int
    sequences: int


def pass_items(buffer: bytes, at: int, stop: int, encoding: Encoding, room: int) -> Passed:
    """Pass the items at `at` that lie in the buffer before `stop`, and nest no more than `room` levels."""
    if encoding.big:
        return Passed(at, at, 0, 0, 0)
    return _pass_explicit(buffer, at, stop, room) if encoding.explicit else _pass_implicit(buffer, at, stop, room)


# One loop, without calls: faster.
def _pass_explicit(buffer: bytes, at: int, stop: int, room: int) -> Passed:  # noqa: C901, PLR0912, PLR0915
    """Levels take turns: items, and the elements of one. Each has its end, or UNENDED where a delimiter tells."""
    short, long = _SHORT, _LONG
    last = min(stop, len(buffer)) - HEAD
    levels: list[tuple[int, int]] = []
    of_items, end, limit = True, UNENDED, stop
    elements = items = sequences = 0
    done = Passed(at, at, 0, 0, 0)
    while True:
        if at == end:
            pass
        elif at > last:
            break
        elif of_items:
            tag, length = _TAG_AND_LENGTH(buffer, at)
            if tag == _ITEM and len(levels) < room:
                items += 1
                at += 8
                levels.append((end, limit))
                of_items = False
                end = at + length if length != UNDEFINED_LENGTH else UNENDED
                if end > limit:
                    break
                limit = end if end != UNENDED else limit
                continue
            if tag != _SEQUENCE_END or end != UNENDED or not levels:
                break
            at += 8
        else:
            group, number, vr, length, long_length = _EXPLICIT(buffer, at)
            elements += 1
            if vr in short and group != 0xFFFE:
                at += 8 + length
                if at > limit:
                    break
                continue
            if vr in long and not length and group != 0xFFFE and long_length != UNDEFINED_LENGTH:
                at += 12 + long_length
                if at > limit:
                    break
                continue
            if vr == _SQ and group != 0xFFFE and len(levels) < room:
                sequences += 1
                at += 12
                levels.append((end, limit))
                of_items = True
                end = at + long_length if long_length != UNDEFINED_LENGTH else UNENDED
                if end > limit:
                    break
                limit = end if end != UNENDED else limit
                continue
            if group != 0xFFFE or number != 0xE00D or end != UNENDED:
                break
            at += 8
        end, limit = levels.pop() if levels else (UNENDED, stop)
        of_items = not of_items
        if not levels:
            done = Passed(at, at, elements, items, sequences)
    return done._replace(reached=min(at, stop))


def _pass_implicit(buffer: bytes, at: int, stop: int, room: int) -> Passed:  # noqa: C901 - as above
    last = min(stop, len(buffer)) - HEAD
    levels: list[tuple[int, int]] = []
    of_items, end, limit = True, UNENDED, stop
    elements = items = sequences = 0
    done = Passed(at, at, 0, 0, 0)
    while True:
        if at == end:
            pass
        elif at > last:
            break
        else:
            tag, length = _TAG_AND_LENGTH(buffer, at)
            defined = length != UNDEFINED_LENGTH
            elements += not of_items
            at += 8
            opens = tag == _ITEM if of_items else tag & 0xFFFF != 0xFFFE
            if opens and not of_items and defined and not (length >= 8 and buffer.startswith(_ITEM_TAG, at)):
                at += length
                if at > limit:
                    break
                continue
            if opens:
                if len(levels) >= room or tag == _PIXEL_DATA:
                    break
                items += of_items
                sequences += not of_items
                levels.append((end, limit))
                of_items = not of_items
                end = at + length if defined else UNENDED
                if end > limit:
                    break
                limit = end if defined else limit
                continue
            if tag != (_SEQUENCE_END if of_items else _ITEM_END) or end != UNENDED or not levels:
                break
        end, limit = levels.pop() if levels else (UNENDED, stop)
        of_items = not of_items
        if not levels:
            done = Passed(at, at, elements, items, sequences)
    return done._replace(reached=min(at, stop))
