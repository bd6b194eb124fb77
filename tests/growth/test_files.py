"""Whatever grows in a file, judging it costs in proportion: time and memory less than threefold for twice the size."""

import os
import time
import tracemalloc

import pytest

from processor.judge import Facts, judge
from tests.growth.files import extension_of, growing_files
from tests.unit.processor.judge.sources import CountedSource

SIZE = int(os.environ.get("GROWTH_SIZE", str(48 * 1024)))
TIMES = 5
"""The quickest of at most so many runs counts: what else the machine does only ever makes one slower."""
MOST = 3
LEAST_S, LEAST_BYTES = 0.005, 1024 * 1024
"""What is too little to be compared: the first of two counts as no less."""

FILES = growing_files()


def judged(name, data):
    return judge(CountedSource(data), Facts(extension_of(name)))


def seconds(name, data):
    started = time.process_time()
    judged(name, data)
    return time.process_time() - started


def growth_of_time(name, once, twice):
    """How many times as long the doubled file takes; measured again only while it looks like too much."""
    quickest_once = quickest_twice = float("inf")
    for _ in range(TIMES):
        quickest_once = min(quickest_once, seconds(name, once))
        quickest_twice = min(quickest_twice, seconds(name, twice))
        grows = quickest_twice / max(quickest_once, LEAST_S)
        if grows <= MOST:
            break
    return grows


def peak(name, data):
    tracemalloc.start()
    try:
        judged(name, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FILES)
def test_twice_the_file_costs_no_more_than_about_twice(name):
    once, twice = FILES[name](SIZE), FILES[name](2 * SIZE)

    time_grows = growth_of_time(name, once, twice)
    memory_grows = peak(name, twice) / max(peak(name, once), LEAST_BYTES)

    assert (time_grows <= MOST, memory_grows <= MOST) == (True, True), (time_grows, memory_grows)


@pytest.mark.parametrize("name", FILES)
def test_a_growing_file_grows_by_what_is_asked_or_inflates_to_it(name):
    small, large = FILES[name](SIZE), FILES[name](4 * SIZE)

    assert len(small) <= len(large)
    assert judged(name, small).kind in {name.partition(":")[0], "gzip", "nifti", "ccda", "fhir", "json"}
