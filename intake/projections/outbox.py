"""Alerts that wait to be sent, in the table, behind the `Outbox` port.

The projection adds to them in its transactions, or announces them once for each episode, so none is lost; a lease keeps
two workers from sending the same one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from intake.files.item_keys import OUTBOX, alert_key
from intake.files.model import timestamp
from intake.projections.model import DueAlert
from intake.table.expressions import SYSTEM, addition, clinic, update
from intake.table.items import collect_sums, expiry
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

QUIET = timedelta(minutes=15)
"""How long an alert's repetitions are held back and counted."""

_LEASE = timedelta(minutes=1)


class DynamoOutbox:
    """Hands out what is due."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def announce(
        self,
        kind: str,
        clinic_id: str,
        subject: str,
        episode: str,
        due_at: datetime,
        *,
        count: int = 1,
        counts: Mapping[str, int] = {},
    ) -> None:
        facts = {"clinic_id": clinic_id, "episode": episode, "due_at": timestamp(due_at), "expires": expiry()}
        announced = update(
            alert_key(kind, subject),
            clinic(clinic_id),
            sets=facts,
            sums={"pending": count, **{f"code_{name}": number for name, number in counts.items()}},
            condition="attribute_not_exists(episode) OR episode <> :episode",
            values={":episode": episode},
            new=True,
        )
        self._table.write_if(announced)

    def take_due_alert(self, kind: str, subject: str, at: datetime) -> DueAlert | None:
        # Whoever sends alerts learns here whose this one is, and so cannot say it beforehand.
        leased = update(
            alert_key(kind, subject),
            SYSTEM,
            sets={"leased_until": timestamp(at + _LEASE)},
            condition=(
                "pending > :none AND (attribute_not_exists(leased_until) OR leased_until < :now)"
                " AND (attribute_not_exists(told_at) OR told_at <= :quiet)"
                " AND (attribute_not_exists(due_at) OR due_at <= :now)"
            ),
            values={":none": 0, ":now": timestamp(at), ":quiet": timestamp(at - QUIET)},
        )
        try:
            row = self._table.update_and_get(leased)
        except ConditionFailedError:
            return None
        codes, first = collect_sums(row, "code_"), [row.get(name, "") for name in ("first_file_id", "first_upload_id")]
        return DueAlert(kind, row["clinic_id"], subject, row["pending"], codes, *first)

    def mark_told(self, alert: DueAlert, at: datetime) -> None:
        sums = Counter({"pending": -alert.count, **{f"code_{code}": -n for code, n in alert.codes.items()}})
        told = addition(
            alert_key(alert.kind, alert.subject),
            sums,
            clinic(alert.clinic_id),
            sets={"told_at": timestamp(at), "expires": expiry()},
            remove=["leased_until"],
        )
        self._table.write(told)

    def list_pending_alerts(self) -> Iterable[tuple[str, str]]:
        for item in self._table.items(Query(OUTBOX, where="pending > :none", values={":none": 0})):
            kind, _, subject = item["sk"].partition("#")
            yield kind, subject
