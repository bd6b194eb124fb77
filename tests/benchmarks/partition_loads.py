"""Loads of real senders, for the simulation: which files come when, and which partition keys their verdicts write to."""

import heapq
from collections.abc import Iterator

from tests.benchmarks.partition_load import Message

VERDICT_UNITS, RESERVATION_UNITS, CLAIM_UNITS, ENTRY_UNITS = 4, 2, 2, 1
"""As `tests/metering/partitions.py` meters them: `test_partition_units` holds these."""


def a_file(
    load: str, number: int, at: float, *, clinic: str, upload: str, exam: int, shards: int, more: float
) -> Message:
    """Return a file whose verdict takes `more` units beside its own on its upload's partition."""
    units = {
        f"table UPLOAD#{upload}#{number % shards}": VERDICT_UNITS + more,
        f"table CLAIM#{upload}#{number}": CLAIM_UNITS,
        f"by_clinic_state {clinic}#accepted": ENTRY_UNITS,
        f"by_patient {clinic}#{upload}#{exam}": ENTRY_UNITS,
        f"by_study {upload}#{exam}": ENTRY_UNITS,
    }
    return Message(load, at, units)


def hospital(seconds: float, shards: int, modalities: int = 100) -> Iterator[Message]:
    """A hundred modalities that drop exams of 300 slices into S3, each an exam in 20 of 100 seconds: 300 files a second.

    All that a clinic drops in a day is one upload.
    """

    def exams(modality: int) -> Iterator[Message]:
        begins, exam = modality * 100 / modalities - 100, 0
        while begins < seconds:
            for number in range(300):
                at = begins + number / 15
                if 0 <= at < seconds:
                    place = {"clinic": "hospital", "upload": "day", "exam": 1000 * modality + exam}
                    yield a_file("hospital", modality * 7 + number, at, shards=shards, more=0, **place)  # type: ignore[arg-type]
            begins, exam = begins + 100, exam + 1

    yield from heapq.merge(*map(exams, range(modalities)), key=lambda message: message.came_at)


def migration(seconds: float, shards: int, per_second: float) -> Iterator[Message]:
    """A clinic's archive through `scalper upload`, announced as it goes: reservations fall to the same partitions."""
    for number in range(int(seconds * per_second)):
        place = {"clinic": "moving", "upload": f"u{number // 99_999}", "exam": number // 300}
        at = number / per_second
        yield a_file("migration", number, at, shards=shards, more=RESERVATION_UNITS, **place)  # type: ignore[arg-type]


def archive(entries: int, shards: int, per_second: float = 2000) -> Iterator[Message]:
    """An archive's entries, unpacked faster than they can be judged, each reserved on the same partitions."""
    for number in range(entries):
        place = {"clinic": "packed", "upload": "zip", "exam": number // 300}
        at = number / per_second
        yield a_file("archive", number, at, shards=shards, more=RESERVATION_UNITS, **place)  # type: ignore[arg-type]


def clinics(seconds: float, shards: int, how_many: int = 1000, per_second: float = 1) -> Iterator[Message]:
    """Many clinics at once, each with an upload of its own."""
    for number in range(int(seconds * how_many * per_second)):
        clinic = f"c{number % how_many}"
        place = {"clinic": clinic, "upload": f"of-{clinic}", "exam": 0}
        at = number / (how_many * per_second)
        yield a_file("clinics", number // how_many, at, shards=shards, more=RESERVATION_UNITS, **place)  # type: ignore[arg-type]


def bystander(seconds: float, shards: int) -> Iterator[Message]:
    """Another clinic, with five files a second."""
    for number in range(int(seconds * 5)):
        place = {"clinic": "bystander", "upload": "small", "exam": 0}
        yield a_file("bystander", number, number / 5, shards=shards, more=0, **place)  # type: ignore[arg-type]


def together(*loads: Iterator[Message]) -> Iterator[Message]:
    yield from heapq.merge(*loads, key=lambda message: message.came_at)
