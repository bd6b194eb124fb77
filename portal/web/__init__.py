"""The pages for clinic staff and admins."""

from fastapi import Depends, FastAPI

from portal import pages
from portal.admin_words import ADMIN_FILTERS
from portal.amounts import AMOUNT_FILTERS
from portal.session_cookies import admin as admins_only
from portal.web import (
    admin,
    admin_audit,
    admin_clinics,
    admin_partners,
    admin_people,
    analytics,
    context,
    files,
    idle,
    landing,
    letters,
    notifications,
    orders,
    quarantine,
    reviews,
    sending,
    stuck,
    studies,
    upload_receipt,
    uploads,
)
from portal.words import WORD_FILTERS

_PAGES = (landing, idle, uploads, upload_receipt, sending, files, studies, notifications)

_ADMIN_PAGES = (
    admin,
    analytics,
    quarantine,
    reviews,
    orders,
    letters,
    stuck,
    admin_partners,
    admin_people,
    admin_clinics,
    admin_audit,
)

pages.CONTEXTS.append(context.page_context)
pages.FILTERS.update(AMOUNT_FILTERS | WORD_FILTERS | ADMIN_FILTERS)


def include_pages(app: FastAPI) -> None:
    """Mount the pages at the root. Those of admins ask for one by themselves, whatever `portal/access.py` says."""
    for module in _PAGES:
        app.include_router(module.router, include_in_schema=False)
    for module in _ADMIN_PAGES:
        app.include_router(module.router, include_in_schema=False, dependencies=[Depends(admins_only)])
