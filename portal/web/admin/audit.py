"""The audit log: who did what, with filters, and as a table to take away."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from portal.audit import ACTIONS, DETAILS, GROUPS, VALUES, Asked, export_entries, list_entries, list_groups
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
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
        details=DETAILS,
        values=VALUES,
        groups=[(start, GROUPS[start], held) for start, held in list_groups().items()],
        clinics=services.directory.clinics(),
        today=f"{services.clock():%Y-%m-%d}",
        export=build_address("/admin/audit.csv", asked.fields()),
        **build_page_links("/admin/audit", cursor, page.next, **asked.fields()),
    )


@router.get("/audit.csv")
def audit_table(identity: Admin, services: Collaborators, asked: Wanted) -> Response:
    name = f"audit-{services.clock():%Y-%m-%d}.csv"
    return StreamingResponse(
        export_entries(services, identity, asked),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
