"""The pages for clinic staff and admins: which there are, and what each shows around itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi import Depends, FastAPI, Request

from portal.auth.identity import Identity
from portal.auth.revocations import ENDS_WITHIN
from portal.http.pages import rendering
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import require_admin as admins_only
from portal.presentation.account_labels import ADMIN_FILTERS
from portal.presentation.formatting import AMOUNT_FILTERS
from portal.presentation.labels import WORD_FILTERS
from portal.services import Services
from portal.sign_in.cookies import IDLE_SECONDS
from portal.web import notifications
from portal.web.admin import accounts, analytics, audit, clinics, dashboard
from portal.web.clinic import files, studies, uploads
from portal.web.quarantine import orders, rejected, stuck

_PAGES = (uploads, files, studies, notifications)
_ADMIN_PAGES = (dashboard, analytics, rejected, orders, stuck, accounts, clinics, audit)

STAFF_PAGES = (("/upload", "Upload"), ("/uploads", "Uploads"), ("/files", "Files"), ("/studies", "Studies"))
ADMIN_PAGES = (
    ("/admin", "Dashboard"),
    ("/admin/quarantine", "Work lists"),
    ("/files", "Files"),
    ("/studies", "Studies"),
    ("/admin/clinics", "Clinics"),
    ("/admin/audit", "Audit log"),
)

WORK_LISTS = ("/admin/reviews", "/admin/orders", "/admin/stuck", "/admin/dead-letters")
"""Pages that stand in the navigation under the first of the work lists."""

CLINICS = ("/admin/admins", "/admin/people")
"""Pages that stand in the navigation under the clinics."""

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
    return {
        "navigation": pages,
        "here": here,
        "section": _find_section(here, [href for href, _ in pages]),
        "clinic_name": _find_clinic_name(request, identity),
        "idle_seconds": IDLE_SECONDS,
        "ends_within": ENDS_WITHIN,
    }


def _find_section(here: str, addresses: list[str]) -> str:
    """Return which entry of the navigation a page belongs to: the one that says most of its address."""
    under = {"/admin/quarantine": WORK_LISTS, "/admin/clinics": CLINICS}
    path = next((first for first, others in under.items() if here.startswith(others)), here)
    return max((href for href in addresses if path == href or path.startswith(href + "/")), key=len, default="")


def _find_clinic_name(request: Request, identity: Identity | None) -> str:
    if identity is None:
        return ""
    if identity.clinic_id is None:
        return "Administrator"
    names: ClinicNames = request.app.state.clinic_names
    return names.name(find_services(request), identity.clinic_id)


rendering.CONTEXTS.append(build_page_context)
rendering.FILTERS.update(AMOUNT_FILTERS | WORD_FILTERS | ADMIN_FILTERS)
