"""Patterns of data elements as encoded, for the passes that look at many elements at once (PS3.5 7.1)."""

import re
import struct
from collections.abc import Callable

from intake.dicom.encoding import PLAIN_LONG_VRS, SHORT_VRS

Match = Callable[[bytes, int, int], re.Match[bytes] | None]

LONGEST_VALUE = 64
"""Values up to this length are passed by a pattern."""


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


def _skip_group(order: str, *, explicit: bool) -> Match:
    """Return a match for a private group: its length, if any, its first creator, and the elements of that one.

    Its groups are the private group's number, the creator's number and its elements.
    """
    number = struct.Struct(f"{order}{'H' if explicit else 'I'}").pack
    four = re.escape((b"UL" if explicit else b"") + number(4)) + b".{4}"
    creator = b"%b(?:%b)" % (b"LO" if explicit else b"", _lengths(order, 2 if explicit else 4))
    block = rb"([\x10-\xff])"
    first, again = (block + rb"\x00", rb"\1.\2") if order == "<" else (rb"\x00" + block, rb"\1\2.")
    parts = (four, first, creator, again, _body(order, explicit=explicit))
    return re.compile(rb"(?s:(..)(?:\x00\x00%b\1)?%b%b((?:%b%b)*+))" % parts).match


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
