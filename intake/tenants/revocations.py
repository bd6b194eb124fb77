"""Access that was ended, in the table, behind the `Revocations` port: one small item each, which goes by TTL."""

from datetime import datetime, timedelta

from intake.errors import RevocationsUnknownError
from intake.table.expressions import SYSTEM, replacement
from intake.table.items import Item
from intake.table.table import Table, unavailable_as
from intake.tenants.model import Revoked

KEPT = timedelta(hours=24)
"""Twice as long as any session lasts, so that no token that outlives its item is good for anything."""


class DynamoRevocations:
    """Read by key and consistently: whoever asks after an item was written sees it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def revoke_session(self, session_id: str, at: datetime) -> None:
        with unavailable_as(RevocationsUnknownError):
            self._table.put(_item(_session_key(session_id), at), SYSTEM)

    def revoke_sign_ins(self, subject: str, at: datetime) -> None:
        # Two admins' clocks may differ, and a repetition may come late: the later moment stays.
        item = _item(_subject_key(subject), at)
        with unavailable_as(RevocationsUnknownError):
            self._table.write_if(
                replacement(item, SYSTEM, condition="ended_at < :at", values={":at": item["ended_at"]})
            )

    def find(self, session_id: str, subject: str) -> Revoked:
        with unavailable_as(RevocationsUnknownError):
            session, person = self._find_end(_session_key(session_id)), self._find_end(_subject_key(subject))
        return Revoked(session is not None, Revoked().sign_ins_until if person is None else person)

    def _find_end(self, key: Item) -> int | None:
        item = self._table.get(key)
        return int(item["ended_at"]) if item else None


def _session_key(session_id: str) -> Item:
    return {"pk": f"REVOKED#SESSION#{session_id}", "sk": "#REVOKED"}


def _subject_key(subject: str) -> Item:
    return {"pk": f"REVOKED#SUBJECT#{subject}", "sk": "#REVOKED"}


def _item(key: Item, at: datetime) -> Item:
    return {**key, "ended_at": int(at.timestamp()), "expires": int((at + KEPT).timestamp())}
