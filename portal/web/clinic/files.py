"""The list of files, and each file's page."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from intake.files.dealing import OF_FILES
from intake.files.item_keys import RANKS
from intake.files.keys import UNASSIGNED, is_file_id
from intake.files.metadata import read_study_uid
from intake.files.model import FileRecord, Severity
from intake.files.outcomes import Neighbours
from intake.files.states import State
from intake.renditions.ports import RendererBusyError
from intake.rules import is_note
from intake.studies.media_directory import is_media_directory
from portal.auth.identity import Identity
from portal.errors import NoPreviewError
from portal.http.pages.placeholders import BUSY, SVG_TYPE, write_placeholder
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import formatting, labels
from portal.presentation.languages import gettext
from portal.quarantine import orders
from portal.retrieval.previews import Edge, choose_caching, sign_picture
from portal.search.files import find_files
from portal.search.media_directories import compare_contents
from portal.services import Services
from portal.uploads import visibility as seen
from portal.uploads.repairs import list_candidates
from portal.web.clinic.search_form import WITHIN, Searched, lead_to_search
from portal.web.layout.facts import Fact, list_sections
from portal.web.layout.pages import Fields, Staff, build_page_links, see_other
from portal.web.layout.pictures import build_picture

router = APIRouter(prefix="/files")

OTHER_ROADS = frozenset({"rewrapped", "re-encoded"})
"""Findings in a duplicate whose bytes are not those of the first."""

LIST = 50
"""Files a page."""

KEPT_SHORTLY = "private, max-age=60"
"""How long a browser may go by it that there is no picture."""


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
        within=WITHIN,
        states=[(option.value, badge.label) for option, badge in labels.STATE_BADGES.items()],
        nobody=UNASSIGNED,
        looked_back_to=found.files.looked_back_to,
        **wanted.build_context(services, identity),
        **build_page_links("/files", cursor, found.files.next, **wanted.query),
    )


@router.post("/search")
def search(identity: Staff, services: Collaborators, fields: Fields) -> Response:
    wanted = fields.get("text", "").strip()
    return see_other(f"/files/{wanted}") if is_file_id(wanted) else lead_to_search("/files", services, identity, fields)


@router.get("/{file_id}")
def file_page(request: Request, identity: Staff, services: Collaborators, file_id: str) -> Response:
    record = seen.read_file(services, identity, file_id)
    accepted, sections = record.state is State.ACCEPTED, list_sections(record.metadata)
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
        sections=[section for section in sections if not section.technical],
        technical=[fact for section in sections if section.technical for fact in section.facts] + _list_ids(record),
        particulars=_list_particulars(identity, record),
        neighbours=_find_neighbours(services, identity, record),
        # Files that an archive holds; none for what is no archive, or was not unpacked.
        held=int(record.metadata.get("entries", 0)) if unpacked else 0,
        left_out=int(record.metadata.get("left_out", 0)) if accepted else 0,
        is_directory=accepted and is_media_directory(record.metadata),
        contents=compare_contents(services, record) if accepted else None,
        study=services.ids.study(record.clinic_id, uid) if uid else "",
        other_road=bool(OTHER_ROADS.intersection(found.code for found in record.findings)),
        shown=record.kind if seen.is_shown(record) else "",
        picture=build_picture(services, identity, record),
        downloadable=accepted and not identity.is_admin,
        order_id=orders.new_order_id(),
        open=record.state in RANKS and not record.is_handled,
        reasons=OF_FILES,
        candidates=() if identity.is_admin else list_candidates(services, record),
    )


@router.get("/{file_id}/preview")
def preview(identity: Staff, services: Collaborators, file_id: str) -> Response:
    """Lead to S3, which shows exactly the version that was judged, as its kind and nothing else."""
    return RedirectResponse(seen.sign_preview(services, identity, file_id).url, 303)


@router.get("/{file_id}/preview/{edge}")
def picture(identity: Staff, services: Collaborators, file_id: str, edge: Edge) -> Response:
    """Lead to a picture of the file, not for diagnosis, which is made first where none is kept.

    Where there is none, a drawing says why: a page shows what it gets in the picture's place.
    """
    try:
        address = sign_picture(services, identity, file_id, edge)
        return RedirectResponse(address, 307, {"Cache-Control": choose_caching(identity)})
    except NoPreviewError as none:
        drawing = write_placeholder(str(none.extensions["explanation"]), edge)
        return Response(drawing, 200, {"Cache-Control": KEPT_SHORTLY}, SVG_TYPE)
    except RendererBusyError:
        return Response(write_placeholder(gettext(BUSY), edge, later=True), media_type=SVG_TYPE)


@router.get("/{file_id}/download")
def download(identity: Staff, services: Collaborators, file_id: str) -> Response:
    """Lead to S3, which serves exactly the version that was judged."""
    return RedirectResponse(seen.sign_download(services, identity, file_id).url, 303)


def _list_particulars(identity: Identity, record: FileRecord) -> list[Fact]:
    """Return what we know of a file besides its content."""
    took, waited = record.timings.get("arrival_to_verdict"), gettext("{duration} after it arrived")
    told = [
        Fact("Kind", labels.name_kind(record.kind)),
        Fact("Size", formatting.format_size(record.size)),
        Fact("Sent by", gettext(labels.SOURCES[record.source])),
        Fact("Checked", "" if took is None else waited.format(duration=formatting.format_duration(took))),
        Fact("Clinic", labels.name_clinic(record.clinic_id) if identity.is_admin else ""),
    ]
    return [fact for fact in told if fact.text]


def _list_ids(record: FileRecord) -> list[Fact]:
    """Return what only whoever looks into a problem asks for."""
    told = [
        Fact("File ID", record.file_id, exact=True),
        Fact("Upload ID", record.upload_id, exact=True),
        Fact("SHA-256", record.sha256 or "", exact=True),
        Fact("Version of the rules", record.rules_version or ""),
    ]
    return [fact for fact in told if fact.text]


def _find_neighbours(services: Services, identity: Identity, record: FileRecord) -> Neighbours:
    """Return the files before and behind one in its upload, as `identity` may see them."""
    found = services.records.neighbours(record)
    shown = [
        seen.redact(identity, other) if other and other.clinic_id == record.clinic_id else None
        for other in (found.previous, found.following)
    ]
    return Neighbours(*shown)
