from datetime import UTC, datetime

from intake.files.model import TimelineEntry
from intake.files.states import State
from portal.presentation import labels
from tests.records import WARNING, a_file


def test_every_state_has_a_look_of_its_own():
    badges = [*labels.STATE_BADGES.values(), labels.WARNED]
    assert set(labels.STATE_BADGES) == set(State)
    assert len({badge.icon for badge in badges}) == len(badges)
    assert len({badge.label for badge in badges}) == len(badges)


def test_an_accepted_file_with_warnings_does_not_look_merely_accepted():
    assert labels.choose_file_badge(a_file(state=State.ACCEPTED, findings=(WARNING,))) == labels.WARNED
    assert labels.STATE_BADGES[State.ACCEPTED] == labels.choose_file_badge(a_file(state=State.ACCEPTED))


def test_a_timeline_names_parts_and_no_ids_of_people():
    entry = TimelineEntry(datetime.now(UTC), "3f1c5b0e", "reserved")
    assert (labels.name_event(entry), labels.name_actor(entry)) == ("Announced", "Sender")
    assert labels.name_actor(TimelineEntry(entry.at, "sweep", "expired")) == "Housekeeping"
    assert labels.name_event(TimelineEntry(entry.at, "processor", "put_back")) == "Put back"
