"""Large files: which parts they have, and the presigned requests for them.

Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from intake.files.model import FileRecord
from intake.storage.model import Part, Presigned
from intake.storage.ports import Presigner
from portal.errors import NotMultipartError
from portal.uploads.requests import MAX_PARTS

MIB = 1024**2
MAX_SINGLE_PUT = 64 * MIB
"""Bytes of the largest file that is sent in one piece: what a slow line loses when it breaks."""

MIN_PART = 16 * MIB


@dataclass(frozen=True, slots=True)
class SignedPart:
    """One part and the request that sends it."""

    number: int
    size: int
    request: Presigned


@dataclass(frozen=True, slots=True)
class Plan:
    """How a large file is cut, and which parts S3 holds. Parts are signed when their SHA-256 is known: S3 wants it."""

    part_size: int
    part_count: int
    held: tuple[Part, ...]


def choose_part_size(size: int) -> int:
    """Return the bytes of each part but the last: whole mebibytes, and never so few that there are too many parts."""
    least = -(-size // MAX_PARTS)
    return max(MIN_PART, -(-least // MIB) * MIB)


def count_parts(size: int) -> int:
    return -(-size // choose_part_size(size))


def plan_parts(record: FileRecord, held: tuple[Part, ...] = ()) -> Plan:
    """Return how the file is cut, and which parts need not be sent again."""
    kept = tuple(part for part in held if part.size == _measure_part(record, part.number))
    return Plan(choose_part_size(record.size), count_parts(record.size), kept)


def sign_parts(presigner: Presigner, record: FileRecord, wanted: Mapping[int, str]) -> tuple[SignedPart, ...]:
    """Sign parts by number, each for the bytes with its SHA-256 and no others. Raises NotMultipartError."""
    if record.multipart_id is None or any(number > count_parts(record.size) for number in wanted):
        raise NotMultipartError("The file has no such part.")
    target, multipart_id = record.incoming, record.multipart_id
    sizes = {number: _measure_part(record, number) for number in wanted}
    return tuple(
        SignedPart(number, sizes[number], presigner.part(target, multipart_id, number, sizes[number], sha256))
        for number, sha256 in wanted.items()
    )


def find_missing_parts(record: FileRecord, held: Iterable[Part]) -> list[int]:
    """Return the numbers of the parts that S3 lacks, or holds with another size than theirs."""
    there = {part.number for part in held if part.size == _measure_part(record, part.number)}
    return [number for number in range(1, count_parts(record.size) + 1) if number not in there]


def _measure_part(record: FileRecord, number: int) -> int:
    whole = choose_part_size(record.size)
    return min(whole, record.size - (number - 1) * whole)
