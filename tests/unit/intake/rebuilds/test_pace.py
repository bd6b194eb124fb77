"""Reading no faster than is allowed."""

import pytest

from intake.rebuilds.pace import Pace
from intake.rebuilds.reader import Reader


class Clock:
    def __init__(self):
        self.now, self.slept = 100.0, 0.0

    def sleep(self, seconds):
        self.now += seconds
        self.slept += seconds


def test_a_thousand_reads_take_as_long_as_their_units_are_allowed_to():
    clock = Clock()
    pace = Pace(200, lambda: clock.now, clock.sleep)

    for _ in range(1000):
        pace.take([{"pk": "UPLOAD#1", "metadata": "x" * 6000}])

    assert pace.read == 2000
    assert clock.slept == pytest.approx(2000 / 200, abs=1.1)


def test_what_is_slower_than_allowed_waits_for_nothing_and_saves_up_no_more_than_a_second():
    clock = Clock()
    pace = Pace(10, lambda: clock.now, clock.sleep)
    for _ in range(5):
        clock.now += 60
        pace.take([])
    assert clock.slept == 0

    for _ in range(30):
        pace.take([])

    assert clock.slept == pytest.approx(2, abs=0.2)


def test_each_item_of_a_batch_is_a_unit_or_more_also_one_that_is_not_there():
    class Batches:
        def batch_get(self, keys):
            return [{"pk": key, "metadata": "x" * key} if key else None for key in keys]

    pace = Pace(1e9)

    assert Reader(Batches(), pace).get_many([10, 5000, 0])[2] is None
    assert pace.read == 1 + 2 + 1
