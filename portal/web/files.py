"""The list of files, and each file's page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from intake.record import FileRecord, Finding, Severity
from intake.states import State
from portal import files as seen
from portal import words
from portal.identity import Identity
from portal.pages import render
from portal.services import Services, services_of
from portal.session import staff
from portal.web.facts import Fact, sections

router = APIRouter(prefix="/files", default_response_class=HTMLResponse, include_in_schema=False)

Staff = Annotated[Identity, Depends(staff)]
Collaborators = Annotated[Services, Depends(services_of)]

LIST = 50
"""Files a page."""


@router.get("")
def files_page(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    state: Annotated[str, Query(max_length=40)] = "",
    since: Annotated[str, Query(max_length=40)] = "",
    cursor: str | None = None,
) -> Response:
    chosen = words.STATES.get(state)
    day = _day(since)
    page = seen.files(services, identity, state=chosen, since=day, cursor=cursor, limit=LIST)
    state, since = (chosen or ""), f"{day:%Y-%m-%d}" if day else ""
    return render(
        request,
        "files.html",
        state=state,
        since=since,
        files=page.rows,
        states=[(option.value, look.label) for option, look in words.LOOKS.items()],
        today=f"{services.clock():%Y-%m-%d}",
        newest=_address(state=state, since=since) if cursor else None,
        following=_address(state=state, since=since, cursor=page.next) if page.next else None,
    )


@router.get("/{file_id}")
def file_page(request: Request, identity: Staff, services: Collaborators, file_id: str) -> Response:
    record = seen.file(services, identity, file_id)
    return render(
        request,
        "file.html",
        file=record,
        look=words.look(record),
        findings=_worst_first(record.findings),
        sections=sections(record.metadata),
        particulars=_particulars(record),
        held=_held(record),
        downloadable=record.state is State.ACCEPTED and not identity.is_admin,
    )


@router.get("/{file_id}/download")
def download(identity: Staff, services: Collaborators, file_id: str) -> Response:
    """Lead to S3, which serves exactly the version that was judged."""
    return RedirectResponse(seen.download(services, identity, file_id).url, 303)


def _address(**query: str) -> str:
    kept = {name: value for name, value in query.items() if value}
    return "/files" + (f"?{urlencode(kept)}" if kept else "")


def _day(text: str) -> datetime | None:
    """Return the beginning of a day, in UTC; what is no day filters nothing."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity is not Severity.REJECT)


def _particulars(record: FileRecord) -> list[Fact]:
    """Return what we know of a file besides its content."""
    told = [
        Fact("Kind", words.kind(record.kind)),
        Fact("Size", words.size(record.size)),
        Fact("Sent by", words.SOURCES[record.source]),
        Fact("Time to verdict", _time_to_verdict(record)),
        Fact("SHA-256", record.sha256 or "", exact=True),
        Fact("Rules version", record.rules_version or ""),
        Fact("Clinic", record.clinic_id),
        Fact("File ID", record.file_id, exact=True),
    ]
    return [fact for fact in told if fact.text]


def _held(record: FileRecord) -> int:
    """Return how many files an archive holds; nothing for what is no archive, or was not unpacked."""
    unpacked = record.kind == "zip" and record.state is State.ACCEPTED and record.duplicate_of is None
    return int(record.metadata.get("entries", 0)) if unpacked else 0


def _time_to_verdict(record: FileRecord) -> str:
    took = record.timings.get("arrival_to_verdict")
    return "" if took is None else f"{words.duration(took)} after it arrived"
