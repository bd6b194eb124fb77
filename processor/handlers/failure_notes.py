"""Why a message is given up: noted at its last delivery, for whoever finds it among the dead letters."""

from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from intake.files.model import now
from intake.operations.model import LastError
from intake.operations.ports import LastErrors
from processor.telemetry import describe, report_trouble

LAST_DELIVERY = 5
"""As `infra/messaging.py` sets `max_receive_count`."""


@dataclass(frozen=True, slots=True)
class FailureNotes:
    """Notes what went wrong with messages that will not be delivered again."""

    last_errors: LastErrors

    def note(self, record: SQSRecord, error: Exception) -> None:
        """Note an error. That the note itself fails is logged: the message must be given back all the same."""
        if int(record.attributes.approximate_receive_count) < LAST_DELIVERY:
            return
        told = describe(error)
        text = " ".join(filter(None, (told["error"], told.get("code"))))
        try:
            self.last_errors.note(LastError(record.message_id, text, now()))
        except (BotoCoreError, ClientError) as failure:
            report_trouble(failure)
