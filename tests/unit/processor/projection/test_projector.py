from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from intake.files.keys import UNASSIGNED
from intake.files.scan import Scan
from intake.files.states import State
from intake.messaging.model import AlertKind, EventKind
from intake.records.file_items import file_item
from intake.table.table import serialize
from intake.tenants.model import Clinic
from processor.handlers.record_changes import read_changes
from processor.projection.projector import CALM, PATIENCE, Projector, describe_completion, list_events
from processor.projection.replacements import Replacements
from tests.fakes import FakeAlerts, FakeDirectory, FakeEvents, FakeProjections, FakeRecords, FakeRepairs, FakeTable
from tests.records import NOON, REFUSAL, UPLOAD_ID, WARNING, a_file, an_instance, an_upload
from tests.unit.intake.projections.test_projections import a_change


@pytest.fixture
def alerts():
    return FakeAlerts()


@pytest.fixture
def clock():
    return [NOON]


@pytest.fixture
def table():
    table = FakeTable()
    table.uploads[UPLOAD_ID] = an_upload(declared=1)
    table.files[a_file(99).file_id] = a_file(99)
    return table


@pytest.fixture
def events():
    return FakeEvents()


@pytest.fixture
def directory():
    directory = FakeDirectory()
    directory.save_clinic(Clinic("northside", "Northside Imaging"))
    return directory


@pytest.fixture
def sums():
    return FakeProjections()


@pytest.fixture
def projector(alerts, events, clock, table, *, directory, sums):
    records = FakeRecords(table)
    return Projector(
        sums,
        sums,
        alerts,
        events=events,
        upload_of=partial(records.upload, None),
        language_of=directory.mail_language,
        replacements=Replacements(FakeRepairs(table), records.get_many, tell_unread=[].append),
        portal_origin="https://portal.test",
        clock=lambda: clock[0],
    )


def _rejections(*numbers):
    return [a_change(number, after=State.REJECTED, codes=("empty-file",)) for number in numbers]


def test_rejections_of_one_upload_are_told_in_one_message(projector, alerts):
    projector.project(_rejections(0, 1, 2))
    projector.project(_rejections(2, 3))

    (alert,) = alerts.published
    assert (alert.kind, alert.clinic_id, alert.severity) == ("file.rejected", "northside", "warning")
    assert alert.subject == "[Silent Scalper] 3 files rejected at northside"
    assert "- 3 x empty-file: The file is empty" in alert.body


def test_what_was_held_back_is_told_by_the_sweep_when_it_has_been_quiet(projector, alerts, clock):
    projector.project(_rejections(0))
    projector.project(_rejections(1, 2))
    assert projector.tell_pending() == 0

    clock[0] += timedelta(minutes=16)
    assert projector.tell_pending() == 1

    assert alerts.published[-1].subject.startswith("[Silent Scalper] 2 files")


def test_a_german_clinic_is_told_in_german_and_its_language_is_asked_once_a_mail(projector, alerts, directory):
    directory.choose_mail_language("northside", "de")
    projector.project([a_change(0), *_rejections(1, 2, 3)])
    projector.project(_rejections(4))
    (alert,) = alerts.published
    assert alert.subject == "[Silent Scalper] 3 Dateien von northside abgelehnt"
    assert "- 3 x empty-file: Die Datei ist leer" in alert.body
    assert directory.language_lookups == 1


def test_a_language_that_is_chosen_is_that_of_the_next_mail(projector, alerts, clock, directory):
    projector.project(_rejections(0))
    directory.choose_mail_language("northside", "de")
    projector.project(_rejections(1))
    clock[0] += timedelta(minutes=16)
    projector.tell_pending()
    assert ["rejected" in alert.subject for alert in alerts.published] == [True, False]


def test_nobody_is_asked_for_a_language_while_no_mail_is_sent(projector, directory):
    projector.project([a_change(0), a_change(1, after=State.EXPIRED)])
    assert directory.language_lookups == 0


@pytest.mark.parametrize(
    ("kind", "clinic_id"),
    [(AlertKind.REVIEW, "northside"), (AlertKind.DISAGREEMENT, "northside"), (AlertKind.QUIET, UNASSIGNED)],
)
def test_what_admins_alone_are_told_is_english(projector, sums, alerts, directory, *, kind, clinic_id):
    directory.choose_mail_language("northside", "de")
    sums.announce(kind, clinic_id, clinic_id, "episode", NOON)
    projector.tell_pending()
    (alert,) = alerts.published
    assert "To protect patients" in alert.body
    assert directory.language_lookups == 0


def test_acceptances_and_expiries_alert_nobody(projector, alerts):
    projector.project([a_change(0), a_change(1, after=State.EXPIRED)])

    assert alerts.published == []


def test_an_alert_names_ids_and_codes_and_no_file(projector, alerts):
    projector.project([a_change(0, after=State.FAILED)])

    (alert,) = alerts.published
    assert alert.severity == "error"
    assert f"https://portal.test/uploads/{UPLOAD_ID}" in alert.body
    assert "slice-0" not in alert.body
    assert alert.subject.isascii()


def _judged(table, states, **upload):
    """Give the upload files in these states, and return the changes that brought them there."""
    table.uploads[UPLOAD_ID] = an_upload(declared=len(states), **upload)
    table.files.clear()
    for number, state in enumerate(states):
        table.files[a_file(number).file_id] = a_file(number, state=state)
    return [a_change(number, after=state) for number, state in enumerate(states)]


def test_a_completed_upload_is_told_once_however_often_its_last_change_is_delivered(projector, alerts, table):
    changes = _judged(table, [State.ACCEPTED, State.ACCEPTED], expected=2)

    for _ in range(3):
        projector.project(changes)

    (alert,) = alerts.published
    assert (alert.kind, alert.clinic_id, alert.severity) == ("upload.completed", "northside", "info")
    assert alert.subject == "[Silent Scalper] Upload complete at northside: all 2 files accepted"
    assert f"https://portal.test/uploads/{UPLOAD_ID}" in alert.body


def test_an_upload_of_unknown_length_is_complete_when_it_has_been_calm(projector, alerts, table, clock):
    projector.project(_judged(table, [State.ACCEPTED, State.FAILED]))
    assert [alert.kind for alert in alerts.published] == ["file.failed"]

    clock[0] += CALM
    assert projector.tell_pending() == 1
    assert alerts.published[-1].subject.endswith("1 accepted, 1 failed on our side")


@pytest.mark.parametrize(
    "ending",
    [
        ([State.ACCEPTED] * 3, {"expected_images": 5}, "2 missing, 3 accepted"),
        ([State.ACCEPTED] * 3, {"expected": 4}, "1 missing, 3 accepted"),
        ([State.ACCEPTED, State.EXPIRED], {}, "1 missing, 1 accepted, 1 never received"),
    ],
)
def test_what_is_missing_is_told_after_ten_minutes_and_never_as_complete(projector, table, clock, ending, request):
    states, upload, told = ending
    alerts, events = request.getfixturevalue("alerts"), request.getfixturevalue("events")
    projector.project(_judged(table, states, **upload))
    clock[0] += PATIENCE - timedelta(seconds=1)
    assert projector.tell_pending() == 0

    clock[0] += timedelta(seconds=1)
    assert projector.tell_pending() == 1
    assert alerts.published[-1].subject == f"[Silent Scalper] Upload incomplete at northside: {told}"
    assert [event.kind for event in events.published] == [EventKind.UPLOAD_INCOMPLETE]
    assert events.published[0].data["state"] == "missing"


def test_an_upload_that_was_told_as_incomplete_is_told_again_when_it_is_complete(projector, alerts, table, clock):
    projector.project(_judged(table, [State.ACCEPTED] * 2, expected=3))
    clock[0] += PATIENCE
    projector.tell_pending()

    clock[0] += timedelta(minutes=15)
    projector.project(_judged(table, [State.ACCEPTED] * 3, expected=3))
    assert [alert.subject.partition("at northside: ")[2] for alert in alerts.published] == [
        "1 missing, 2 accepted",
        "all 3 files accepted",
    ]


def test_an_upload_that_grew_meanwhile_is_told_when_it_is_complete_again(projector, alerts, table, clock):
    projector.project(_judged(table, [State.ACCEPTED]))
    changes = _judged(table, [State.ACCEPTED, State.AWAITING_UPLOAD])
    clock[0] += CALM
    assert projector.tell_pending() == 0

    clock[0] += timedelta(minutes=15)
    changes = _judged(table, [State.ACCEPTED, State.ACCEPTED])
    projector.project(changes)
    clock[0] += CALM
    assert projector.tell_pending() == 1
    assert "all 2 files accepted" in alerts.published[-1].subject


@pytest.mark.parametrize("upload", [{"expected": 3}, {}])
def test_an_upload_with_files_to_come_is_not_complete(projector, alerts, table, clock, upload):
    states = [State.ACCEPTED, State.ACCEPTED if upload else State.AWAITING_UPLOAD]
    projector.project(_judged(table, states, **upload))
    clock[0] += CALM

    assert projector.tell_pending() == 0


def test_what_a_clinic_drops_into_s3_is_never_complete(projector, alerts, table, clock):
    projector.project([a_change(0, source="direct")])
    clock[0] += CALM

    assert projector.tell_pending() == 0


def _keys(pk, sk):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def test_the_stream_tells_of_files_only():
    old = a_file()
    new = a_file(state=State.REJECTED, revision=3, findings=(REFUSAL, WARNING), timings={"arrival_to_verdict": 90})
    records = [
        _record("MODIFY", old, new),
        {"eventName": "MODIFY", "dynamodb": {"Keys": _keys("UPLOAD#x", "#COUNTS"), "NewImage": {}}},
        {"eventName": "INSERT", "dynamodb": {"Keys": _keys("ELSE#x", "FILE#x"), "NewImage": {}}},
        {"eventName": "REMOVE", "dynamodb": {"Keys": _keys("UPLOAD#x", "FILE#x"), "OldImage": {}}},
    ]

    (change,) = read_changes(records)

    assert change == a_change(
        before=State.AWAITING_UPLOAD,
        after=State.REJECTED,
        revision=3,
        codes=("a-refusal",),
        warnings=1,
        latency_ms=90,
        cause="0#a-refusal",
        announced_at=NOON,
    )


def test_what_makes_no_new_revision_is_no_change():
    """A reservation that is prolonged, a scan that is noted: nothing became of the file."""
    file = a_file(state=State.ACCEPTED, revision=2)
    assert not list(read_changes([_record("MODIFY", file, replace(file, scan=Scan.THREAT))]))


def _record(name, old, new):
    image = {
        "Keys": _keys("UPLOAD#x", f"FILE#{new.file_id}"),
        "OldImage": serialize(file_item(old)),
        "NewImage": serialize(file_item(new)),
    }
    return {"eventName": name, "dynamodb": image}


def test_a_rejected_and_a_failed_file_are_told_by_the_ids_of_the_change_feed():
    rejected = a_change(0, after=State.REJECTED, codes=("empty-file",))
    failed = a_change(1, after=State.FAILED, revision=3)

    first, second = list_events([rejected, failed, rejected])

    assert (first.event_id, first.kind) == (f"{a_file(0).file_id}.1", EventKind.FILE_REJECTED)
    assert first.data == {"file_id": a_file(0).file_id, "upload_id": UPLOAD_ID, "codes": ["empty-file"]}
    assert (second.event_id, second.kind) == (f"{a_file(1).file_id}.3", EventKind.FILE_FAILED)


def test_what_was_judged_again_to_the_same_end_is_not_told_again():
    assert list_events([a_change(0, before=State.REJECTED, after=State.REJECTED, revision=2)]) == []


def test_a_batch_tells_once_of_each_study_and_in_any_order_the_same():
    one, other = an_instance("1.2.3", "1.2.3.1"), an_instance("1.2.4", "1.2.4.1")
    changes = [a_change(number, instance=one) for number in range(5)] + [a_change(5, instance=other)]

    events = list_events(changes)

    assert [event.data["study_uid"] for event in events] == ["1.2.3", "1.2.4"]
    assert events[0].event_id == f"{a_file(4).file_id}.1.study"
    assert {event.event_id for event in list_events(changes[::-1])} == {event.event_id for event in events}


def test_an_upload_that_is_complete_again_with_more_files_is_another_event():
    counts = {State.ACCEPTED: 2, State.REJECTED: 1, State.AWAITING_UPLOAD: 0}
    event = describe_completion(an_upload(declared=3, counts=counts), NOON)
    again = describe_completion(an_upload(declared=4, counts=counts), NOON)

    assert event.data["counts"] == {"accepted": 2, "rejected": 1}
    assert event.event_id == f"{UPLOAD_ID}.3.needs_attention.0" != again.event_id


def test_no_event_names_a_file_or_a_patient():
    change = a_change(
        0, after=State.REJECTED, codes=("empty-file",), instance=an_instance("1.2.3", "1.2.3.1", patient="a-digest")
    )
    told = repr(list_events([change]))
    assert "slice" not in told
    assert "a-digest" not in told
