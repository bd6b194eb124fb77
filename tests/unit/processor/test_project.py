from datetime import timedelta

import pytest

from intake.items import file_item, wire
from intake.states import State
from processor.project import Projector
from processor.stream import changes
from tests.fakes import FakeAlerts, FakeProjections
from tests.records import NOON, REFUSAL, UPLOAD_ID, WARNING, a_file
from tests.unit.intake.test_projections import a_change


@pytest.fixture
def alerts():
    return FakeAlerts()


@pytest.fixture
def clock():
    return [NOON]


@pytest.fixture
def projector(alerts, clock):
    sums = FakeProjections()
    return Projector(sums, sums, alerts, "https://portal.test", clock=lambda: clock[0])


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


def test_the_stream_tells_of_files_only():
    old = a_file()
    new = a_file(state=State.REJECTED, revision=3, findings=(REFUSAL, WARNING), timings={"arrival_to_verdict": 90})
    event = {
        "Records": [
            _record("MODIFY", old, new),
            {"eventName": "MODIFY", "dynamodb": {"Keys": {"sk": {"S": "#COUNTS"}}, "NewImage": {}}},
            {"eventName": "REMOVE", "dynamodb": {"Keys": {"sk": {"S": "FILE#x"}}, "OldImage": {}}},
        ]
    }

    (change,) = changes(event)

    assert change == a_change(
        before=State.AWAITING_UPLOAD,
        after=State.REJECTED,
        revision=3,
        codes=("a-refusal",),
        warnings_after=1,
        latency_ms=90,
    )


def _record(name, old, new):
    image = {
        "Keys": {"sk": {"S": f"FILE#{new.file_id}"}},
        "OldImage": wire(file_item(old)),
        "NewImage": wire(file_item(new)),
    }
    return {"eventName": name, "dynamodb": image}
