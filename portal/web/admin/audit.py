"""The audit log: who did what, with filters, and as a table to take away."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from portal.admin import profiles
from portal.audit import ACTIONS, DETAILS, GROUPS, WORDS, Asked, export_entries, list_entries, list_groups
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation.languages import gettext
from portal.web.layout.pages import Admin, build_address, build_page_links

router = APIRouter(prefix="/admin")

Text = Annotated[str, Query(max_length=100)]


def _read_filter(
    *, clinic: Text = "", person: Text = "", action: Text = "", subject: Text = "", since: Text = "", until: Text = ""
) -> Asked:
    return Asked(clinic.strip(), person.strip(), action, subject.strip(), since, until)


Wanted = Annotated[Asked, Depends(_read_filter)]


@router.get("/audit")
def audit_page(
    request: Request,
    identity: Admin,
    services: Collaborators,
    asked: Wanted,
    cursor: PageCursor,
) -> Response:
    page = list_entries(services, identity, asked, cursor)
    return render(
        request,
        "admin/audit.html",
        asked=asked,
        entries=page.rows,
        actions=ACTIONS,
        tell=tell_detail,
        groups=[(start, GROUPS[start], held) for start, held in list_groups().items()],
        clinics=services.directory.clinics(),
        today=f"{services.clock():%Y-%m-%d}",
        export=build_address("/admin/audit.csv", asked.fields()),
        **build_page_links("/admin/audit", cursor, page.next, **asked.fields()),
    )


def tell_detail(name: str, value: str) -> str:
    """Return a detail as the reader reads it: what is noted is English, and a change is told as `before → after`."""
    part, _, which = name.partition(" ")
    known = WORDS | profiles.WORDS
    words = [gettext(word) if word in known else word for word in value.split(" → ")]
    return f"{f'{gettext(DETAILS.get(part, part))} {which}'.strip()}: {' → '.join(words)}"


@router.get("/audit.csv")
def audit_table(identity: Admin, services: Collaborators, asked: Wanted) -> Response:
    name = f"audit-{services.clock():%Y-%m-%d}.csv"
    return StreamingResponse(
        export_entries(services, identity, asked),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
