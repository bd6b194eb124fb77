"""Reading no faster than is allowed."""

import pytest

from intake.rebuilds.pace import Pace


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
