"""Fast passes over whole items of a sequence and all that is nested in them (PS3.5 7.5).

Multi-frame objects have dozens of sequences for each frame, and structure sets thousands of contours. What is usual
among them is passed in one loop; at what is unusual in any way the pass stops before the item that holds it, and
leaves it to the walker. So it never passes what the walker would not.
"""

import struct
from typing import NamedTuple

from intake.dicom.encoding import ITEM_TAGS, PLAIN_LONG_VRS, SHORT_VRS, UNDEFINED_LENGTH, Encoding

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


# One loop, without calls: faster.
def pass_items(buffer: bytes, at: int, stop: int, encoding: Encoding, room: int) -> Passed:  # noqa: C901, PLR0912, PLR0915
    """Pass the items at `at` that lie in the buffer before `stop`, and nest no more than `room` levels.

    Levels take turns: items, and the elements of one. Each has its end, or UNENDED where a delimiter tells.
    """
    if encoding.big:
        return Passed(at, at, 0, 0, 0)
    explicit, short, long = encoding.explicit, _SHORT, _LONG
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
            start = at + 8
            if of_items:
                tag, length = _TAG_AND_LENGTH(buffer, at)
                opens = tag == _ITEM
                if not opens and tag != _SEQUENCE_END:
                    break
                items += opens
            elif explicit:
                group, number, vr, short_length, length = _EXPLICIT(buffer, at)
                elements += 1
                if group == 0xFFFE:
                    if number != 0xE00D:
                        break
                    opens = False
                elif vr in short:
                    at = start + short_length
                    if at > limit:
                        break
                    continue
                elif vr == _SQ:
                    start += 4
                    sequences += 1
                    opens = True
                elif vr in long and not short_length and length != UNDEFINED_LENGTH:
                    at = start + 4 + length
                    if at > limit:
                        break
                    continue
                else:
                    break
            else:
                tag, length = _TAG_AND_LENGTH(buffer, at)
                elements += 1
                opens = tag & 0xFFFF != 0xFFFE
                # A value that starts with an item is a sequence.
                if opens and length != UNDEFINED_LENGTH and not (length >= 8 and buffer.startswith(_ITEM_TAG, start)):
                    at = start + length
                    if at > limit:
                        break
                    continue
                if tag == _PIXEL_DATA or not (opens or tag == _ITEM_END):
                    break
                sequences += opens
            if opens:
                if len(levels) >= room:
                    break
                at = start
                levels.append((end, limit))
                of_items = not of_items
                end = at + length if length != UNDEFINED_LENGTH else UNENDED
                if end > limit:
                    break
                limit = end if end != UNENDED else limit
                continue
            if end != UNENDED or not levels:
                break
            at = start
        end, limit = levels.pop() if levels else (UNENDED, stop)
        of_items = not of_items
        if not levels:
            done = Passed(at, at, elements, items, sequences)
    return done._replace(reached=min(at, stop))
