"""How fast a CT slice of half a megabyte is judged, as a multiple of pydicom reading the same elements.

Run with `uv run pytest tests/benchmarks/test_judging.py -s`; times vary between machines, the ratio hardly does.
"""

import io
import time

import pydicom
import pytest

from processor.judge import FIRST_READ, judge
from tests.dicom_files import IMPLICIT_VR_LITTLE_ENDIAN, ct_slice
from tests.unit.processor.judge.test_metadata import KEYWORDS, PATIENT_KEYWORDS

ALL_KEYWORDS = [*KEYWORDS.values(), *PATIENT_KEYWORDS.values()]
ROUNDS = 400
LEAST = {"plain": 6.0, "with private elements": 5.5, "implicit": 4.0}
"""Ratios below which something has gone wrong, with room for a busy machine."""


class FetchedSource:
    """A source as the processor has it: the first bytes are there, and nothing else is needed."""

    def __init__(self, data):
        self.size = len(data)
        self._first = data[:FIRST_READ]

    def read(self, start, length):
        assert start + length <= FIRST_READ
        return self._first[start : start + length]


def private_elements(count):
    """What scanners add to a slice: many short elements of odd groups."""
    return {0x00091001 + number: ("DS", b"12.34567") for number in range(count)}


SLICES = {
    "plain": ct_slice(),
    "with private elements": ct_slice(changes=private_elements(200)),
    "implicit": ct_slice(transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN),
}


def read_by_pydicom(data):
    data_set = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
    return [str(data_set.get(keyword, "")) for keyword in ALL_KEYWORDS]


def fastest(work):
    """Return the CPU seconds of one call, the least of some rounds."""
    times = []
    for _ in range(8):
        started = time.process_time()
        for _ in range(ROUNDS // 8):
            work()
        times.append((time.process_time() - started) / (ROUNDS // 8))
    return min(times)


@pytest.mark.parametrize("name", SLICES)
def test_judging_a_slice(benchmark, name):
    data = SLICES[name]
    source = FetchedSource(data)
    ratio = fastest(lambda: read_by_pydicom(data)) / fastest(lambda: judge(source))
    benchmark.extra_info["times_faster_than_pydicom"] = round(ratio, 1)
    print(f"\n{name}, {len(data):,} bytes: {ratio:.1f} times faster than pydicom")

    judgement = benchmark(judge, source)

    assert not judgement.rejected
    assert ratio > LEAST[name]
