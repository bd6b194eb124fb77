from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.model import Source
from intake.files.states import State
from intake.orders.model import Order, Selection, Task
from intake.studies.model import StudyOfUpload
from portal.web.clinic import upload_receipts
from portal.web.layout import receipts
from tests.records import NOON, a_file, an_upload


def upload(declared: int, *, warnings: int = 0, source: Source = Source.WEB, **counts: int):
    by_state = {State(state): count for state, count in counts.items()}
    return an_upload(declared=declared, counts=by_state, warnings=warnings, source=source)


def test_the_bar_covers_every_settled_file_once():
    bar = receipts.build_bar(upload(10, warnings=2, accepted=5, rejected=2, failed=1, expired=1))
    assert [(part.tone, part.start, part.width) for part in bar.parts] == [
        ("ok", 0, 3), ("warn", 3, 2), ("bad", 5, 2), ("fault", 7, 1), ("wait", 8, 1),
    ]  # fmt: skip
    assert bar.total == 10


def test_an_empty_upload_has_a_bar_that_can_be_drawn():
    assert receipts.build_bar(upload(0)) == receipts.Bar(1, ())


def test_rare_states_have_a_figure_only_where_they_occur():
    labels = [tile.label for tile in receipts.list_tiles(upload(2, accepted=1, failed=1))]
    assert "Failed on our side" in labels
    assert "Not received" not in labels


def test_what_the_sender_expected_and_all_that_never_came_have_figures_of_their_own():
    told = an_upload(declared=2, expected=5, counts={State.ACCEPTED: 1, State.EXPIRED: 1})
    figures = {tile.label: tile.number for tile in receipts.list_tiles(told)}
    assert (figures["Expected by you"], figures["Missing"]) == (5, 4)


def test_what_was_never_announced_is_part_of_the_bar_once_nothing_waits():
    bar = receipts.build_bar(an_upload(declared=57, counts={State.ACCEPTED: 57}, expected_images=60))
    assert (bar.total, [(part.tone, part.width) for part in bar.parts]) == (60, [("ok", 57), ("wait", 3)])


def test_a_receipts_shares_add_up_to_its_figures():
    studies = [StudyOfUpload("a" * 26, {State.ACCEPTED: 3, State.REJECTED: 1}), StudyOfUpload("b" * 26, {})]
    told = upload(9, accepted=5, rejected=1)
    shares = receipts.list_shares(told, studies)
    assert [(share.accepted, share.rejected) for share in shares] == [(3, 1), (0, 0), (2, 0)]
    assert receipts.list_shares(told, []) == []


def test_a_receipt_looks_again_while_files_are_checked_again():
    order = Order(
        order_id="o" * 26,
        owner="northside",
        task=Task.REPROCESS,
        selection=Selection(),
        actor="user-1",
        placed_at=NOON,
    )
    done = replace(order, listed=True, total=0)
    settled = upload(1, failed=1)
    assert upload_receipts.choose_next_look(settled, [], NOON, order) == upload_receipts.OFTEN
    assert upload_receipts.choose_next_look(settled, [], NOON, done) is None
    assert upload_receipts.choose_next_look(settled, [], NOON + timedelta(hours=1), order) is None
    assert receipts.fingerprint_receipt(settled, order) != receipts.fingerprint_receipt(settled, done)


@pytest.mark.parametrize(
    ("told", "state", "age", "seconds"),
    [
        (upload(1), State.AWAITING_UPLOAD, timedelta(), upload_receipts.OFTEN),
        (upload(1), State.AWAITING_UPLOAD, timedelta(hours=1), upload_receipts.SELDOM),
        (upload(1, accepted=1), State.ACCEPTED, timedelta(), None),
        (upload(1, accepted=1), State.AWAITING_UPLOAD, timedelta(), upload_receipts.OFTEN),
        (upload(1, source=Source.DIRECT), State.AWAITING_UPLOAD, timedelta(), None),
    ],
)
def test_a_receipt_looks_again_for_as_long_as_something_may_change(told, state, age, seconds):
    assert seconds == upload_receipts.choose_next_look(told, [a_file(state=state)], NOON + age)
