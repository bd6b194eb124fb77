"""The audit log in a table of its own, and last errors, quiet clinics and stuck files among the records.

Keys of the audit log, where no role may change or remove what stands there: `pk` is the year and `sk` the time with a
random end; indexes `by_clinic` and `by_actor` are sorted likewise.
"""

import re
import secrets
import time
from collections.abc import Sequence
from datetime import datetime

from intake.errors import InvalidCursorError
from intake.files.model import now, timestamp
from intake.files.outcomes import Page
from intake.operations.model import AuditEntry, AuditFilter, LastError, QuietClinic, StuckFile
from intake.table.expressions import NO_CLINIC, SYSTEM, clinic, creation
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import Table

_FIRST_YEAR = 2026
"""Nothing was audited before the product was."""
_READS = 12
"""Queries a page may cost: a filter that matches little gives short pages rather than slow ones."""
_POSITION = re.compile(r"[0-9]{4}-(?:~|[0-9:.TZ-]{1,40}#[0-9a-f]{12})")
"""An entry's sort key, or the end of a year."""

_QUIET: Item = {"pk": "WATCH", "sk": "#QUIET"}
_STUCK = "STUCK"
_STUCK_S = 3600


class DynamoAudit:
    """Appends entries and finds them again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, entry: AuditEntry) -> None:
        owner = clinic(entry.clinic_id) if entry.clinic_id else NO_CLINIC
        at = timestamp(entry.at)
        item = {
            "pk": at[:4],
            "sk": f"{at}#{secrets.token_hex(6)}",
            "at": at,
            "actor": entry.actor,
            "actor_name": entry.actor_name,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "detail": entry.detail,
        }
        self._table.write(creation(item, owner))

    def entries(self, wanted: AuditFilter, after: str | None, limit: int) -> Page[AuditEntry]:
        first, last = _key_range(wanted)
        if after is not None and not (_POSITION.fullmatch(after) and first <= after <= last):
            raise InvalidCursorError("the position is not one of these entries")
        rows: list[Item] = []
        position = after
        year = int(position[:4]) if position else (wanted.until or now()).year
        first_year = max(_FIRST_YEAR, wanted.since.year if wanted.since else _FIRST_YEAR)
        for _ in range(_READS):
            if year < first_year or len(rows) == limit:
                break
            found, reached = self._table.query(_query(wanted, year, position, limit - len(rows)))
            rows += found
            # An index holds all years of its clinic or actor; the table itself has a partition for each.
            year = year if reached else 0 if _index(wanted) else year - 1
            position = str(reached["sk"]) if reached else f"{year}-~"
        return Page(tuple(map(_entry, rows)), position if year >= first_year else None)


def _query(wanted: AuditFilter, year: int, position: str | None, limit: int) -> Query:
    index, attribute, value = _index(wanted) or (None, "pk", str(year))
    filters, values = _filters(wanted)
    return Query(
        value,
        index=index,
        partition=attribute,
        between=_key_range(wanted),
        where=" AND ".join(filters.values()),
        values=values,
        names={f"#{name}": name for name in filters},
        limit=limit,
        start={"pk": position[:4], "sk": position, attribute: value} if position else {},
        newest_first=True,
    )


def _key_range(wanted: AuditFilter) -> tuple[str, str]:
    """Return the first and the last sort key that an entry may have."""
    first = timestamp(wanted.since) if wanted.since else "0"
    return first, f"{timestamp(wanted.until)}~" if wanted.until else "~"


def _index(wanted: AuditFilter) -> tuple[str, str, str] | None:
    """Return the narrowest index, its key attribute and the key, or None for the table itself."""
    if wanted.clinic_id:
        return "by_clinic", "clinic_id", wanted.clinic_id
    return ("by_actor", "actor", wanted.actor) if wanted.actor else None


def _filters(wanted: AuditFilter) -> tuple[dict[str, str], dict[str, str]]:
    """Return the conditions that no key answers, by attribute, and their values."""
    texts = {"action": wanted.action, "subject": wanted.subject}
    if wanted.clinic_id:
        texts["actor"] = wanted.actor
    given = {name: text for name, text in texts.items() if text}
    whole = {name: f"#{name} = :{name}" for name in given}
    if wanted.action.endswith("."):
        whole["action"] = "begins_with(#action, :action)"
    return whole, {f":{name}": text for name, text in given.items()}


def _entry(item: Item) -> AuditEntry:
    return AuditEntry(
        at=moment(item["at"]),
        actor=item["actor"],
        actor_name=item["actor_name"],
        action=item["action"],
        clinic_id="" if item["clinic_id"] == NO_CLINIC.name else item["clinic_id"],
        subject=item["subject"],
        reason=item["reason"],
        detail=item["detail"],
    )


class DynamoLastErrors:
    """Notes and reads why messages were given up. A message keeps its id on its way to the dead letters."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, error: LastError) -> None:
        # A queue keeps its messages for 14 days: the note that outlives none of them lapses after as many.
        item = {
            **_last_error_key(error.message_id),
            "error": error.error,
            "at": timestamp(error.at),
            "expires": expiry() + 7 * 86_400,
        }
        self._table.put(item, SYSTEM)

    def find(self, message_ids: Sequence[str]) -> dict[str, LastError]:
        items = self._table.batch_get(list(map(_last_error_key, message_ids)))
        found = zip(message_ids, items, strict=True)
        return {name: LastError(name, item["error"], moment(item["at"])) for name, item in found if item}


def _last_error_key(message_id: str) -> Item:
    return {"pk": f"LASTERROR#{message_id}", "sk": "#LASTERROR"}


class DynamoWatch:
    """Keeps what the scheduled look noted last, in one small item that is written over."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def quiet(self) -> tuple[QuietClinic, ...]:
        noted = self._table.get(_QUIET, consistent=False)
        rows = noted["clinics"] if noted else []
        return tuple(QuietClinic(row["clinic_id"], row["usual"], moment(row["since"])) for row in rows)

    def note_quiet(self, clinics: Sequence[QuietClinic], at: datetime) -> None:
        rows = [{"clinic_id": one.clinic_id, "usual": one.usual, "since": timestamp(one.since)} for one in clinics]
        self._table.put({**_QUIET, "clinics": rows, "at": timestamp(at)}, SYSTEM)


class DynamoStuckFiles:
    """Notes and lists stuck files: one small item each, in one partition."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, files: Sequence[StuckFile]) -> None:
        for file in files:
            item = {
                "pk": _STUCK,
                "sk": file.file_id,
                "clinic_id": file.clinic_id,
                "arrived_at": timestamp(file.arrived_at),
                "seen_at": timestamp(file.seen_at),
                "expires": int(time.time()) + _STUCK_S,
            }
            self._table.put(item, clinic(file.clinic_id))

    def list_seen(self, since: datetime, limit: int) -> tuple[StuckFile, ...]:
        rows = self._table.items(Query(_STUCK, where="seen_at >= :since", values={":since": timestamp(since)}))
        found = (
            StuckFile(row["sk"], row["clinic_id"], moment(row["arrived_at"]), moment(row["seen_at"])) for row in rows
        )
        return tuple(sorted(found, key=lambda file: file.arrived_at)[:limit])
