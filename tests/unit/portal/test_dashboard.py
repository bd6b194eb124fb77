"""The numbers that admins see."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from intake.ports import Change
from intake.states import State
from portal.dashboard import dashboard, percentile
from portal.identity import of_staff
from tests.records import REFUSAL, a_file, a_verdict

ADA = of_staff("admin-1", frozenset({"admin"}), "Ada")


def change(portal, number, after, *, ago=timedelta(), **facts):
    at = portal.clock() - ago
    return Change(
        file_id=f"file-{number}",
        upload_id="upload",
        clinic_id=facts.pop("clinic_id", "northside"),
        source="web",
        revision=1,
        before=State.AWAITING_UPLOAD,
        after=after,
        at=at,
        size=100,
        **facts,
    )


def test_counts_codes_and_bytes_are_those_of_the_last_day(portal):
    portal.projections.apply(
        [
            change(portal, 1, State.ACCEPTED, latency_ms=80),
            change(portal, 2, State.ACCEPTED, clinic_id="lakeview", latency_ms=1900),
            change(portal, 3, State.REJECTED, codes=("truncated",), ago=timedelta(hours=3)),
            change(portal, 4, State.REJECTED, codes=("truncated", "no-patient"), ago=timedelta(hours=3)),
            change(portal, 5, State.FAILED, ago=timedelta(hours=25)),
        ]
    )
    numbers = dashboard(portal.services, ADA)
    assert numbers.counts == {State.ACCEPTED: 2, State.REJECTED: 2, State.FAILED: 0, State.EXPIRED: 0}
    assert numbers.codes == (("truncated", 2), ("no-patient", 1))
    assert numbers.bytes == 200
    assert numbers.p95_ms == 2000


def test_the_hours_have_no_gaps_and_end_now(portal):
    portal.projections.apply([change(portal, 1, State.ACCEPTED, ago=timedelta(hours=2))])
    hours = dashboard(portal.services, ADA).hours
    assert len(hours) == 24
    assert {later.hour - earlier.hour for earlier, later in pairwise(hours)} == {timedelta(hours=1)}
    assert [hour.counts[State.ACCEPTED] for hour in hours[-4:]] == [0, 1, 0, 0]


def test_recent_rejections_and_failures_are_told_by_code_and_not_by_name(portal):
    for number, state in enumerate((State.REJECTED, State.ACCEPTED, State.REJECTED)):
        record = replace(a_file(number, created_at=portal.clock()), name="DOE^JANE.dcm")
        portal.table.files[record.file_id] = record
        at = portal.clock() + timedelta(seconds=number)
        portal.verdicts.record(a_verdict(record, state=state, findings=(REFUSAL,), decided_at=at), reserved=True)
    failed = a_file(3, created_at=portal.clock())
    portal.verdicts.fail(failed, "Boom")
    recent = dashboard(portal.services, ADA).recent
    assert {row.file_id for row in recent} == {a_file(number).file_id for number in (0, 2, 3)}
    assert "a-refusal" in {code for row in recent for code in row.codes}
    assert not any("DOE" in row.name for row in recent)


def test_queues_tell_their_depth(portal):
    portal.queue.send([{}, {}])
    portal.dead_letters.send([{}])
    numbers = dashboard(portal.services, ADA)
    assert (numbers.waiting, numbers.dead) == (2, 1)


def test_alerts_are_shown_as_they_would_be_emailed(portal):
    portal.mailbox.send([{"Type": "Notification", "Subject": "2 files rejected", "Message": "Upload 01k9…"}])
    (alert,) = dashboard(portal.services, ADA).alerts
    assert (alert.subject, alert.body) == ("2 files rejected", "Upload 01k9…")


def test_without_a_mailbox_there_is_nothing_to_show(portal):
    assert dashboard(portal.without_mailbox(), ADA).alerts is None


@pytest.mark.parametrize(
    ("histogram", "expected"),
    [({}, None), ({100: 1}, 100), ({100: 95, 500: 5}, 100), ({100: 94, 500: 6}, 500), ({100: 0, 500: 1}, 500)],
)
def test_a_percentile_is_the_bound_of_its_bin(histogram, expected):
    assert percentile(Counter(histogram), 0.95) == expected
