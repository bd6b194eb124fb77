"""The list of files, and each file's page."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from intake.files.keys import UNASSIGNED
from intake.files.model import FileRecord, Severity, read_study_uid
from intake.files.states import State
from intake.rules import is_note
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import formatting, labels
from portal.quarantine import orders
from portal.search.files import find_files
from portal.uploads import visibility as seen
from portal.web.clinic.search_form import Searched, lead_to_search
from portal.web.layout.facts import Fact, list_sections
from portal.web.layout.pages import Fields, Staff, build_page_links

router = APIRouter(prefix="/files")

OTHER_ROADS = frozenset({"rewrapped", "re-encoded"})
"""Findings in a duplicate whose bytes are not those of the first."""

LIST = 50
"""Files a page."""


@router.get("")
def files_page(
    request: Request, identity: Staff, services: Collaborators, cursor: PageCursor, wanted: Searched
) -> Response:
    """List files by what the address asks for. Raises InvalidCursorError."""
    found = find_files(services, identity, wanted.asked, cursor, LIST)
    return render(
        request,
        "files.html",
        files=found.files.rows,
        uploads=found.uploads,
        states=[(option.value, badge.label) for option, badge in labels.STATE_BADGES.items()],
        nobody=UNASSIGNED,
        looked_back_to=found.files.looked_back_to,
        **wanted.build_context(services, identity),
        **build_page_links("/files", cursor, found.files.next, **wanted.query),
    )


@router.post("/search")
def search(identity: Staff, services: Collaborators, fields: Fields) -> Response:
    return lead_to_search("/files", services, identity, fields)


@router.get("/{file_id}")
def file_page(request: Request, identity: Staff, services: Collaborators, file_id: str) -> Response:
    record = seen.read_file(services, identity, file_id)
    accepted = record.state is State.ACCEPTED
    unpacked = record.kind == "zip" and accepted and record.duplicate_of is None
    uid = read_study_uid(record.metadata) if record.kind == "dicom" and accepted else ""
    return render(
        request,
        "file.html",
        file=record,
        state_badge=labels.choose_file_badge(record),
        findings=sorted(
            (found for found in record.findings if not is_note(found)),
            key=lambda found: found.severity is not Severity.REJECT,
        ),
        notes=[found for found in record.findings if is_note(found)],
        sections=list_sections(record.metadata),
        particulars=_list_particulars(record),
        # Files that an archive holds; none for what is no archive, or was not unpacked.
        held=int(record.metadata.get("entries", 0)) if unpacked else 0,
        study=services.ids.study(record.clinic_id, uid) if uid else "",
        other_road=bool(OTHER_ROADS.intersection(found.code for found in record.findings)),
        shown=record.kind if seen.is_shown(record) else "",
        downloadable=accepted and not identity.is_admin,
        order_id=orders.new_order_id(),
    )


@router.get("/{file_id}/preview")
def preview(identity: Staff, services: Collaborators, file_id: str) -> Response:
    """Lead to S3, which shows exactly the version that was judged, as its kind and nothing else."""
    return RedirectResponse(seen.sign_preview(services, identity, file_id).url, 303)


@router.get("/{file_id}/download")
def download(identity: Staff, services: Collaborators, file_id: str) -> Response:
    """Lead to S3, which serves exactly the version that was judged."""
    return RedirectResponse(seen.sign_download(services, identity, file_id).url, 303)


def _list_particulars(record: FileRecord) -> list[Fact]:
    """Return what we know of a file besides its content."""
    took = record.timings.get("arrival_to_verdict")
    told = [
        Fact("Kind", labels.name_kind(record.kind)),
        Fact("Size", formatting.format_size(record.size)),
        Fact("Sent by", labels.SOURCES[record.source]),
        Fact("Time to verdict", "" if took is None else f"{formatting.format_duration(took)} after it arrived"),
        Fact("SHA-256", record.sha256 or "", exact=True),
        Fact("Rules version", record.rules_version or ""),
        Fact("Clinic", labels.name_clinic(record.clinic_id)),
        Fact("File ID", record.file_id, exact=True),
    ]
    return [fact for fact in told if fact.text]
