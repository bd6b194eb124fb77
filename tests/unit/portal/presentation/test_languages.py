"""Which language a reader gets, and how it writes dates and numbers; Babel's copy of the CLDR is the oracle."""

from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import format_date as cldr_date
from babel.dates import format_skeleton
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from intake.languages import current_language, format_date, format_number, speaking
from portal.presentation.formatting import format_count, format_share, format_size, format_utc, format_utc_date
from portal.presentation.languages import choose_language, gettext


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "", "de"),
        ("DE-de", "", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "", "en"),
        ("fr,de;q=0.5,en;q=0.4", "", "de"),
        ("fr-FR, it", "", "en"),
        ("de;q=0", "", "en"),
        ("en;q=0.2, de;q=0.3", "", "de"),
        ("*", "", "en"),
        ("de;q=not-a-number", "", "en"),
        ("de;q=nan", "", "en"),
        (";;;,,,q=", "", "en"),
        ("en", "de", "de"),
        ("de", "en", "en"),
        ("de", "xx", "de"),
        ("de", "../../etc", "de"),
    ],
)
def test_what_somebody_chose_counts_before_what_their_browser_likes(accepted, chosen, language):
    assert choose_language(accepted, chosen) == language


@given(st.text(max_size=300), st.text(max_size=20))
def test_whatever_a_request_says_it_gets_a_language_that_there_is(accepted, chosen):
    assert choose_language(accepted, chosen) in {"en", "de"}


def test_a_language_is_spoken_for_one_request_and_no_longer():
    with speaking("de"):
        assert gettext("Accepted") == "Angenommen"
        with speaking("xx"):
            assert current_language() == "en"
        assert current_language() == "de"
    assert gettext("Accepted") == "Accepted"


def test_the_empty_text_is_not_the_catalogues_head():
    with speaking("de"):
        assert gettext("") == ""


def test_german_dates_are_those_of_the_cldr():
    with speaking("de"):
        for number in range(366):
            day = date(2028, 1, 1) + timedelta(number)
            there = datetime(day.year, day.month, day.day, 9, 5, tzinfo=UTC)
            assert format_date(day) == cldr_date(day, "medium", "de")
            assert format_utc_date(there) == format_skeleton("MMMEd", there, locale="de")
        assert format_utc(there) == "31.12.2028, 09:05 UTC"


@given(st.integers(0, 10**12))
def test_german_numbers_are_those_of_the_cldr(number):
    with speaking("de"):
        assert format_number(number) == format_decimal(number, locale="de")
        assert format_number(number / 10, 1) == format_decimal(number / 10, "#,##0.0", "de")


def test_amounts_are_german_too():
    with speaking("de"):
        assert [format_count(1, "file"), format_count(1204, "file")] == ["1 Datei", "1.204 Dateien"]
        assert [format_size(512), format_size(1_400_000)] == ["512 Bytes", "1,4 MB"]
        assert format_share(3.24) == "3,2 %"
