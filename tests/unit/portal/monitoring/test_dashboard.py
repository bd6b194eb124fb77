"""The numbers that admins see."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from intake.errors import NotFoundError
from intake.files.states import State
from intake.operations.model import StuckFile
from intake.projections.model import Change, Device, Snapshot
from portal.costs.estimate import compute_rates
from portal.costs.prices import GB
from portal.monitoring.dashboard import build_dashboard, estimate_costs
from portal.monitoring.statistics import RANGES, find_percentile
from tests.records import REFUSAL, a_file, a_verdict

DAY = RANGES["24h"]


def change(portal, number, after, *, ago=timedelta(), **facts):
    at = portal.clock() - ago
    return Change(
        file_id=f"file-{number}",
        upload_id="upload",
        clinic_id=facts.pop("clinic_id", "northside"),
        source="web",
        revision=1,
        old=Snapshot(State.AWAITING_UPLOAD),
        new=Snapshot(after, size=100, duplicate=facts.pop("duplicate", False)),
        at=at,
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
    numbers = build_dashboard(portal.services, DAY)
    assert numbers.counts == {State.ACCEPTED: 2, State.REJECTED: 2, State.FAILED: 0, State.EXPIRED: 0}
    assert numbers.codes == (("truncated", 2), ("no-patient", 1))
    assert numbers.bytes == 200
    assert numbers.percentiles == (100, 2000, 2000)


def test_the_hours_have_no_gaps_and_end_now(portal):
    portal.projections.apply([change(portal, 1, State.ACCEPTED, ago=timedelta(hours=2))])
    hours = build_dashboard(portal.services, DAY).steps
    assert len(hours) == 24
    assert {later.start - earlier.start for earlier, later in pairwise(hours)} == {timedelta(hours=1)}
    assert [hour.counts[State.ACCEPTED] for hour in hours[-4:]] == [0, 1, 0, 0]


def test_recent_rejections_and_failures_are_told_by_code_and_not_by_name(portal):
    for number, state in enumerate((State.REJECTED, State.ACCEPTED, State.REJECTED)):
        record = replace(a_file(number, created_at=portal.clock()), name="DOE^JANE.dcm")
        portal.table.files[record.file_id] = record
        at = portal.clock() + timedelta(seconds=number)
        portal.verdicts.record(a_verdict(record, state=state, findings=(REFUSAL,), decided_at=at), reserved=True)
    failed = a_file(3, created_at=portal.clock())
    portal.verdicts.fail(failed, "Boom")
    recent = build_dashboard(portal.services, DAY).recent
    assert {row.file_id for row in recent} == {a_file(number).file_id for number in (0, 2, 3)}
    assert "a-refusal" in {code for row in recent for code in row.codes}
    assert not any("DOE" in row.name for row in recent)


def test_queues_tell_their_depth(portal):
    portal.queue.send([{}, {}])
    portal.dead_letters.send([{}])
    numbers = build_dashboard(portal.services, DAY)
    assert (numbers.pipeline.waiting, numbers.pipeline.dead) == (2, 1)


def test_alerts_are_shown_as_they_would_be_emailed(portal):
    portal.mailbox.send([{"Type": "Notification", "Subject": "2 files rejected", "Message": "Upload 01k9…"}])
    (alert,) = build_dashboard(portal.services, DAY).alerts
    assert (alert.subject, alert.body) == ("2 files rejected", "Upload 01k9…")


@pytest.mark.parametrize(
    ("message", "subject"),
    [("Backup of a table failed: " + "x" * 200, "Backup of a table failed: …"), ("", "No words"), (None, "No words")],
)
def test_an_alert_without_a_subject_is_named_by_how_it_begins(portal, message, subject):
    portal.mailbox.send([{"Type": "Notification", "Subject": None, "Message": message}])
    (alert,) = build_dashboard(portal.services, DAY).alerts
    assert alert.subject == subject


def test_without_a_mailbox_there_is_nothing_to_show(portal):
    assert build_dashboard(portal.without_mailbox(), DAY).alerts is None


@pytest.mark.parametrize(
    ("histogram", "expected"),
    [({}, None), ({100: 1}, 100), ({100: 95, 500: 5}, 100), ({100: 94, 500: 6}, 500), ({100: 0, 500: 1}, 500)],
)
def test_a_percentile_is_the_bound_of_its_bin(histogram, expected):
    assert find_percentile(Counter(histogram), 0.95) == expected


@pytest.mark.parametrize(
    ("key", "steps", "outside"),
    [
        ("now", 12, timedelta(hours=1, minutes=6)),
        ("24h", 24, timedelta(hours=25)),
        ("7d", 7, timedelta(days=7, hours=1)),
        ("30d", 30, timedelta(days=30, hours=1)),
    ],
)
def test_a_range_is_whole_and_read_once(portal, key, steps, outside):
    portal.projections.apply(
        [change(portal, 1, State.ACCEPTED), change(portal, 2, State.REJECTED, ago=outside, codes=("truncated",))]
    )
    numbers = build_dashboard(portal.services, RANGES[key])
    assert len(numbers.steps) == steps
    assert sum(step.counts[State.ACCEPTED] for step in numbers.steps) == numbers.counts[State.ACCEPTED] == 1
    assert numbers.codes == ()
    assert portal.projections.reads == 1


def test_each_step_has_its_own_percentiles_and_none_without_verdicts(portal):
    slow = timedelta(hours=2)
    portal.projections.apply(
        [change(portal, number, State.ACCEPTED, latency_ms=90) for number in range(98)]
        + [change(portal, 98, State.ACCEPTED, latency_ms=40_000), change(portal, 99, State.ACCEPTED, latency_ms=99_000)]
        + [change(portal, 100, State.REJECTED, latency_ms=7_000, ago=slow)]
    )
    steps = build_dashboard(portal.services, DAY).steps
    assert steps[-1].percentiles == (100, 100, 50_000)
    assert steps[-2].percentiles == (None, None, None)
    assert steps[-3].percentiles == (7000, 7000, 7000)


def test_clinics_and_devices_are_told_by_their_rejections(portal):
    scanner, other = Device("abc", "Scanner · abc"), Device("def", "Scanner · def")
    portal.projections.apply(
        [change(portal, number, State.ACCEPTED, device=scanner) for number in range(3)]
        + [change(portal, 3, State.REJECTED, device=other, codes=("truncated", "no-patient"))]
        + [change(portal, 4, State.REJECTED, codes=("truncated",)), change(portal, 5, State.FAILED)]
        + [change(portal, 6, State.ACCEPTED, clinic_id="lakeview", device=other)]
    )
    numbers = build_dashboard(portal.services, DAY)
    north, lake = numbers.clinics
    assert (north.clinic_id, north.files, north.rejected, north.top) == ("northside", 6, 2, ("truncated", 2))
    assert north.rate == pytest.approx(40)
    assert (lake.files, lake.rate, lake.top) == (1, 0, None)
    assert [(row.clinic_id, row.key, row.accepted, row.rejected) for row in numbers.devices] == [
        ("northside", "def", 0, 1),
        ("northside", "abc", 3, 0),
        ("lakeview", "def", 1, 0),
    ]
    only = build_dashboard(portal.services, DAY, "lakeview")
    assert [row.clinic_id for row in (*only.clinics, *only.devices)] == ["lakeview", "lakeview"]
    assert only.counts[State.ACCEPTED] == 1


def test_a_clinic_that_there_is_not_has_no_dashboard(portal):
    with pytest.raises(NotFoundError):
        build_dashboard(portal.services, DAY, "nowhere")


def test_the_queues_age_is_asked_for_only_while_something_waits(portal):
    portal.queue_age.seconds = 90
    assert build_dashboard(portal.services, DAY).pipeline.oldest_s is None
    portal.queue.send([{}])
    assert build_dashboard(portal.services, DAY).pipeline.oldest_s == 90


def test_a_month_costs_what_is_stored_and_what_was_judged(portal):
    changes = [change(portal, 1, State.ACCEPTED), change(portal, 2, State.ACCEPTED, ago=timedelta(days=40))]
    changes = [replace(one, new=replace(one.new, size=GB)) for one in changes]
    duplicate = change(portal, 3, State.ACCEPTED, duplicate=True)
    rejected = change(portal, 4, State.REJECTED, clinic_id="lakeview")
    portal.projections.apply([*changes, duplicate, rejected, change(portal, 5, State.EXPIRED)])

    north, lake = estimate_costs(portal.services)

    assert (north.clinic_id, north.files, north.bytes, north.judged) == ("northside", 2, 2 * GB, 2)
    rates = compute_rates()
    assert north.month == pytest.approx(2 * rates.gb + 2 * rates.record + 2 * rates.verdict)
    assert (lake.clinic_id, lake.files, lake.month) == ("lakeview", 0, pytest.approx(rates.verdict))


def test_files_that_the_sweep_saw_stuck_are_counted_while_they_are(portal):
    waiting, judged = a_file(0), a_file(1, state=State.ACCEPTED)
    portal.table.files |= {file.file_id: file for file in (waiting, judged)}
    at = portal.clock()
    portal.stuck_files.note([StuckFile(file.file_id, "northside", at, at) for file in (waiting, judged)])

    assert build_dashboard(portal.services, DAY).pipeline.stuck == 1
