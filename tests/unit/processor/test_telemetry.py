"""What is told of a message that failed: in the log each time, and for admins the last time."""

import io
import json

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import ClientError

from intake.errors import ContentionError
from intake.messaging.retries import MAX_RECEIVES
from processor.telemetry import FailureNotes, logger, report_trouble
from tests.fakes import FakeLastErrors


def a_record(deliveries):
    return SQSRecord({"messageId": "m1", "attributes": {"ApproximateReceiveCount": str(deliveries)}})


def refused():
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "of a key"}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "told"), [(ContentionError("busy"), "ContentionError"), (refused(), "ClientError AccessDenied")]
)
def test_the_last_delivery_leaves_a_note_of_class_and_code(error, told):
    errors = FakeLastErrors()
    FailureNotes(errors).note(a_record(MAX_RECEIVES), error)
    assert errors.find(["m1"])["m1"].error == told


def test_earlier_deliveries_leave_none():
    errors = FakeLastErrors()
    FailureNotes(errors).note(a_record(MAX_RECEIVES - 1), ContentionError("busy"))
    assert not errors.noted


def test_a_note_that_cannot_be_written_does_not_keep_the_message():
    class Failing:
        def note(self, error):
            raise refused()

    FailureNotes(Failing()).note(a_record(MAX_RECEIVES), ContentionError("busy"))


@pytest.mark.parametrize("error", [ContentionError("busy"), refused(), ValueError("a name")])
def test_every_error_can_be_logged_and_none_with_a_foreign_text(monkeypatch, error):
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    report_trouble(error)
    line = json.loads(stream.getvalue())
    assert line["error"] == type(error).__name__
    assert "of a key" not in json.dumps(line)
    assert "a name" not in json.dumps(line)
