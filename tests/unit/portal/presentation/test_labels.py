from datetime import UTC, datetime

import pytest

from intake.files.model import Source, TimelineEntry
from intake.files.states import State
from portal.presentation import labels
from tests.records import WARNING, a_file, an_upload


def upload(declared: int, **counts: int):
    return an_upload(declared=declared, counts={State(state): count for state, count in counts.items()})


def test_every_state_has_a_look_of_its_own():
    badges = [*labels.STATE_BADGES.values(), labels.WARNED]
    assert set(labels.STATE_BADGES) == set(State)
    assert len({badge.icon for badge in badges}) == len(badges)
    assert len({badge.label for badge in badges}) == len(badges)


def test_an_accepted_file_with_warnings_does_not_look_merely_accepted():
    assert labels.choose_file_badge(a_file(state=State.ACCEPTED, findings=(WARNING,))) == labels.WARNED
    assert labels.STATE_BADGES[State.ACCEPTED] == labels.choose_file_badge(a_file(state=State.ACCEPTED))


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (upload(0), "No files announced yet"),
        (upload(4, awaiting_upload=4), "0 of 4 files checked"),
        (upload(4), "0 of 4 files checked"),
        (upload(4, accepted=3, awaiting_upload=1), "3 of 4 files checked"),
        (upload(1, accepted=1), "1 file, accepted"),
        (upload(4, accepted=4), "All 4 files accepted"),
        (upload(4, accepted=1, rejected=3), "1 of 4 files accepted, 3 rejected"),
        (upload(3, failed=1, expired=2), "0 of 3 files accepted, 1 failed on our side, 2 not received"),
    ],
)
def test_an_upload_is_told_in_one_sentence(told, text):
    assert text == labels.describe_upload(told)


@pytest.mark.parametrize(
    ("told", "badge"),
    [
        (upload(0), labels.IN_PROGRESS),
        (upload(2, accepted=1), labels.IN_PROGRESS),
        (upload(2, accepted=1, rejected=1), labels.ATTENTION),
        (upload(2, failed=1), labels.ATTENTION),
        (upload(2, accepted=1, expired=1), labels.INCOMPLETE),
        (upload(2, accepted=2), labels.COMPLETE),
        (an_upload(declared=1, counts={State.ACCEPTED: 1}, warnings=1), labels.COMPLETE_WARNED),
    ],
)
def test_an_upload_looks_like_its_worst_file(told, badge):
    assert badge == labels.choose_upload_badge(told)


def test_counts_that_lag_behind_leave_an_upload_waiting():
    assert labels.count_waiting(upload(5, accepted=2)) == 3
    assert labels.count_waiting(upload(1, accepted=2)) == 0


def test_an_upload_without_a_reference_is_named_by_how_it_came():
    assert labels.name_upload(an_upload(reference="Batch 7")) == "Batch 7"
    assert labels.name_upload(an_upload(source=Source.DIRECT)) == "Files dropped into S3"
    assert labels.name_upload(an_upload()) == "Upload without a reference"


def test_a_timeline_names_parts_and_no_ids_of_people():
    entry = TimelineEntry(datetime.now(UTC), "3f1c5b0e", "reserved")
    assert (labels.name_event(entry), labels.name_actor(entry)) == ("Announced", "Sender")
    assert labels.name_actor(TimelineEntry(entry.at, "sweep", "expired")) == "Housekeeping"
    assert labels.name_event(TimelineEntry(entry.at, "processor", "put_back")) == "Put back"
