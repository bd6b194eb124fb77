from datetime import UTC, datetime

import pytest

from intake.files.model import timestamp
from portal.presentation import formatting


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (528_384, "528 kB"),
        (9_940_000, "9.9 MB"),
        (999_600, "1.0 MB"),
        (50 * 1024**3, "54 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_told_in_the_largest_unit_that_fits(count, text):
    assert text == formatting.format_size(count)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (312, "312 ms"),
        (3_240, "3.2 s"),
        (59_990, "1 min 0 s"),
        (250_000, "4 min 10 s"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_durations_are_told_in_two_units_at_most(milliseconds, text):
    assert text == formatting.format_duration(milliseconds)


def test_moments_are_told_in_utc_for_people_and_for_scripts():
    moment = datetime(2026, 11, 2, 14, 5, 9, 120_000, tzinfo=UTC)
    assert formatting.format_utc(moment) == "2 Nov 2026, 14:05 UTC"
    assert formatting.format_utc(moment, seconds=True) == "2 Nov 2026, 14:05:09 UTC"
    assert timestamp(moment) == "2026-11-02T14:05:09.120Z"


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("20261122", "22 Nov 2026"),
        ("20261102", "2 Nov 2026"),
        ("202611", "202611"),
        ("2026111", "2026111"),
        ("20260230", "20260230"),
        ("2026.11.22", "2026.11.22"),
        ("2026-11-22", "2026-11-22"),
        ("2026W477", "2026W477"),
        ("", ""),
    ],
)
def test_a_date_that_is_not_dicoms_is_told_as_it_stands_and_not_as_another_day(stated, text):
    assert text == formatting.format_dicom_date(stated)
