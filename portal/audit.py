"""Notes what people do, before it is done: what cannot be noted does not happen. And reads it again, for admins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from intake.files.model import timestamp
from intake.files.outcomes import Page
from intake.languages import mark
from intake.operations.model import AuditEntry, AuditFilter
from portal.auth.identity import Identity
from portal.cursors import Cursor, read_rows, seal_page
from portal.presentation import csv_export
from portal.presentation.formatting import parse_day
from portal.services import Services

ACTIONS: dict[str, str] = {
    "session.begin": "Signed in",
    "session.end": "Signed out",
    "clinic.create": "Created a clinic",
    "clinic.describe": "Changed a clinic's name or contact",
    "clinic.language": "Chose the language of a clinic's emails",
    "clinic.deactivate": "Deactivated a clinic",
    "clinic.activate": "Activated a clinic",
    "clinic.profile": "Changed how a clinic's files are judged",
    "person.invite": "Invited somebody",
    "person.join": "Gave an account its place",
    "person.remind": "Sent an invitation again",
    "person.promote": "Made somebody lead of a clinic",
    "person.demote": "Took the lead of a clinic back",
    "person.disable": "Disabled an account",
    "person.enable": "Enabled an account",
    "person.reset-password": "Reset a password",
    "person.reset-mfa": "Reset an authenticator app",
    "partner.create": "Created a partner client",
    "partner.rotate": "Rotated a partner client",
    "partner.revoke": "Revoked a partner client",
    "analytics.run": "Ran a saved query",
    "audit.export": "Exported the audit log",
    "file.download": "Downloaded a file",
    "file.take-out": "Took out files of a study or an upload",
    "study.view": "Opened a series in the viewer",
    "file.preview": "Looked at a file in the browser",
    "file.export": "Exported the list of rejected files",
    "study.share": "Made a link to an exam",
    "study.unshare": "Closed a link to an exam",
    "study.open-shared": "Opened an exam by a link",
    "study.label": "Changed the labels of an exam",
    "file.reprocess": "Had files checked again",
    "file.dry-run": "Tried how files would be judged today",
    "file.accept": "Asked for a reviewed file to be accepted",
    "file.delete": "Asked for files to be deleted from quarantine",
    "file.withdraw": "Gave up files that were announced and did not come",
    "file.deal": "Dealt with files that were not accepted or never came",
    "file.replace": "Told which file replaces another",
    "file.reopen": "Reopened a file",
    "upload.close": "Said that nothing more is coming for an upload",
    "upload.reopen": "Reopened an upload",
    "expected.add": "Said which exams are expected",
    "expected.cancel": "Cancelled an expected exam",
    "expected.restore": "Expects a cancelled exam again",
    "expected.hour": "Chose when the clinic is told what did not come",
    "review.propose": "Proposed to accept a rejected file",
    "review.confirm": "Agreed to accept a rejected file",
    "review.decline": "Declined to accept a rejected file",
    "review.accepted": "Accepted a file after review",
    "review.refused": "Did not accept a file in spite of a review",
    "letter.redrive": "Redrove dead letters",
    "letter.discard": "Discarded a dead letter",
    "rebuild.audit": "Had counts compared with the records",
    "rebuild.start": "Had counts made anew from the records",
    "rebuild.stop": "Stopped a rebuild or an audit",
    "subscription.add": "Subscribed an address to messages",
    "subscription.change": "Changed what an address is told",
    "subscription.ask": "Asked an address again to confirm",
    "subscription.remove": "Removed an address from messages",
}
"""Every action that may be noted → what the audit log calls it, in the past tense: `Reprocessed a file`."""


def note(
    services: Services,
    identity: Identity,
    action: str,
    *,
    clinic_id: str = "",
    subject: str = "",
    reason: str = "",
    **detail: str,
) -> None:
    """Write one entry. `detail` holds ids, codes and numbers only; raises KeyError for an action that has no name."""
    ACTIONS[action]
    services.audit.write(
        AuditEntry(
            at=services.clock(),
            actor=identity.subject,
            actor_name=identity.display_name,
            action=action,
            clinic_id=clinic_id,
            subject=subject,
            reason=reason,
            detail=detail,
        )
    )


DETAILS = {
    "codes": "Causes",
    "conflicts": "Known SOP Instance UIDs",
    "conflicts_with": "Conflicts with",
    "contact": "Contact",
    "days": "Days",
    "exams": "Exams",
    "files": "Files",
    "filter": "Filter",
    "group": "Group",
    "hour": "Hour",
    "kinds": "Kinds",
    "link": "Link",
    "name": "Name",
    "names": "Names of patients in lists",
    "of": "Of",
    "proposer": "Proposed by",
    "queue": "Queue",
    "reason_code": "Reason",
    "rebuild": "Rebuild or audit",
    "replaces": "Replaces",
    "scopes": "Scopes",
    "source": "Source",
    "units": "Read units a second",
}
"""Names of details → what pages call them; a table keeps the names, as programs read them."""

WORDS = frozenset({mark("changed"), mark("shown"), mark("hidden"), mark("none")})
"""Values of details that are words, and so are translated where they are shown."""

PAGE = 50
BATCH = 500
MOST_BYTES = 4_500_000
"""Of an export: Lambda answers with 6 MB at the most."""

COLUMNS = ("Time (UTC)", "Action", "In words", "Clinic", "Who", "Who (id)", "Subject", "Reason", "Details")

GROUPS = {
    "session.": "Signing in and out",
    "file.": "Files",
    "upload.": "Uploads",
    "study.": "Exams: links and labels",
    "expected.": "Expected exams",
    "clinic.": "Clinics",
    "person.": "Accounts",
    "partner.": "Partner clients",
    "review.": "Reviews",
    "letter.": "Dead letters",
    "rebuild.": "Audits and rebuilds of counts",
    "subscription.": "Notifications",
    "analytics.": "Analytics",
    "audit.": "The audit log",
}
"""Beginnings of actions → what they have in common, in the order in which people look for them."""


def list_groups() -> Mapping[str, dict[str, str]]:
    """Return every action's words by the group that it belongs to."""
    return {start: {one: words for one, words in ACTIONS.items() if one.startswith(start)} for start in GROUPS}


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
            action=self.action if self.action in ACTIONS or self.action in GROUPS else "",
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
        detail = "; ".join(f"{name}: {value}" for name, value in sorted(entry.detail.items()))
        words = ACTIONS.get(entry.action, entry.action)
        who = (entry.clinic_id, entry.actor_name, entry.actor)
        line = csv_export.write_row(
            [timestamp(entry.at), entry.action, words, *who, entry.subject, entry.reason, detail]
        )
        written += len(line.encode())
        if written > MOST_BYTES:
            yield csv_export.write_row([f"Cut here. Export again with an end of {entry.at:%Y-%m-%d} for the rest."])
            return
        yield line
