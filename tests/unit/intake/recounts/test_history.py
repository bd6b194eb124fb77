"""What a record's timeline tells of its revisions."""

from datetime import timedelta

import pytest

from intake.files.dealing import DEALT_WITH
from intake.files.model import Source, TimelineEntry
from intake.files.outcomes import PastVerdict
from intake.files.states import State
from intake.projections.model import Device
from intake.records.file_items import past_map
from intake.recounts.history import list_steps
from tests.records import NOON, REFUSAL, a_file, stored_item


def told(minute, event, detail="", actor="processor"):
    return TimelineEntry(NOON + timedelta(minutes=minute), actor, event, detail)


RESERVED = told(0, "reserved", actor="user-1")


def count_revisions(entries):
    return sum(entry.event not in {"reserved", "unpacked", "reprocess"} for entry in entries)


def steps_of(*entries, past=(), **changes):
    record = a_file(timeline=entries, **{"revision": count_revisions(entries), **changes})
    return list_steps({**stored_item(record), "past": [past_map(one) for one in past]})


RESERVED = told(0, "reserved", actor="user-1")


def test_a_revision_ends_with_a_state_or_with_what_was_said_and_what_was_ordered_belongs_to_what_came_of_it():
    steps = steps_of(
        RESERVED,
        told(1, "rejected", "bad"),
        told(2, DEALT_WITH, "not-needed", "user-1"),
        told(3, "reprocess", "an-order", "admin-1"),
        told(3, "accepted"),
        told(4, "superseded"),
        state=State.ACCEPTED,
        timings={"arrival_to_verdict": 120},
    )

    assert [(one.revision, one.before, one.after) for one in steps] == [
        (1, State.AWAITING_UPLOAD, State.REJECTED),
        (2, State.REJECTED, State.REJECTED),
        (3, State.REJECTED, State.ACCEPTED),
        (4, State.ACCEPTED, State.ACCEPTED),
    ]
    assert [one.at for one in steps] == [NOON + timedelta(minutes=minute) for minute in (1, 2, 3, 4)]
    assert [one.latency_ms for one in steps] == [120, None, None, None]
    assert [one.moves for one in steps] == [True, False, True, False]


def test_the_record_of_what_was_dropped_begins_with_its_verdict_and_that_of_an_entry_does_not():
    (dropped,) = steps_of(told(1, "accepted"), state=State.ACCEPTED, source=Source.DIRECT)
    (entry,) = steps_of(
        told(0, "unpacked"), told(1, "accepted"), state=State.ACCEPTED, source=Source.DIRECT, parent="an-archive"
    )

    assert (dropped.before, entry.before) == (None, State.AWAITING_UPLOAD)


def test_a_file_that_awaits_its_upload_has_no_revision():
    assert steps_of(RESERVED) == []


def test_what_an_earlier_verdict_found_is_read_from_what_the_record_kept():
    scanner = {"modality": "CT", "manufacturer": "Acme", "manufacturer_model": "One"}
    first, second, third = steps_of(
        RESERVED,
        told(1, "rejected", "bad"),
        told(2, "reprocess"),
        told(2, "rejected", "worse"),
        told(3, "reprocess"),
        told(3, "accepted"),
        state=State.ACCEPTED,
        metadata=scanner,
        shadow=("odd",),
        past=(
            PastVerdict(revision=1, codes=("bad", "also-bad"), shadow=("strange",), device=("0123", "Acme")),
            PastVerdict(revision=2, codes=("worse",)),
        ),
    )

    assert (first.codes, first.shadow, first.device) == (("bad", "also-bad"), ("strange",), Device("0123", "Acme"))
    assert (second.codes, second.shadow, second.device) == (("worse",), (), None)
    assert (third.codes, third.shadow, third.device.label[:8]) == ((), ("odd",), "Acme One")


def test_of_a_verdict_that_was_not_kept_the_code_that_its_timeline_tells_is_known():
    first, second = steps_of(
        RESERVED, told(1, "rejected", "bad"), told(2, "reprocess"), told(2, "accepted"), state=State.ACCEPTED
    )

    assert (first.codes, second.codes) == (("bad",), ())


def test_what_people_said_after_a_verdict_leaves_its_findings_to_it():
    first, second = steps_of(
        RESERVED, told(1, "rejected", "a-refusal"), told(2, "replaced"), state=State.REJECTED, findings=(REFUSAL,)
    )

    assert first.codes == second.codes == ("a-refusal",)


@pytest.mark.parametrize(
    ("detail", "conflicts_with", "is_duplicate"),
    [("", None, False), ("01k-00001", None, True), ("01k-00001", "01k-00001", False), ("entries-judged", None, False)],
)
def test_an_accepting_verdict_that_names_another_file_was_a_duplicate_unless_it_took_its_place(
    detail, conflicts_with, is_duplicate
):
    (step,) = steps_of(RESERVED, told(1, "accepted", detail), state=State.ACCEPTED, conflicts_with=conflicts_with)
    assert step.is_duplicate is is_duplicate


def test_a_timeline_that_begins_with_what_was_said_of_nothing_is_no_records():
    with pytest.raises(ValueError, match="does not begin"):
        steps_of(told(1, "superseded"), source=Source.DIRECT)
