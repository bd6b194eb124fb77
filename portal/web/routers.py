"""The pages for clinic staff and admins: which there are, and what each shows around itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from portal.web import notifications
from portal.web.admin import accounts, analytics, audit, clinics, dashboard
from portal.web.admin import uploads as all_uploads
from portal.web.clinic import files, patients, repairs, retrieval, studies, upload_receipts, uploads
from portal.web.layout.support_messages import SUPPORT_FILTERS
from portal.web.quarantine import orders, rejected, stuck

_PAGES = (uploads, upload_receipts, files, repairs, studies, patients, retrieval, notifications)
_ADMIN_PAGES = (dashboard, all_uploads, analytics, rejected, orders, stuck, accounts, clinics, audit)

STAFF_PAGES = (("/studies", "Exams"), ("/upload", "Upload"), ("/uploads", "Uploads"), ("/files", "Files"))
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
    "/studies": ("/patients",),
    "/admin/quarantine": ("/admin/reviews", "/admin/orders", "/admin/stuck", "/admin/dead-letters"),
    "/admin/clinics": ("/admin/admins", "/admin/people"),
}
"""Entry of the navigation → other pages that stand under it."""

KEPT = timedelta(minutes=5)
"""How long a clinic's name is shown before it is looked up again."""


def include_pages(app: FastAPI) -> None:
    """Mount the pages at the root. Those of admins ask for one by themselves, whatever `portal/http/access.py` says."""
    app.state.clinic_names = ClinicNames()
    for module in _PAGES:
        app.include_router(module.router, include_in_schema=False)
    for module in _ADMIN_PAGES:
        app.include_router(module.router, include_in_schema=False, dependencies=[Depends(admins_only)])


@dataclass
class ClinicNames:
    """Clinics' names, read together and kept for a while: every page shows one."""

    names: dict[str, str] = field(default_factory=dict)
    read_at: datetime | None = None

    def name(self, services: Services, clinic_id: str) -> str:
        """Return a clinic's name, or its id where the directory does not know it."""
        now = services.clock()
        if self.read_at is None or now - self.read_at > KEPT:
            self.names = {clinic.clinic_id: clinic.name for clinic in services.directory.clinics()}
            self.read_at = now
        return self.names.get(clinic_id, clinic_id)


def build_page_context(request: Request) -> dict[str, Any]:
    """Return the names that the page frame uses."""
    identity: Identity | None = getattr(request.state, "identity", None)
    pages = () if identity is None else ADMIN_PAGES if identity.is_admin else STAFF_PAGES
    here = request.scope["path"]
    path = next((entry for entry, others in STANDING_UNDER.items() if here.startswith(others)), here)
    clinic_name = ""
    if identity is not None:
        names: ClinicNames = request.app.state.clinic_names
        clinic_id = identity.clinic_id
        clinic_name = "Administrator" if clinic_id is None else names.name(find_services(request), clinic_id)
    return {
        "navigation": pages,
        "here": here,
        # The entry of the navigation that says most of the page's address.
        "section": max((href for href, _ in pages if f"{path}/".startswith(f"{href}/")), key=len, default=""),
        "clinic_name": clinic_name,
        "idle_seconds": IDLE_SECONDS,
        "ends_within": ENDS_WITHIN,
    }


rendering.CONTEXTS.append(build_page_context)
rendering.FILTERS.update(AMOUNT_FILTERS | WORD_FILTERS | EXAM_FILTERS | UPLOAD_FILTERS | SUPPORT_FILTERS)
