"""Patterns of data elements as encoded, for the passes that look at many elements at once (PS3.5 7.1)."""

import re
import struct
from collections.abc import Callable

from intake.dicom.encoding import PLAIN_LONG_VRS, SHORT_VRS

Match = Callable[[bytes, int, int], re.Match[bytes] | None]
Find = Callable[[bytes, int, int], list[tuple[bytes, ...]]]

LONGEST_VALUE = 64
"""Values up to this length are passed by a pattern."""
EVEN, ODD = (b"[%b]" % b"".join(re.escape(bytes([byte])) for byte in range(first, 256, 2)) for first in (0, 1))
"""One byte of a group's number: public groups are even, private ones odd (PS3.5 7.8)."""


def _lengths(order: str, size: int, check: bytes = b"") -> bytes:
    """Return a pattern for a length of `size` bytes up to LONGEST_VALUE and as many bytes."""
    even = range(0, LONGEST_VALUE + 1, 2)
    pack = struct.Struct(f"{order}{'H' if size == 2 else 'I'}").pack
    return b"|".join(re.escape(pack(n)) + check * (n >= 8) + b".{%d}" % n for n in even)


def _letters(vrs: frozenset[bytes]) -> bytes:
    """Return a pattern for VRs, by their first letter: fewer alternatives are faster."""
    firsts = {vr[:1]: b"".join(sorted(other[1:] for other in vrs if other[:1] == vr[:1])) for vr in sorted(vrs)}
    return b"|".join(b"%b[%b]" % entry for entry in firsts.items())


def _body(order: str, *, explicit: bool) -> bytes:
    """Return a pattern for what follows an element's tag: its VR, its length and its value, which is no item."""
    if explicit:
        short, long = _letters(SHORT_VRS), _letters(PLAIN_LONG_VRS)
        return rb"(?:(?:%b)(?:%b)|(?:%b)\0\0(?:%b))" % (short, _lengths(order, 2), long, _lengths(order, 4))
    item = re.escape(struct.pack(f"{order}HH", 0xFFFE, 0xE000))
    return b"(?:%b)" % _lengths(order, 4, b"(?!%b)" % item)


def _skip(order: str, *, explicit: bool) -> Match:
    """Return a match for an element and those of the same private block behind it: group and block stay the same."""
    body = _body(order, explicit=explicit)
    first, again = (b"(..).(.)", rb"\1.\2") if order == "<" else (b"(...).", rb"\1.")
    return re.compile(b"(?s:%b%b(?:%b%b)*+)" % (first, body, again, body)).match


def _one_creator(order: str, group: int, *, explicit: bool) -> bytes:
    """Return a pattern for a private group: its length, if any, its first creator, and the elements of that one.

    It goes behind the group's number, which must be group `group` of the pattern. Its own two groups are the creator's
    number and its elements.
    """
    number = struct.Struct(f"{order}{'H' if explicit else 'I'}").pack
    four = re.escape((b"UL" if explicit else b"") + number(4)) + b".{4}"
    creator = b"%b(?:%b)" % (b"LO" if explicit else b"", _lengths(order, 2 if explicit else 4))
    block = rb"([\x10-\xff])"
    first, again = (block + rb"\x00", rb"\%d.\%d") if order == "<" else (rb"\x00" + block, rb"\%d\%d.")
    body = _body(order, explicit=explicit)
    parts = (four, group, first, creator, again % (group, group + 1), body)
    return rb"(?:\x00\x00%b\%d)?%b%b((?:%b%b)*+)" % parts


def _skip_group(order: str, *, explicit: bool) -> Match:
    """Return a match for a private group up to its first creator's last element: group 2 is the creator's number."""
    return re.compile(b"(?s:(..)%b)" % _one_creator(order, 1, explicit=explicit)).match


def _stretch(*, explicit: bool) -> Find:
    """Return what finds elements, one behind the other, and at the first that is none such all the rest.

    A public element is its HEAD (tag and VR) and its BODY (length and value). A private group of one creator is found
    as a whole, with its number as its head.
    """
    short, long = _letters(SHORT_VRS), _letters(PLAIN_LONG_VRS)
    head = rb"%b...(?:%b|(?:%b)\x00\x00)" % (EVEN, short, long) if explicit else rb"%b..." % EVEN
    by_head = rb"(?<=[A-Z])(?:%b)|(?<=\x00)(?:%b)" % (_lengths("<", 2), _lengths("<", 4))
    body = by_head if explicit else _body("<", explicit=False)
    private = _one_creator("<", 2, explicit=explicit)
    return re.compile(rb"(?s:(%b|(%b.))(?(2)%b(?!\2)|(%b))|(.+))" % (head, ODD, private, body)).findall


HEAD, BODY, REST = 0, 4, 5
"""Where the parts stand in what a stretch's pattern finds."""
GROUP_SKIPS = {
    (explicit, big): _skip_group(">" if big else "<", explicit=explicit)
    for explicit in (True, False)
    for big in (True, False)
}
SKIPS = {
    (explicit, big): _skip(">" if big else "<", explicit=explicit)
    for explicit in (True, False)
    for big in (True, False)
}
STRETCHES = {explicit: _stretch(explicit=explicit) for explicit in (True, False)}
"""Of little endian data sets: the other byte order is retired, and rare."""
