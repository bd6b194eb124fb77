"""Judges mutants by the hundred thousand, in parallel: `make fuzz N=100000 [SEED=…]`.

A mutant that is not answered as it must be is kept in FAILED; `python -m tests.fuzz --show FILE` judges it again.
"""

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutants import answer_to, mutant, seeds

FAILED = Path(".fuzz")
CHUNK = 1_000


@dataclass
class Tally:
    """What became of some mutants."""

    mutants: int = 0
    bytes: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds, and the mutant's number."""
    exceptions: int = 0
    complaints: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.mutants += other.mutants
        self.bytes += other.bytes
        self.slowest = max(self.slowest, other.slowest)
        self.exceptions += other.exceptions
        self.complaints += other.complaints
        self.codes += other.codes


def judge_range(seed: int, first: int, last: int) -> Tally:
    """Judge the mutants of these numbers."""
    files, tally = seeds(), Tally()
    for number in range(first, last):
        _, data = mutant(seed, number, files)
        tally.mutants += 1
        tally.bytes += len(data)
        _judge_one(seed, number, data, tally)
    return tally


def _judge_one(seed: int, number: int, data: bytes, tally: Tally) -> None:
    try:
        answer = answer_to(data)
    except Exception as error:  # noqa: BLE001 - finding any is what this is for
        tally.exceptions += 1
        _keep(seed, number, data, repr(error))
        return
    tally.codes.update(answer.codes or ("accepted without a finding",))
    tally.slowest = max(tally.slowest, (answer.seconds, number))
    if answer.complaint:
        tally.complaints[answer.complaint] += 1
        _keep(seed, number, data, answer.complaint)


def _keep(seed: int, number: int, data: bytes, why: str) -> None:
    FAILED.mkdir(exist_ok=True)
    path = FAILED / f"{seed}-{number}.bin"
    path.write_bytes(data)
    print(f"\n{why}: kept as {path}; again: python -m tests.fuzz --show {path}", flush=True)


def run(count: int, seed: int, workers: int) -> Tally:
    """Judge `count` mutants and print how it goes."""
    total, started = Tally(), time.monotonic()
    ranges = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    for tally in _tallies(ranges, seed, workers):
        total.add(tally)
        rate = total.mutants / (time.monotonic() - started)
        print(f"\r{total.mutants:,} of {count:,} mutants, {rate:,.0f}/s", end="", flush=True)
    print()
    return total


def _tallies(ranges: list[tuple[int, int]], seed: int, workers: int) -> Iterator[Tally]:
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(judge_range, [seed] * len(ranges), *zip(*ranges, strict=True))


def report(total: Tally, seed: int) -> None:
    seconds, number = total.slowest
    print(f"seed {seed}: {total.mutants:,} mutants of {total.bytes / total.mutants:,.0f} bytes on average")
    print(f"uncaught exceptions: {total.exceptions}")
    print(f"verdicts without a code: {total.complaints.pop('a verdict without a code', 0)}")
    print(f"slowest: {seconds * 1000:.1f} ms (mutant {number})")
    for complaint, times in total.complaints.items():
        print(f"{complaint}: {times}")
    for code, times in total.codes.most_common():
        print(f"{times:8,}  {code}")


def main() -> int:
    """Return 0 where every mutant was answered as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--show", type=Path, help="a kept mutant, to be judged again")
    given = parser.parse_args()
    if given.show:
        print(answer_to(given.show.read_bytes()))
        return 0
    seed = secrets.randbits(32) if given.seed is None else given.seed
    print(f"SEED={seed}")
    total = run(given.count, seed, given.workers)
    failed = total.exceptions or total.complaints
    report(total, seed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
