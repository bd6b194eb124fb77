"""Loads of real senders, for the simulation: which files come when, and which partition keys they write to.

`python -m tests.benchmarks.partition_loads` prints the table that `docs/throughput.md` holds, in some minutes.
"""

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from intake.files.item_keys import FILE_SHARDS
from tests.benchmarks.partition_load import Message, Simulation, come_back_in_half_an_hour

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
    """A hundred modalities that drop exams of 300 slices into S3, each one in 20 of 100 seconds: 300 files a second.

    All that a clinic drops in a day is one upload.
    """

    def exams(modality: int) -> Iterator[Message]:
        begins, exam = modality * 100 / modalities - 100, 0
        while begins < seconds:
            for number in range(300):
                at = begins + number / 15
                if 0 <= at < seconds:
                    place = {"clinic": "hospital", "upload": "day", "exam": 1000 * modality + exam}
                    yield a_file("hospital", modality * 7 + number, at, shards=shards, more=0, **place)
            begins, exam = begins + 100, exam + 1

    yield from heapq.merge(*map(exams, range(modalities)), key=lambda message: message.came_at)


def migration(seconds: float, shards: int, per_second: float) -> Iterator[Message]:
    """A clinic's archive through `scalper upload`, announced as it goes: reservations fall to the same partitions."""
    for number in range(int(seconds * per_second)):
        place = {"clinic": "moving", "upload": f"u{number // 99_999}", "exam": number // 300}
        at = number / per_second
        yield a_file("migration", number, at, shards=shards, more=RESERVATION_UNITS, **place)


def archive(entries: int, shards: int, per_second: float = 2000) -> Iterator[Message]:
    """An archive's entries, unpacked faster than they can be judged, each reserved on the same partitions."""
    for number in range(entries):
        place = {"clinic": "packed", "upload": "zip", "exam": number // 300}
        at = number / per_second
        yield a_file("archive", number, at, shards=shards, more=RESERVATION_UNITS, **place)


def clinics(seconds: float, shards: int, how_many: int = 1000, per_second: float = 1) -> Iterator[Message]:
    """Many clinics at once, each with an upload of its own."""
    for number in range(int(seconds * how_many * per_second)):
        clinic = f"c{number % how_many}"
        place = {"clinic": clinic, "upload": f"of-{clinic}", "exam": 0}
        at = number / (how_many * per_second)
        yield a_file("clinics", number // how_many, at, shards=shards, more=RESERVATION_UNITS, **place)


def bystander(seconds: float, shards: int) -> Iterator[Message]:
    """Another clinic, with five files a second."""
    for number in range(int(seconds * 5)):
        place = {"clinic": "bystander", "upload": "small", "exam": 0}
        yield a_file("bystander", number, number / 5, shards=shards, more=0, **place)


def together(*loads: Iterator[Message]) -> Iterator[Message]:
    yield from heapq.merge(*loads, key=lambda message: message.came_at)


LOADS: dict[str, Callable[[int], Iterator[Message]]] = {
    "a hospital's 100 modalities drop 300 files a second into S3, all in one upload": partial(hospital, 120),
    "`scalper upload` with its 4 jobs, 50 files a second": lambda shards: migration(60, shards, 50),
    "`scalper upload -j 32` over 1.3 Gbit/s, 320 files a second": lambda shards: migration(60, shards, 320),
    "a clinic's two machines over 4 Gbit/s, 1,000 files a second in one upload": lambda shards: migration(
        30, shards, 1000
    ),
    "an archive of 100,000 entries": partial(archive, 100_000),
}
WIDE: dict[str, tuple[int, Callable[[int], Iterator[Message]]]] = {
    "1,000 clinics, a file a second each, on a new table (4 partitions)": (4, partial(clinics, 30)),
    "the same on a table of 16 partitions": (16, partial(clinics, 30)),
}
BEFORE: dict[str, Any] = {"patience_s": 0.8, "come_back": come_back_in_half_an_hour}


def write_rows() -> Iterator[str]:
    """Yield the rows of the page's table: each load as it was, and as it is now."""
    yield "| load | | time to verdict, p50 | p95 | longest | redelivered | another clinic's p95 |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for name, load in LOADS.items():
        yield _write_row(name, "before", Simulation(**BEFORE), load, 1)
        yield _write_row(name, "now", Simulation(), load, FILE_SHARDS)
    for name, (physical, load) in WIDE.items():
        yield _write_row(name, "now", Simulation(physical=physical), load, FILE_SHARDS)


def _write_row(
    name: str, when: str, simulation: Simulation, load: Callable[[int], Iterator[Message]], shards: int
) -> str:
    results = simulation.run(together(load(shards), bystander(60, shards)))
    other = results.pop("bystander").percentile(0.95)
    (result,) = results.values()
    seconds = [result.percentile(0.5), result.percentile(0.95), max(result.waits)]
    told = " | ".join(f"{one:,.1f} s" for one in seconds)
    lost = f", {result.given_up} given up" if result.given_up else ""
    return f"| {name} | {when} | {told} | {result.redelivered:,}{lost} | {other:,.1f} s |"


if __name__ == "__main__":
    for row in write_rows():
        print(row, flush=True)
