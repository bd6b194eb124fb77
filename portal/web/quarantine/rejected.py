"""The quarantine: what was rejected, what admins decide to do with it, and proposals that wait for a second admin."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from intake.files.keys import UNASSIGNED, sender
from intake.files.model import FileRecord
from intake.files.states import State
from intake.orders.model import Task
from intake.orders.review_rules import obstacles
from intake.projections.model import device
from portal.http.pages.downloads import send_table
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import formatting, labels
from portal.presentation.languages import gettext
from portal.quarantine import orders, reviews
from portal.quarantine.rejected_csv import export_rejected
from portal.services import Services
from portal.uploads import visibility as seen
from portal.web.layout.facts import Fact, list_sections
from portal.web.layout.pages import Admin, build_address, build_page_links, see_other
from portal.web.layout.pictures import build_picture, is_pictured
from portal.web.quarantine.grouping import GROUPINGS, group_files, name_upload
from portal.web.quarantine.orders import TITLES
from portal.web.quarantine.work_lists import (
    MOST_REASON,
    QUARANTINE,
    Choice,
    Filter,
    check_reason,
    lead_to_order,
    list_tabs,
)

router = APIRouter(prefix="/admin")

Count = Annotated[int | None, Query(ge=0, le=500)]

LIST = 50
"""Files a page."""
GROUPED = 200
"""Files a page where they stand in groups."""
RECENT = 5
"""Orders shown beside the list."""

SAID = {"nothing": ("warn", "Choose files first: tick them, or choose all that match.")}
"""What a page tells after an action that led back to it: tone and text."""


@router.get("/quarantine")
def quarantine_page(
    request: Request,
    identity: Admin,
    services: Collaborators,
    wanted: Annotated[Filter, Query()],
    cursor: PageCursor,
    *,
    said: str = "",
) -> Response:
    size = GROUPED if wanted.group in GROUPINGS else LIST
    page = reviews.list_rejected(services, identity, wanted.selection, cursor, size, with_handled=bool(wanted.handled))
    narrowed = {name: value for name, value in wanted.query.items() if name != "group"}
    return render(
        request,
        "admin/quarantine.html",
        tabs=list_tabs(services),
        wanted=wanted,
        filtered=bool(narrowed),
        chips=_list_chips(wanted, page.rows),
        groups=group_files(QUARANTINE, wanted.query, page.rows, wanted.group),
        groupings=GROUPINGS,
        export=build_address(f"{QUARANTINE}.csv", narrowed),
        said=SAID.get(said),
        files=page.rows,
        clinics=services.directory.clinics(),
        nobody=UNASSIGNED,
        kinds=labels.KINDS,
        codes=sorted({code for file in page.rows for code in file.codes}),
        today=f"{services.clock():%Y-%m-%d}",
        order_id=orders.new_order_id(),
        orders=[(order, TITLES[order.task]) for order in services.orders.recent("", RECENT)],
        **build_page_links(QUARANTINE, cursor, page.next, **wanted.query),
    )


@router.get("/quarantine.csv")
def rejected_table(
    request: Request, identity: Admin, services: Collaborators, wanted: Annotated[Filter, Query()]
) -> Response:
    filtered = urlencode(wanted.query)
    lines = export_rejected(services, identity, wanted.selection, filtered, with_handled=bool(wanted.handled))
    return send_table(request, lines, f"quarantine-{services.clock():%Y-%m-%d}.csv")


@router.post("/quarantine")
def act(
    request: Request,
    identity: Admin,
    services: Collaborators,
    choice: Annotated[Choice, Form()],
    task: Annotated[Literal["try", "reprocess", "accept", "delete"], Form()],
) -> Response:
    """Begin what needs no reason; ask for the reason of what does."""
    if choice.is_empty:
        return see_other(build_address(QUARANTINE, {**choice.query, "said": "nothing"}))
    if task in {"accept", "delete"}:
        return _ask(request, services, task, choice)
    order = orders.place(services, identity, Task(task), choice.chosen, order_id=choice.order_id)
    return lead_to_order(order)


@router.post("/quarantine/delete")
def delete(request: Request, identity: Admin, services: Collaborators, choice: Annotated[Choice, Form()]) -> Response:
    fault = check_reason(choice.reason)
    if fault or choice.is_empty:
        return _ask(request, services, "delete", choice, fault)
    order = orders.place(
        services, identity, Task.DELETE, choice.chosen, order_id=choice.order_id, reason=choice.reason.strip()
    )
    return lead_to_order(order)


@router.post("/quarantine/accept")
def propose(request: Request, identity: Admin, services: Collaborators, choice: Annotated[Choice, Form()]) -> Response:
    """Propose to accept files; another admin has to confirm."""
    fault = check_reason(choice.reason)
    if fault or choice.is_empty or choice.scope == "all":
        return _ask(request, services, "accept", choice, fault)
    told = reviews.propose(services, identity, choice.file, choice.reason.strip())
    held = {"held": told.held} if told.held else {}
    return see_other(f"/admin/reviews?{urlencode({'proposed': told.proposed, 'refused': told.refused, **held})}")


@router.get("/quarantine/{file_id}")
def file_page(request: Request, identity: Admin, services: Collaborators, file_id: str) -> Response:
    record = seen.read_file(services, identity, file_id)
    return render(
        request,
        "admin/quarantined.html",
        tabs=list_tabs(services),
        file=record,
        state_badge=labels.choose_file_badge(record),
        findings=[(found, obstacles([found.code]).get(found.code)) for found in record.findings],
        bound=obstacles(record.codes),
        sections=list_sections(record.metadata),
        particulars=_list_particulars(services, record),
        review=services.reviews.review(file_id),
        holder=reviews.find_holders(services, [record]).get(file_id) if record.state is State.REJECTED else None,
        rejected=record.state is State.REJECTED,
        picture=build_picture(services, identity, record),
        order_id=orders.new_order_id(),
    )


@router.get("/reviews")
def reviews_page(
    request: Request,
    identity: Admin,
    services: Collaborators,
    *,
    proposed: Count = None,
    refused: Count = None,
    held: Count = None,
) -> Response:
    waiting = services.reviews.list_waiting(reviews.WAITING)
    records = services.records.get_many([review.file_id for review in waiting])
    return render(
        request,
        "admin/reviews.html",
        tabs=list_tabs(services),
        reviews=[(review, review.proposed_by == identity.subject) for review in waiting],
        holders=reviews.find_holders(services, list(records.values())),
        pictured={key for key, record in records.items() if is_pictured(services, identity, record)},
        proposed=proposed,
        refused=refused,
        held=held,
        order_id=orders.new_order_id(),
    )


@router.post("/reviews/{file_id}/confirm")
def confirm(
    identity: Admin, services: Collaborators, file_id: str, order_id: Annotated[str, Form(max_length=80)]
) -> Response:
    return lead_to_order(reviews.confirm(services, identity, file_id, order_id=order_id))


@router.post("/reviews/{file_id}/decline")
def decline(identity: Admin, services: Collaborators, file_id: str) -> Response:
    reviews.decline(services, identity, file_id)
    return see_other("/admin/reviews")


def _list_chips(wanted: Filter, files: Sequence[FileRecord]) -> list[tuple[str, str]]:
    """Return what narrows the list besides the form's fields, and the address of the list without it."""
    made_by = device(files[0].clinic_id, files[0].metadata) if files and wanted.device else None
    device_label = made_by.label if made_by else gettext("Chosen device")
    told = {"upload": name_upload(wanted.upload), "device": device_label}
    return [
        (label, build_address(QUARANTINE, {**wanted.query, name: ""}))
        for name, label in told.items()
        if name in wanted.query
    ]


def _ask(request: Request, services: Services, task: str, choice: Choice, fault: str | None = None) -> Response:
    named: dict[str, Any] = choice.model_dump(exclude={"reason", "file"})
    return render(
        request,
        f"admin/{task}.html",
        status=422 if fault else 200,
        tabs=list_tabs(services),
        choice=choice,
        fields=[(name, value) for name, value in named.items() if value],
        fault=fault,
        most=MOST_REASON,
    )


def _list_particulars(services: Services, record: FileRecord) -> list[Fact]:
    told = [
        Fact("Kind", labels.name_kind(record.kind)),
        Fact("Size", formatting.format_size(record.size)),
        Fact("Clinic", labels.name_clinic(record.clinic_id)),
        Fact("Under the prefix of", _find_prefix_owner(services, record)),
        Fact("Sent by", gettext(labels.SOURCES[record.source])),
        Fact("Rules version", record.rules_version or ""),
        Fact("Profile version", record.profile_version or "", exact=True),
        Fact("SHA-256", record.sha256 or "", exact=True),
        Fact("File ID", record.file_id, exact=True),
    ]
    return [fact for fact in told if fact.text]


def _find_prefix_owner(services: Services, record: FileRecord) -> str:
    """Return the clinic under whose prefix nobody's file came; any other prefix may be a patient's name."""
    if record.clinic_id != UNASSIGNED:
        return ""
    named = services.directory.clinic(sender(record.incoming.key))
    if named is None:
        return gettext("No clinic")
    return f"{named.name}, {gettext('active now' if named.active else 'inactive')}"
