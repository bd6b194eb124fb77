from datetime import timedelta

import pytest

from intake.record import Source
from intake.states import State
from portal.web import receipts
from tests.records import NOON, REFUSAL, WARNING, a_file, an_upload


def upload(declared: int, *, warnings: int = 0, source: Source = Source.WEB, **counts: int):
    by_state = {State(state): count for state, count in counts.items()}
    return an_upload(declared=declared, counts=by_state, warnings=warnings, source=source)


def test_the_bar_covers_every_settled_file_once():
    bar = receipts.bar(upload(10, warnings=2, accepted=5, rejected=2, failed=1, expired=1))
    assert [(part.tone, part.start, part.width) for part in bar.parts] == [
        ("ok", 0, 3), ("warn", 3, 2), ("bad", 5, 2), ("fault", 7, 1), ("wait", 8, 1),
    ]  # fmt: skip
    assert bar.total == 10


def test_an_empty_upload_has_a_bar_that_can_be_drawn():
    assert receipts.bar(upload(0)) == receipts.Bar(1, ())


def test_rare_states_have_a_figure_only_where_they_occur():
    labels = [tile.label for tile in receipts.tiles(upload(2, accepted=1, failed=1))]
    assert "Failed on our side" in labels
    assert "Not received" not in labels


def test_files_with_the_same_trouble_share_one_cause():
    files = [a_file(n, state=State.REJECTED, findings=(REFUSAL, WARNING)) for n in range(3)]
    (cause,) = receipts.causes(files)
    assert cause.files == files
    assert (cause.code, cause.kind) == (REFUSAL.code, "Rejected")


def test_causes_stand_worst_first_and_a_fault_of_ours_is_one():
    files = [
        a_file(0, state=State.ACCEPTED, findings=(WARNING,)),
        a_file(1, state=State.EXPIRED),
        a_file(2, state=State.FAILED),
        a_file(3, state=State.REJECTED, findings=(REFUSAL,)),
        a_file(4, state=State.ACCEPTED),
    ]
    assert [cause.tone for cause in receipts.causes(files)] == ["bad", "fault", "wait", "warn"]


@pytest.mark.parametrize(
    ("told", "state", "age", "seconds"),
    [
        (upload(1), State.AWAITING_UPLOAD, timedelta(), receipts.OFTEN),
        (upload(1), State.AWAITING_UPLOAD, timedelta(hours=1), receipts.SELDOM),
        (upload(1, accepted=1), State.ACCEPTED, timedelta(), None),
        (upload(1, accepted=1), State.AWAITING_UPLOAD, timedelta(), receipts.OFTEN),
        (upload(1, source=Source.DIRECT), State.AWAITING_UPLOAD, timedelta(), None),
    ],
)
def test_a_receipt_looks_again_for_as_long_as_something_may_change(told, state, age, seconds):
    assert seconds == receipts.seconds_to_next_look(told, [a_file(state=state)], NOON + age)
