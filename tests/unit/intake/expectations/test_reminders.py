"""From when on an exam should have come: at the hour that its clinic chose, wherever on earth its day ends."""

from datetime import UTC, datetime, timedelta

import pytest

from intake.expectations.model import Reminder

DAY = "20261130"


@pytest.mark.parametrize(
    ("hour", "before", "from_then"),
    [
        (18, (30, 17), (30, 18)),
        (23, (30, 22), (30, 23)),
        (6, (30, 5), (30, 6)),
        # Six in the evening in California is two in UTC, and the next day there.
        (2, (31, 1), (31, 2)),
        (0, (30, 23), (31, 0)),
        (5, (31, 4), (31, 5)),
    ],
)
def test_a_day_is_over_at_its_hour_and_an_early_hour_is_of_the_night_behind_it(hour, before, from_then):
    reminder = Reminder(hour)

    def at(day, hour, minute=59):
        return datetime(2026, 11, 30, hour, minute, tzinfo=UTC) + timedelta(days=day - 30)

    assert not reminder.is_over(DAY, at(*before))
    assert reminder.find_day(at(*before)) < DAY
    assert reminder.is_over(DAY, at(*from_then, minute=0))
    assert reminder.find_day(at(*from_then, minute=0)) == DAY


@pytest.mark.parametrize("hour", range(24))
def test_no_day_is_over_before_most_of_it_is_gone_in_america(hour):
    noon_in_denver = datetime(2026, 11, 30, 19, tzinfo=UTC)
    if not 6 <= hour <= 19:
        assert not Reminder(hour).is_over(DAY, noon_in_denver)
    assert Reminder(hour).is_over("20261129", noon_in_denver)
    assert Reminder(hour).is_over(DAY, datetime(2026, 12, 1, 6, tzinfo=UTC))
