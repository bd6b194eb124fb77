"""Walking through a data set up to its pixels, and what it says of them on the way (PS3.3 C.7.6.3)."""

import re
from array import array
from collections.abc import Iterator
from sys import byteorder
from typing import Literal

from intake.dicom import encoding
from intake.dicom.boundaries import PIXELS
from intake.dicom.budget import Budget
from intake.dicom.encoding import UNDEFINED_LENGTH, read_delimiter
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.events import Event, Kind
from intake.dicom.pixels.model import DOUBLE_PIXELS, FLOAT_PIXELS, GE_BIG_PIXELS, NoPixelsError, PixelDescription
from intake.dicom.reader import Opened
from intake.dicom.scanner import ITEM, Scanner
from intake.dicom.streams import Stream, take_bytes

SAMPLES, PHOTOMETRIC, PLANAR, FRAMES, ROWS, COLUMNS = 0x280002, 0x280004, 0x280006, 0x280008, 0x280010, 0x280011
BITS_ALLOCATED, BITS_STORED, HIGH_BIT, REPRESENTATION = 0x280100, 0x280101, 0x280102, 0x280103
EXTENDED_OFFSETS, EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002

_NUMBERS = frozenset({SAMPLES, PLANAR, ROWS, COLUMNS, BITS_ALLOCATED, BITS_STORED, HIGH_BIT, REPRESENTATION})
_WANTED = _NUMBERS | {PHOTOMETRIC, FRAMES}
_ALL_FRAMES = re.compile(r"\+?([0-9]{1,12})(?:\.0)?", re.ASCII)
LONGEST_VALUE = 64
"""Bytes of a value that describes pixels; the longest that the standard knows has 16."""
LARGEST_TABLE = 2 * 1024 * 1024
"""Bytes of an offset table that is read, for a quarter of a million frames and more; behind a larger one, items are
walked."""
LONG_SEQUENCE = 16 * 1024
"""Bytes of a sequence that is jumped over, where its end is known."""


class HeaderWalk:
    """One walk over a data set, up to its pixels."""

    def __init__(self, opened: Opened, budget: Budget, *, jumping: bool) -> None:
        """With `jumping`, long sequences are not looked into: only damage or a lie in them makes a difference."""
        self._opened, self._jumping, self._budget = opened, jumping, budget
        self._scanner = _JumpingScanner(opened.stream, opened.start, opened.encoding, budget)
        self._values: dict[int, bytes] = {}
        self._tables: dict[int, array[int]] = {}

    def find(self) -> PixelDescription:
        """Return what the data set says of its pixels. Raises NoPixelsError, and what a scanner raises."""
        for event in self._iterate_outermost():
            if event.tag in PIXELS:
                return self._describe(event)
            if event.kind is Kind.ELEMENT and event.tag in _WANTED and event.length <= LONGEST_VALUE:
                # Of an element that stands twice the first value counts, as for the judge.
                self._values.setdefault(event.tag, self._scanner.value(event))
            elif event.kind is Kind.ELEMENT and event.tag in {EXTENDED_OFFSETS, EXTENDED_LENGTHS}:
                self._read_table(event)
        raise NoPixelsError("there is no pixel data")

    def extended_tables(self) -> tuple["array[int]", "array[int]"]:
        """Return offsets and lengths of the extended offset table: empty where they are not of one size."""
        offsets, lengths = (self._tables.get(tag, array("Q")) for tag in (EXTENDED_OFFSETS, EXTENDED_LENGTHS))
        return (offsets, lengths) if len(offsets) == len(lengths) else (array("Q"), array("Q"))

    def _iterate_outermost(self) -> Iterator[Event]:
        depth = 0
        for event in self._scanner.events():
            if event.kind is Kind.DAMAGED:
                depth = self._scanner.count_open()
            elif event.kind is Kind.END:
                depth -= 1
            else:
                if not depth:
                    yield event
                if event.kind in {Kind.SEQUENCE, Kind.ITEM, Kind.FRAGMENTS}:
                    depth += 1
                if event.kind is Kind.SEQUENCE and self._jumping and LONG_SEQUENCE < event.length < UNDEFINED_LENGTH:
                    self._scanner.skip()

    def _read_table(self, event: Event) -> None:
        if event.tag in self._tables or event.length > LARGEST_TABLE or event.length % 8:
            return
        if event.tag == EXTENDED_OFFSETS:
            # The lengths behind it are as many, and are read with it.
            self._opened.stream.show(event.start, 2 * event.length + 64)
        self._tables[event.tag] = read_numbers("Q", self._scanner.value(event), big=event.encoding.big)

    def _describe(self, event: Event) -> PixelDescription:
        if event.kind not in {Kind.ELEMENT, Kind.FRAGMENTS}:
            raise UnreadableDataSetError(f"the pixel data at byte {event.start} is a sequence")
        order: Literal["big", "little"] = "big" if self._opened.encoding.big else "little"
        numbers = {tag: int.from_bytes(self._values.get(tag, b"")[:2], order) for tag in _NUMBERS}
        syntax = self._opened.transfer_syntax
        bits = {FLOAT_PIXELS: 32, DOUBLE_PIXELS: 64}.get(event.tag, numbers[BITS_ALLOCATED])
        return PixelDescription(
            transfer_syntax=syntax,
            rows=numbers[ROWS],
            columns=numbers[COLUMNS],
            samples=numbers[SAMPLES],
            planar=numbers[PLANAR] if self._values.get(PLANAR) else None,
            photometric=self._read_text(PHOTOMETRIC),
            bits_allocated=bits,
            bits_stored=numbers[BITS_STORED],
            high_bit=numbers[HIGH_BIT],
            signed=bool(numbers[REPRESENTATION]),
            frames=_parse_frames(self._read_text(FRAMES)),
            tag=event.tag,
            vr=_settle_vr(event, bits),
            big=event.encoding.big or syntax == GE_BIG_PIXELS,
            encapsulated=event.kind is Kind.FRAGMENTS,
            deflated=syntax in encoding.DEFLATED,
            start=event.start,
            length=event.length if event.kind is Kind.ELEMENT else 0,
        )

    def _read_text(self, tag: int) -> str:
        return self._values.get(tag, b"").decode("latin-1").strip("\0 ")


class _JumpingScanner(Scanner):
    """A scanner that can be told to pass over what it has entered."""

    def skip(self) -> None:
        """Go to the end of the sequence of known length whose event was the last one. Raises as `events`."""
        self._pass(self._levels[-1].limit)

    def count_open(self) -> int:
        """Return how many sequences and items are open."""
        return len(self._levels) - 1


def _settle_vr(event: Event, bits: int) -> str:
    """Return the VR of pixels. Without one they are words (PS3.5 A.1), which those of eight bits are in files too."""
    if event.tag == FLOAT_PIXELS:
        return "OF"
    if event.tag == DOUBLE_PIXELS:
        return "OD"
    if event.vr in {"OB", "OW"}:
        return event.vr
    return "OW" if event.kind is Kind.ELEMENT and (bits > 8 or "OW" in event.vr) else "OB"


def _parse_frames(text: str) -> int:
    """Return the number of frames: 1 where none is stated, or what is no number."""
    found = _ALL_FRAMES.fullmatch(text.split("\\", maxsplit=1)[0].strip())
    return (int(found[1]) if found else 1) or 1


def read_basic_offsets(stream: Stream, start: int, *, big: bool) -> tuple[int, "array[int]"]:
    """Return where the items behind the basic offset table begin, and the table (PS3.5 A.4).

    It is empty where it is too large. Raises UnreadableDataSetError where no item stands, and what the stream raises.
    """
    head = take_bytes(stream, start, 8)
    tag, length = read_delimiter(head, 0, encoding.Encoding(explicit=True, big=big)) if len(head) == 8 else (0, 0)
    behind = start + 8 + length
    if tag != ITEM or length == UNDEFINED_LENGTH or not stream.holds(behind):
        raise UnreadableDataSetError(f"no offset table stands at byte {start}")
    if length % 4 or length > LARGEST_TABLE:
        return behind, array("Q")
    # The first item's header is read with it.
    table = take_bytes(stream, start + 8, length + 8)[:length]
    return behind, array("Q", read_numbers("I", table, big=big))


def read_numbers(form: Literal["I", "Q"], value: bytes, *, big: bool) -> "array[int]":
    """Return the whole numbers that a value holds, of four or of eight bytes."""
    numbers = array(form, value)
    if big != (byteorder == "big"):
        numbers.byteswap()
    return numbers
