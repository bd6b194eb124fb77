"""What `scalper check` takes for a clinic's 10,000 slices: on one core, on two, and in memory.

Run with `uv run pytest tests/benchmarks/test_check.py -s` on a quiet machine: wall clocks are compared, the best of
some runs each. The command runs as its users run it, in a process of its own.
"""

import os
import subprocess
import sys
import time

import pytest

from tests.dicom_files import ct_slice, uid

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are counted as Linux does it")

SLICES = int(os.environ.get("SLICES", "10000"))
SIDE = 64
SERIES = 200
"""Slices of a series."""
RUNS = 3
LEAST = 1.7
"""Times one core's speed on two."""
MOST_MIB = 150
"""Of each process, however many files there are."""

MEASURED = """
import resource, sys
from scalper.__main__ import app
try: app()
finally:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(*(one.ru_utime + one.ru_stime for one in used), max(one.ru_maxrss for one in used), file=sys.stderr)
"""
"""The command, and what it took, on standard error."""


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slices")
    for number in range(SLICES):
        study, instance = divmod(number, SERIES)
        data = ct_slice(study=uid("check", study), instance=instance + 1, rows=SIDE, columns=SIDE)
        (folder / f"{number:05}.dcm").write_bytes(data)
    return folder


def check(folder, *options):
    """Return the wall clock's seconds, the CPU's of the command and all its processes, and the largest one's MiB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "check", *options, folder], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - started
    own, workers, kib = done.stderr.split()[-3:]
    assert f"{SLICES} files: {SLICES} accepted" in done.stdout.replace(",", "")
    return seconds, float(own), float(workers), int(kib) // 1024


def best(folder, *options):
    """Return what the quickest of some runs took; the memory is the highest of all."""
    runs = [check(folder, *options) for _ in range(RUNS)]
    for seconds, own, workers, mib in runs:
        print(f"{' '.join(options)}: {seconds:.2f} s; CPU {own:.2f} s, its workers' {workers:.2f} s; {mib} MiB at most")
    return *(min(run[place] for run in runs) for place in range(3)), max(run[3] for run in runs)


@pytest.mark.timeout(1200)
def test_two_cores_check_nearly_twice_as_fast_as_one(slices):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    print(f"\n{SLICES:,} slices of {next(slices.iterdir()).stat().st_size:,} bytes")

    one, cpu, _, _ = best(slices, "--jobs", "1")
    two, own, workers, mib = best(slices, "--jobs", "2")

    print(f"{one / two:.2f} times one core's speed; {cpu / (own + workers / 2):.2f} by CPU seconds, on a busy machine")
    assert mib < MOST_MIB
    assert one / two >= LEAST
