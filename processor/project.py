"""What follows from a changed record: read from the table's stream, counted, told.

Source: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Lambda triggers".
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from intake.ports import Alerts, Change, Outbox, Projections
from intake.record import now
from intake.tally import ALERT_KINDS
from processor.messages import alert_message


class Projector:
    """Applies changes of records to the sums, and sends the alerts that fall due."""

    def __init__(
        self,
        projections: Projections,
        outbox: Outbox,
        alerts: Alerts,
        portal_origin: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._projections = projections
        self._outbox = outbox
        self._alerts = alerts
        self._portal_origin = portal_origin
        self._clock = clock

    def project(self, changes: Sequence[Change]) -> int:
        """Count the changes and tell what is due. Return how many alerts were sent."""
        self._projections.apply(changes)
        worth_telling = dict.fromkeys(
            (ALERT_KINDS[change.after], change.upload_id) for change in changes if change.after in ALERT_KINDS
        )
        return sum(self.tell(kind, upload_id) for kind, upload_id in worth_telling)

    def tell_pending(self) -> int:
        """Send what came while an alert of its kind was held back. Return how many alerts were sent."""
        return sum(self.tell(kind, upload_id) for kind, upload_id in list(self._outbox.pending_alerts()))

    def tell(self, kind: str, upload_id: str) -> bool:
        """Send one alert if it is due. A crash after sending repeats it; none is lost."""
        due = self._outbox.take_due_alert(kind, upload_id, self._clock())
        if due is None:
            return False
        self._alerts.publish(alert_message(due, self._portal_origin))
        self._outbox.told(due, self._clock())
        return True
