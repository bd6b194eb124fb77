"""The pages for clinic staff and admins: which there are, and what each shows around itself."""

from typing import Any

from fastapi import Depends, FastAPI, Request

from portal.auth.identity import Identity
from portal.auth.lookups import ENDS_WITHIN
from portal.http.pages import rendering
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import require_admin as admins_only
from portal.presentation.exam_labels import EXAM_FILTERS
from portal.presentation.formatting import AMOUNT_FILTERS
from portal.presentation.labels import WORD_FILTERS
from portal.presentation.upload_labels import UPLOAD_FILTERS
from portal.services import Services
from portal.sign_in.cookies import IDLE_SECONDS
from portal.web import notifications, people, shared
from portal.web.admin import accounts, analytics, audit, clinics, dashboard
from portal.web.admin import uploads as all_uploads
from portal.web.clinic import (
    expected_exams,
    files,
    patients,
    repairs,
    scorecard,
    sharing,
    studies,
    upload_receipts,
    uploads,
)
from portal.web.layout.support_messages import SUPPORT_FILTERS
from portal.web.quarantine import orders, rebuilds, rejected, stuck

_CLINIC_PAGES = (
    uploads,
    upload_receipts,
    files,
    repairs,
    studies,
    expected_exams,
    patients,
    sharing,
    scorecard,
)
_PAGES = (*_CLINIC_PAGES, shared, people, notifications)
_ADMIN_PAGES = (dashboard, all_uploads, analytics, rejected, orders, stuck, rebuilds, accounts, clinics, audit)

STAFF_PAGES = (
    ("/studies", "Exams"),
    ("/upload", "Upload"),
    ("/uploads", "Uploads"),
    ("/files", "Files"),
    ("/scorecard", "Scorecard"),
)
LEAD_PAGES = (*STAFF_PAGES, ("/people", "People"))
ADMIN_PAGES = (
    ("/admin", "Dashboard"),
    ("/admin/quarantine", "Work lists"),
    ("/admin/uploads", "Uploads"),
    ("/files", "Files"),
    ("/studies", "Exams"),
    ("/admin/clinics", "Clinics"),
    ("/admin/audit", "Audit log"),
)

STANDING_UNDER = {
    "/studies": ("/patients", "/expected"),
    "/admin/quarantine": (
        "/admin/reviews",
        "/admin/orders",
        "/admin/stuck",
        "/admin/dead-letters",
        "/admin/rebuilds",
    ),
    "/admin/clinics": ("/admin/admins", "/admin/people"),
}
"""Entry of the navigation → other pages that stand under it."""


def include_pages(app: FastAPI) -> None:
    """Mount the pages at the root. Those of admins ask for one by themselves, whatever `portal/http/access.py` says."""
    for module in _PAGES:
        app.include_router(module.router, include_in_schema=False)
    for module in _ADMIN_PAGES:
        app.include_router(module.router, include_in_schema=False, dependencies=[Depends(admins_only)])


def build_page_context(request: Request) -> dict[str, Any]:
    """Return the names that the page frame uses."""
    identity: Identity | None = getattr(request.state, "identity", None)
    pages = () if identity is None else _list_pages(identity)
    here = request.scope["path"]
    path = next((entry for entry, others in STANDING_UNDER.items() if here.startswith(others)), here)
    clinic_name = ""
    if identity is not None:
        clinic_name = _name_side(find_services(request), identity)
    return {
        "navigation": pages,
        "here": here,
        # The entry of the navigation that says most of the page's address.
        "section": max((href for href, _ in pages if f"{path}/".startswith(f"{href}/")), key=len, default=""),
        "clinic_name": clinic_name,
        "idle_seconds": IDLE_SECONDS,
        "ends_within": ENDS_WITHIN,
    }


def _name_side(services: Services, identity: Identity) -> str:
    """Return whom somebody stands for: a clinic's name, or its id where the directory does not know it."""
    if identity.clinic_id is None:
        return "Administrator"
    known = services.known_clinics.get(identity.clinic_id)
    return known.name if known else identity.clinic_id


def _list_pages(identity: Identity) -> tuple[tuple[str, str], ...]:
    if identity.is_admin:
        return ADMIN_PAGES
    return LEAD_PAGES if identity.is_lead else STAFF_PAGES


rendering.CONTEXTS.append(build_page_context)
rendering.FILTERS.update(AMOUNT_FILTERS | WORD_FILTERS | EXAM_FILTERS | UPLOAD_FILTERS | SUPPORT_FILTERS)
