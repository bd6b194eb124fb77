"""The audit log in a table of its own, behind the `AuditLog` port. No role may change or remove what stands there.

Keys: `pk` is the year and `sk` the time with a random end; indexes `by_clinic` and `by_actor` are sorted likewise.
"""

import re
import secrets

from intake.errors import InvalidCursorError
from intake.files.model import now, timestamp
from intake.files.outcomes import Page
from intake.operations.model import AuditEntry, AuditFilter
from intake.table.expressions import NO_CLINIC, clinic, creation
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

_FIRST_YEAR = 2026
"""Nothing was audited before the product was."""
_READS = 12
"""Queries a page may cost: a filter that matches little gives short pages rather than slow ones."""
_POSITION = re.compile(r"[0-9]{4}-(?:~|[0-9:.TZ-]{1,40}#[0-9a-f]{12})")
"""An entry's sort key, or the end of a year."""


class DynamoAudit:
    """Appends entries and finds them again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, entry: AuditEntry) -> None:
        owner = clinic(entry.clinic_id) if entry.clinic_id else NO_CLINIC
        self._table.write(creation(_item(entry), owner))

    def entries(self, wanted: AuditFilter, after: str | None, limit: int) -> Page[AuditEntry]:
        position = None if after is None else _check_position(wanted, after)
        year = int(position[:4]) if position else (wanted.until or now()).year
        rows: list[Item] = []
        for _ in range(_READS):
            if year < _first_year(wanted) or len(rows) == limit:
                break
            found, reached = self._table.query(_query(wanted, year, position, limit - len(rows)))
            rows += found
            # An index holds all years of its clinic or actor; the table itself has a partition for each.
            year = year if reached else 0 if _index(wanted) else year - 1
            position = str(reached["sk"]) if reached else f"{year}-~"
        more = year >= _first_year(wanted)
        return Page(tuple(map(_entry, rows)), position if more else None)


def _query(wanted: AuditFilter, year: int, position: str | None, limit: int) -> Query:
    index, attribute, value = _index(wanted) or (None, "pk", str(year))
    filters, values = _filters(wanted)
    return Query(
        value,
        index=index,
        partition=attribute,
        between=(_first_key(wanted), _last_key(wanted)),
        where=" AND ".join(filters.values()),
        values=values,
        names={f"#{name}": name for name in filters},
        limit=limit,
        start={"pk": position[:4], "sk": position, attribute: value} if position else {},
        newest_first=True,
    )


def _first_key(wanted: AuditFilter) -> str:
    return timestamp(wanted.since) if wanted.since else "0"


def _last_key(wanted: AuditFilter) -> str:
    return f"{timestamp(wanted.until)}~" if wanted.until else "~"


def _check_position(wanted: AuditFilter, position: str) -> str:
    """Return a position, from which DynamoDB can go on. Raises InvalidCursorError."""
    if not (_POSITION.fullmatch(position) and _first_key(wanted) <= position <= _last_key(wanted)):
        raise InvalidCursorError("the position is not one of these entries")
    return position


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


def _first_year(wanted: AuditFilter) -> int:
    return max(_FIRST_YEAR, wanted.since.year if wanted.since else _FIRST_YEAR)


def _item(entry: AuditEntry) -> Item:
    at = timestamp(entry.at)
    return {
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
