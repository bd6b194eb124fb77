"""Sums, alerts that wait, quiet clinics, and the change feed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from intake.errors import InvalidCursorError
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.operations.dynamodb import DynamoWatch
from intake.operations.model import QuietClinic
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.model import FeedEntry, Grain, Holding
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from tests.fakes import FakeChangeFeed, FakeProjections
from tests.records import NOON, UPLOAD_ID
from tests.unit.intake.projections.test_projections import a_change


@dataclass
class Sums:
    """What the projections write and others read."""

    projections: Any
    outbox: Any
    watch: Any


def _fake():
    sums = FakeProjections()
    return Sums(sums, sums, sums)


def _adapters(table):
    return Sums(DynamoProjections(table), DynamoOutbox(table), DynamoWatch(table))


@pytest.fixture
def sums(in_table):
    return in_table(_fake, _adapters)


def _rejection(number, **changes):
    return a_change(number, after=State.REJECTED, codes=("truncated",), **changes)


class TestProjections:
    def test_changes_count_once_by_clinic_and_time(self, sums):
        changes = [a_change(0), _rejection(1), a_change(2, at=NOON + timedelta(hours=1))]
        changes.append(a_change(0, clinic_id="lakeview"))
        for _ in range(2):
            sums.projections.apply(changes)
        later = NOON + timedelta(hours=1)
        first, second = sums.projections.buckets(Grain.HOUR, NOON, later, "northside")
        assert (first.counts, first.codes) == ({State.ACCEPTED: 1, State.REJECTED: 1}, {"truncated": 1})
        assert (second.counts, second.bytes) == ({State.ACCEPTED: 1}, 1000)
        assert len(sums.projections.buckets(Grain.HOUR, NOON, NOON)) == 2
        assert sums.projections.buckets(Grain.DAY, NOON - timedelta(days=2), NOON - timedelta(days=1)) == ()

    def test_what_clinics_hold_is_summed(self, sums):
        sums.projections.apply([a_change(0), a_change(1), a_change(0, clinic_id="lakeview")])
        assert sorted(sums.projections.holdings(), key=lambda one: one.clinic_id) == [
            Holding("lakeview", 1, 1000),
            Holding("northside", 2, 2000),
        ]


class TestOutbox:
    def test_an_alert_tells_all_that_waited_once(self, sums):
        sums.projections.apply([_rejection(0), _rejection(1)])
        assert [*sums.outbox.list_pending_alerts()] == [(AlertKind.REJECTED, UPLOAD_ID)]
        due = sums.outbox.take_due_alert(AlertKind.REJECTED, UPLOAD_ID, NOON)
        assert (due.count, due.codes, due.clinic_id) == (2, {"truncated": 2}, "northside")
        sums.outbox.mark_told(due, NOON)
        assert [*sums.outbox.list_pending_alerts()] == []

    def test_what_comes_soon_after_waits_until_it_has_been_quiet(self, sums):
        sums.projections.apply([_rejection(0)])
        sums.outbox.mark_told(sums.outbox.take_due_alert(AlertKind.REJECTED, UPLOAD_ID, NOON), NOON)
        sums.projections.apply([_rejection(1)])
        assert sums.outbox.take_due_alert(AlertKind.REJECTED, UPLOAD_ID, NOON + timedelta(minutes=14)) is None
        due = sums.outbox.take_due_alert(AlertKind.REJECTED, UPLOAD_ID, NOON + timedelta(minutes=16))
        assert due.count == 1

    def test_an_episode_is_announced_once_and_told_when_it_is_due(self, sums):
        for _ in range(2):
            sums.outbox.announce(AlertKind.QUIET, "northside", "northside", "e1", NOON)
        assert sums.outbox.take_due_alert(AlertKind.QUIET, "northside", NOON - timedelta(minutes=1)) is None
        due = sums.outbox.take_due_alert(AlertKind.QUIET, "northside", NOON)
        assert (due.clinic_id, due.subject) == ("northside", "northside")
        sums.outbox.mark_told(due, NOON)
        sums.outbox.announce(AlertKind.QUIET, "northside", "northside", "e1", NOON)
        assert [*sums.outbox.list_pending_alerts()] == []

    def test_of_what_nobody_announced_nothing_is_due(self, sums):
        assert sums.outbox.take_due_alert(AlertKind.REJECTED, UPLOAD_ID, NOON) is None


class TestWatch:
    def test_the_quiet_clinics_are_those_of_the_last_look(self, sums):
        assert sums.watch.quiet() == ()
        one, two = (QuietClinic(name, 7, NOON) for name in ("lakeview", "northside"))
        for noted in ([one, two], [two], []):
            sums.watch.note_quiet(noted, NOON)
            assert sums.watch.quiet() == tuple(noted)


class TestChangeFeed:
    @pytest.fixture
    def feed(self, in_table):
        """Return a feed of three entries of northside's."""

        def fake():
            feed = FakeChangeFeed()
            for number in range(3):
                told = a_change(number)
                entry = FeedEntry(
                    file_id=told.file_id,
                    upload_id=UPLOAD_ID,
                    revision=told.revision,
                    before=told.before,
                    after=told.after,
                    at=told.at,
                )
                feed.append("northside", entry)
            return feed

        def adapter(table):
            writer = DynamoChangeFeed(table, lambda: NOON)
            for number in range(3):
                table.transact(writer.append_changes([a_change(number)]))
            return DynamoChangeFeed(table, lambda: NOON)

        return in_table(fake, adapter)

    def test_entries_come_in_order_and_a_position_goes_on_behind_them(self, feed):
        first = feed.changes("northside", None, 2)
        rest = feed.changes("northside", first.next, 2)
        assert [entry.file_id for entry in (*first.entries, *rest.entries)] == [a_change(n).file_id for n in range(3)]
        assert [(entry.after, entry.revision) for entry in rest.entries] == [(State.ACCEPTED, 1)]
        assert (first.more, rest.more) == (True, False)
        assert feed.changes("northside", rest.next, 2).entries == ()

    def test_its_end_is_where_nothing_is_left_to_read(self, feed):
        assert feed.changes("northside", feed.end("northside"), 5).entries == ()
        assert feed.changes("lakeview", None, 5).entries == ()

    def test_a_position_that_was_never_given_is_told(self, feed):
        for since in ("99999", "nonsense"):
            with pytest.raises(InvalidCursorError):
                feed.changes("northside", since, 2)
