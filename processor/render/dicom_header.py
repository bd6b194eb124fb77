"""What a DICOM header says of how its image is drawn: the bytes of a few elements, for the child to make sense of.

They are found by the project's own scanner, within a budget. Nothing is decoded here.
"""

from dataclasses import dataclass, field
from typing import Any

from intake.dicom.boundaries import PIXELS
from intake.dicom.encoding import UNDEFINED_LENGTH
from intake.dicom.events import Event, Kind
from intake.dicom.scanner import Scanner

Elements = dict[str, Any]
"""Eight hexadecimal digits of a tag → the value's bytes as Latin-1, or the elements of the one item that counts."""

NUMBER_OF_FRAMES, DOCUMENT, FRAME_GROUPS = 0x00280008, 0x00420011, 0x52009230
VALUES = frozenset({
    0x00181164, 0x00182010, 0x00280030, 0x00280034, 0x00280120, 0x00280121, 0x00281050, 0x00281051, 0x00281052,
    0x00281053, 0x00281056, 0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203, 0x00281221,
    0x00281222, 0x00281223, 0x00283002, 0x00283006, 0x20500020, NUMBER_OF_FRAMES,
})  # fmt: skip
"""Spacing, aspect ratio, padding, window, rescaling, palettes, lookup tables, and the presentation's shape."""
SEQUENCES = frozenset({0x00283000, 0x00283010, 0x00289110, 0x00289132, 0x00289145, 0x52009229, FRAME_GROUPS})
"""Lookup tables, and the functional groups that hold the like of single frames. Of others nothing is wanted."""
LONGEST = 128 * 1024 + 2
"""Bytes of a value: a table of 65,536 words."""
MOST = 1024 * 1024
"""Bytes of all values."""


@dataclass(slots=True)
class Header:
    """What was found before the pixels."""

    elements: Elements = field(default_factory=dict)
    big: bool = False
    """Words of values are big endian."""
    document: tuple[int, int] | None = None
    """Where an encapsulated document lies: offset and length."""


@dataclass(slots=True)
class _Open:
    """A sequence or an item that has not ended."""

    around: Elements | None
    """Elements that are collected around it, or None where nothing is."""
    defined: bool
    items: int = 0
    """Items that a sequence has had."""
    tag: int = 0
    """Of a sequence that is wanted."""


def read_header(scanner: Scanner, frame: int | None) -> Header:
    """Return what a data set says before its pixels. `frame`, from 1, is the one that is drawn; None: the middle one.

    Raises TooCostlyError, UnreadableDataSetError, and what the scanner's source raises.
    """
    walk = _Walk(scanner, frame)
    for event in scanner.events():
        if event.tag in PIXELS and not walk.path:
            break
        walk.step(event)
    return walk.header


def middle_frame(frames: int) -> int:
    """Return the number, from 1, of the frame that stands for all."""
    return frames // 2 + 1 if frames > 1 else 1


class _Walk:
    def __init__(self, scanner: Scanner, frame: int | None) -> None:
        self._scanner, self._frame = scanner, frame
        self.header, self.path, self._left = Header(), [], MOST  # type: Header, list[_Open], int
        self._node: Elements | None = self.header.elements

    def step(self, event: Event) -> None:
        match event.kind:
            case Kind.ELEMENT:
                self._keep(event)
            case Kind.SEQUENCE | Kind.FRAGMENTS:
                wanted = event.tag if self._node is not None and event.tag in SEQUENCES else 0
                self.path.append(_Open(self._node, event.length != UNDEFINED_LENGTH, tag=wanted))
                self._node = None
            case Kind.ITEM:
                self._enter_item(event)
            case Kind.END:
                self._node = self.path.pop().around
            case Kind.DAMAGED:
                depth = next(depth for depth, each in enumerate(self.path) if each.defined)
                self._node = self.path[depth].around
                del self.path[depth:]
            case Kind.FRAGMENT:
                pass

    def _enter_item(self, event: Event) -> None:
        sequence = self.path[-1]
        self.path.append(_Open(None, event.length != UNDEFINED_LENGTH))
        wanted = self._find_frame() if sequence.tag == FRAME_GROUPS else 1
        sequence.items += 1
        if sequence.tag and sequence.around is not None and sequence.items == wanted:
            self._node = sequence.around.setdefault(f"{sequence.tag:08x}", {})

    def _find_frame(self) -> int:
        if self._frame is None:
            stated = self.header.elements.get(f"{NUMBER_OF_FRAMES:08x}", "").strip(" \0")
            self._frame = middle_frame(int(stated)) if stated.isdecimal() and len(stated) < 10 else 1
        return self._frame

    def _keep(self, event: Event) -> None:
        if event.tag == DOCUMENT and not self.path:
            self.header.document = event.start, event.length
        name = f"{event.tag:08x}"
        if self._node is None or event.tag not in VALUES or name in self._node or event.length > LONGEST:
            return
        self._left -= event.length
        if self._left >= 0:
            self._node[name] = self._scanner.value(event).decode("latin-1")
            self.header.big = event.encoding.big
