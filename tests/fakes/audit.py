"""The audit log, in memory."""

from dataclasses import dataclass, field

from intake.files.outcomes import Page
from intake.operations.model import AuditEntry, AuditFilter


@dataclass
class FakeAudit:
    """Keeps entries in the order they were written."""

    written: list[AuditEntry] = field(default_factory=list)

    def write(self, entry: AuditEntry) -> None:
        self.written.append(entry)

    def entries(self, wanted: AuditFilter, after: str | None, limit: int) -> Page[AuditEntry]:
        matching = [entry for entry in reversed(self.written) if _matches(entry, wanted)]
        start = int(after or 0)
        more = len(matching) > start + limit
        return Page(tuple(matching[start : start + limit]), str(start + limit) if more else None)


def _matches(entry: AuditEntry, wanted: AuditFilter) -> bool:
    action = entry.action.startswith(wanted.action) if wanted.action.endswith(".") else entry.action == wanted.action
    return (
        wanted.clinic_id in {"", entry.clinic_id}
        and wanted.actor in {"", entry.actor}
        and wanted.subject in {"", entry.subject}
        and (not wanted.action or action)
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at <= wanted.until)
    )
