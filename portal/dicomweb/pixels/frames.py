"""Frames of a stored image, by ranged reads (WADO-RS, PS3.18 10.4): some megabytes in a message, and no whole object.

Accepted bytes are a sender's bytes: all that one request names is read within one budget.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.pixels.frames import Pixels, open_pixels
from intake.dicom.pixels.model import NoPixelsError, NoSuchFrameError
from intake.errors import NotFoundError, ObjectChangedError, ObjectMissingError
from intake.files.model import FileRecord, ObjectVersion
from intake.storage.ports import ObjectReader
from portal.dicomweb.pixels.negotiation import Offer, offer_frames
from portal.dicomweb.wado import AS_A_FILE, LARGEST_MESSAGE, MIB, require_stored
from portal.errors import InstanceUnreadableError, RetrievalTooLargeError
from portal.services import Services

MOST_FRAMES = 100
"""Frames that one request names."""

SMALLEST_SOURCE = 5 * MIB
"""Bytes: of objects above, S3 copies ranges (API Reference, UploadPartCopy)."""

_FEWER = "Ask for fewer frames at once."


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """A stored object as readers of data sets read it."""

    objects: ObjectReader
    stored: ObjectVersion
    size: int

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of a range, fewer at the object's end. Raises ObjectMissingError."""
        return self.objects.read(self.stored, start, length).data


def budget() -> Budget:
    """Return what one request may spend: some seconds, where the fragments of a large image have to be walked."""
    return Budget(steps=400_000, fetched=256 * MIB, inflated=64 * MIB, taken=8 * MIB)


def open_image(services: Services, record: FileRecord) -> Pixels:
    """Find an image's pixels. Raises NotFoundError where there are none, and as `reading`."""
    stored = require_stored(record)
    with reading(record):
        source = ObjectSource(services.objects, stored, record.size)
        pixels = open_pixels(source, budget(), known=services.pixel_indexes.get(stored))
    services.pixel_indexes.put(stored, pixels.index)
    return pixels


def offer_image(pixels: Pixels) -> Offer:
    """Return the form in which an image's frames are given."""
    image = pixels.description
    return offer_frames(image.transfer_syntax, encapsulated=image.encapsulated)


def read_frames(services: Services, record: FileRecord, pixels: Pixels, numbers: Sequence[int]) -> list[bytes]:
    """Return frames, native ones in little endian words. Raises RetrievalTooLargeError, and as `open_image`."""
    frames: list[bytes] = []
    left = LARGEST_MESSAGE
    with reading(record):
        for number in numbers:
            if measure(pixels, number, left) > left:
                raise RetrievalTooLargeError(LARGEST_MESSAGE, _FEWER if len(numbers) > 1 else AS_A_FILE)
            frames.append(pixels.read_frame(number, little=True))
            left -= len(frames[-1])
    # A walk has found out more.
    services.pixel_indexes.put(require_stored(record), pixels.index)
    return frames


def share_frame(services: Services, record: FileRecord, pixels: Pixels, number: int) -> str | None:
    """Return the address of a frame that exceeds a message, as S3 copies it out of its object.

    None where it does not, and where no range that S3 copies holds the frame as it is given. Raises as `open_image`.
    """
    image = pixels.description
    with reading(record):
        if measure(pixels, number, LARGEST_MESSAGE) <= LARGEST_MESSAGE:
            return None
        extents = pixels.locate(number)
        is_turned = image.big and image.word > 1 and not image.encapsulated
        if extents is None or len(extents) != 1 or is_turned or record.size <= SMALLEST_SOURCE:
            return None
        return services.range_copies.share(require_stored(record), *extents[0], offer_image(pixels).full_type)


def measure(pixels: Pixels, number: int, limit: int) -> int:
    """Return a frame's size in bytes: exactly where it might exceed the limit, and else at the most."""
    estimated = pixels.estimate_size(number)
    if estimated <= limit:
        return estimated
    extents = pixels.locate(number)
    return estimated if extents is None else sum(extent.length for extent in extents)


@contextmanager
def reading(record: FileRecord) -> Iterator[None]:
    """Raise NotFoundError, InstanceUnreadableError and RetrievalTooLargeError for what goes wrong with a file."""
    try:
        yield
    except (NoPixelsError, NoSuchFrameError) as error:
        raise NotFoundError("there is no such frame") from error
    except (UnreadableDataSetError, ObjectChangedError, ObjectMissingError) as error:
        raise InstanceUnreadableError(record.file_id) from error
    except TooCostlyError as error:
        raise RetrievalTooLargeError(LARGEST_MESSAGE, AS_A_FILE) from error
