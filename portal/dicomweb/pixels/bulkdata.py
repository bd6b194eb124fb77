"""Values that metadata leave out, by their addresses: the path of tags and item numbers that leads to them.

`7FE00010` is the pixel data; `00400275.2.00091001` an element within the second item of a sequence.
"""

from typing import Final, NamedTuple

from intake.dicom.boundaries import PIXELS
from intake.dicom.encoding import UNDEFINED_LENGTH
from intake.dicom.events import Event, Kind
from intake.dicom.pixels.native import swap_words
from intake.dicom.reader import scan
from intake.dicom.scanner import Scanner
from intake.errors import NotFoundError
from intake.files.model import FileRecord
from portal.dicomweb.pixels.frames import (
    MOST_FRAMES,
    ObjectSource,
    budget,
    offer_image,
    open_image,
    read_frames,
    reading,
)
from portal.dicomweb.pixels.negotiation import OCTETS, Offer
from portal.dicomweb.wado import AS_A_FILE, LARGEST_MESSAGE, require_stored
from portal.errors import RetrievalTooLargeError
from portal.services import Services

PATH = r"^[0-9A-F]{8}(\.[1-9][0-9]{0,8}\.[0-9A-F]{8}){0,64}$"
FRAME_BY_FRAME = "Ask for the image's frames."
WIDTHS: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
"""Bytes of a word, which the byte order turns round."""


class BulkData(NamedTuple):
    """A value's bytes: one part, or a part for each frame of an encapsulated image."""

    offer: Offer
    parts: list[bytes]


class _Walk:
    """Where a walk through a data set stands: tags of the sequences and numbers of the items that are open."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._defined: list[bool] = []
        """Of each place, whether its end was known beforehand."""
        self._items: list[int] = []
        """How many items each sequence had that is open."""

    def is_at(self, places: list[int]) -> bool:
        return self._places == places

    def step(self, event: Event) -> None:
        """Follow an event into or out of a sequence."""
        if event.kind in {Kind.SEQUENCE, Kind.FRAGMENTS}:
            self._enter(event.tag, event)
            self._items.append(0)
        elif event.kind is Kind.ITEM:
            self._items[-1] += 1
            self._enter(self._items[-1], event)
        elif event.kind is Kind.END:
            self._leave(len(self._places) - 1)
        elif event.kind is Kind.DAMAGED:
            self._leave(self._defined.index(True))

    def _enter(self, place: int, event: Event) -> None:
        self._places.append(place)
        self._defined.append(event.length != UNDEFINED_LENGTH)

    def _leave(self, depth: int) -> None:
        """Leave all places from a depth on. Sequences and items take turns, a sequence first."""
        del self._places[depth:], self._defined[depth:], self._items[-(-depth // 2) :]


def read_bulk_data(services: Services, record: FileRecord, path: str) -> BulkData:
    """Return a value. Raises NotFoundError, RetrievalTooLargeError, InstanceUnreadableError."""
    if "." not in path and int(path, 16) in PIXELS:
        return _read_pixels(services, record, int(path, 16))
    with reading(record):
        scanner = scan(ObjectSource(services.objects, require_stored(record), record.size), budget())
        event = find_element(scanner, path)
        _require_size(event.length, AS_A_FILE)
        width = WIDTHS.get(event.vr, 2 if "OW" in event.vr else 1) if event.encoding.big else 1
        return BulkData(Offer(OCTETS), [swap_words(scanner.value(event), width)])


def find_element(scanner: Scanner, path: str) -> Event:
    """Return the event of the first element at a path. Raises NotFoundError, and what the scanner raises."""
    *places, tag = (int(part, 10 if at % 2 else 16) for at, part in enumerate(path.split(".")))
    walk = _Walk()
    for event in scanner.events():
        if event.kind is Kind.ELEMENT and event.tag == tag and walk.is_at(places):
            return event
        walk.step(event)
    raise NotFoundError("there is no such value")


def _read_pixels(services: Services, record: FileRecord, tag: int) -> BulkData:
    pixels = open_image(services, record)
    image = pixels.description
    if image.tag != tag:
        raise NotFoundError("there is no such value")
    if not image.encapsulated:
        _require_size(image.length, FRAME_BY_FRAME if image.frames > 1 else AS_A_FILE)
        with reading(record):
            return BulkData(Offer(OCTETS), [pixels.read_value()])
    if image.frames > MOST_FRAMES:
        raise RetrievalTooLargeError(LARGEST_MESSAGE, FRAME_BY_FRAME)
    return BulkData(offer_image(pixels), read_frames(services, record, pixels, range(1, image.frames + 1)))


def _require_size(size: int, instead: str) -> None:
    if size > LARGEST_MESSAGE:
        raise RetrievalTooLargeError(LARGEST_MESSAGE, instead)
