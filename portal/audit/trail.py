"""Reading the audit log: filters as people enter them, pages, and the whole of it as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from intake.files.model import timestamp
from intake.files.outcomes import Page
from intake.operations.model import AuditEntry, AuditFilter
from portal.audit.log import ACTIONS, note
from portal.auth.identity import Identity
from portal.cursors import Cursor, read_rows, seal_page
from portal.presentation import csv_export
from portal.presentation.days import parse_day
from portal.services import Services

PAGE = 50
BATCH = 500
MOST_BYTES = 4_500_000
"""Of an export: Lambda answers with 6 MB at the most."""

COLUMNS = ("Time (UTC)", "Action", "In words", "Clinic", "Who", "Who (id)", "Subject", "Reason", "Details")

GROUPS = {
    "session.": "Signing in and out",
    "file.": "Files",
    "clinic.": "Clinics",
    "person.": "Accounts",
    "partner.": "Partner clients",
    "review.": "Reviews",
    "letter.": "Dead letters",
    "notification.": "Notifications",
    "analytics.": "Analytics",
    "audit.": "The audit log",
}
"""Beginnings of actions → what they have in common."""


def list_groups() -> Mapping[str, dict[str, str]]:
    """Return every action's words by the group that it belongs to, in the order in which people look for them."""
    starts = {f"{action.partition('.')[0]}." for action in ACTIONS}
    ordered = [*(start for start in GROUPS if start in starts), *sorted(starts - GROUPS.keys())]
    return {start: {one: words for one, words in ACTIONS.items() if one.startswith(start)} for start in ordered}


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter as it was entered. Days are UTC's; a day that is none excludes nothing."""

    clinic: str = ""
    person: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in self.fields().items() if value})

    def fields(self) -> Mapping[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}

    def filter(self) -> AuditFilter:
        until = parse_day(self.until)
        return AuditFilter(
            clinic_id=self.clinic,
            actor=self.person,
            action=self.action if self.action in ACTIONS or self.action in list_groups() else "",
            subject=self.subject,
            since=parse_day(self.since),
            until=until + timedelta(days=1, milliseconds=-1) if until else None,
        )


def list_entries(services: Services, identity: Identity, asked: Asked, cursor: Cursor) -> Page[AuditEntry]:
    """Return a page, newest first. Raises InvalidCursorError."""
    read = partial(services.audit.entries, asked.filter(), limit=PAGE)
    return seal_page(services, identity, cursor, read, **asked.fields())


def export_entries(services: Services, identity: Identity, asked: Asked) -> Iterator[str]:
    """Note that the log is exported, and return it line by line, the newest entry first.

    One that would be too large ends with a line that says where to go on.
    """
    note(services, identity, "audit.export", clinic_id=asked.clinic, filter=asked.query or "none")
    return _write_lines(services, asked.filter())


def _write_lines(services: Services, wanted: AuditFilter) -> Iterator[str]:
    written = 0
    yield csv_export.write_row(COLUMNS)
    for entry in read_rows(partial(services.audit.entries, wanted, limit=BATCH)):
        line = csv_export.write_row(_list_cells(entry))
        written += len(line.encode())
        if written > MOST_BYTES:
            yield csv_export.write_row([f"Cut here. Export again with an end of {entry.at:%Y-%m-%d} for the rest."])
            return
        yield line


def _list_cells(entry: AuditEntry) -> tuple[str, ...]:
    return (
        timestamp(entry.at),
        entry.action,
        ACTIONS.get(entry.action, entry.action),
        entry.clinic_id,
        entry.actor_name,
        entry.actor,
        entry.subject,
        entry.reason,
        "; ".join(f"{name}: {value}" for name, value in sorted(entry.detail.items())),
    )
