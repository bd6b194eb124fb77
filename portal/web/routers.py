"""The pages for clinic staff and admins."""

from fastapi import Depends, FastAPI

from portal.http.pages import rendering
from portal.http.sessions.session_cookies import require_admin as admins_only
from portal.presentation.formatting import AMOUNT_FILTERS
from portal.presentation.labels import WORD_FILTERS
from portal.web import notifications
from portal.web.admin import analytics, audit, clinics, dashboard, partners, people
from portal.web.clinic import files, studies, upload_receipt, uploads
from portal.web.layout import page_context
from portal.web.quarantine import dead_letters, orders, rejected, reviews, stuck_files

_PAGES = (uploads, upload_receipt, files, studies, notifications)

_ADMIN_PAGES = (
    dashboard,
    analytics,
    rejected,
    reviews,
    orders,
    dead_letters,
    stuck_files,
    partners,
    people,
    clinics,
    audit,
)

rendering.CONTEXTS.append(page_context.build_page_context)
rendering.FILTERS.update(AMOUNT_FILTERS | WORD_FILTERS)


def include_pages(app: FastAPI) -> None:
    """Mount the pages at the root. Those of admins ask for one by themselves, whatever `portal/http/access.py` says."""
    app.state.clinic_names = page_context.ClinicNames()
    for module in _PAGES:
        app.include_router(module.router, include_in_schema=False)
    for module in _ADMIN_PAGES:
        app.include_router(module.router, include_in_schema=False, dependencies=[Depends(admins_only)])
