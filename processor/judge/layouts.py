"""Elements of a usual layout, passed at once: what one pattern finds, held against the layouts that came before.

The files of a series, and of a scanner, have the same elements in the same order; only values differ. So whether tags
ascend, value representations are the standard's, and where the kept ones stand, is found out once for each layout.
A layout holds tags and value representations and no value. Whatever is unusual in any way is left to `runs`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from intake.dicom.encoding import PLAIN_LONG_VRS
from processor.judge import tags
from processor.judge.attributes import ABSENT, BY_TAG, KEPT
from processor.judge.order import Order
from processor.judge.patterns import BODY, HEAD, REST, STRETCHES
from processor.judge.runs import RESERVED, Values

LOOK = 8 * 1024
"""How much of a buffer is passed at once: most headers as a whole."""
FEWEST = 5
"""Elements that are worth it."""
LAYOUTS_KEPT = 256
LONGEST = 4 * 1024
"""Bytes of the heads of a layout that is kept, so that hostile files cannot fill the memory."""


class Layout(NamedTuple):
    """What is known of a stretch of elements by their tags and value representations."""

    first: int
    """The first tag; of a private group, the number before its first."""
    last: int
    """The last tag; of a private group, the highest that it could have."""
    kept: tuple[int, ...]
    """The tags of kept elements, and how to pick their values out of all."""
    pick: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]


def pass_usual(buffer: bytes, at: int, stop: int, values: Values, state: Order) -> int:
    """Pass elements of a usual layout and take the kept values; return where they end, which is at `at` for none."""
    explicit, big = state.encoding
    if big:
        return at
    stop = min(stop, at + LOOK)
    found = STRETCHES[explicit](buffer, at, stop)
    # Only what follows shows that the last private group has ended.
    if len(found) < FEWEST or not (rest := found[-1][REST]):
        return at
    columns = list(zip(*found))  # noqa: B905 - faster
    heads = b"".join(columns[HEAD])
    layout = layout_of(heads, explicit) if len(heads) <= LONGEST else None
    if layout is None or layout.first <= state.last:
        return at
    length_bytes = 2 if explicit else 4
    kept = [body[length_bytes:] for body in layout.pick(columns[BODY])]
    if ABSENT in kept:
        return at
    values.update(zip(layout.kept, kept))  # noqa: B905 - `pick` returns more
    state.last = layout.last
    state.fence = layout.last + 1
    return stop - len(rest)


@lru_cache(LAYOUTS_KEPT)
def layout_of(heads: bytes, explicit: bool) -> Layout | None:
    """Return what a stretch of elements is like, or None if anything about it is not as it should be."""
    first, last, kept = 0, 0, dict[int, int]()
    for place, (tag, vr) in enumerate(_parsed(heads, explicit=explicit)):
        if tag <= last or tag in tags.STOPS or tag >> 16 in RESERVED:
            return None
        if tag in KEPT:
            kept[tag] = place
            if explicit and vr != BY_TAG[tag].vr.encode():
                return None
        first = first or tag
        last = tag | 0xFFFF if tag & 0x10000 else tag
    # `zip` drops the last two: itemgetter returns no tuple for one place, and takes no none.
    return Layout(first, last, tuple(kept), itemgetter(*kept.values(), 0, 0))


def _parsed(heads: bytes, *, explicit: bool) -> Iterator[tuple[int, bytes]]:
    """Return tags and VRs; of a private group, the tag before its first."""
    at = 0
    while at < len(heads):
        group = int.from_bytes(heads[at : at + 2], "little")
        if group & 1:
            yield group << 16, b""
            at += 2
            continue
        vr = heads[at + 4 : at + 6] if explicit else b""
        yield group << 16 | int.from_bytes(heads[at + 2 : at + 4], "little"), vr
        at += 4 if not explicit else 8 if vr in PLAIN_LONG_VRS else 6
