"""The pages for clinic staff and admins."""

from fastapi import APIRouter

from portal import pages
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

routers: tuple[APIRouter, ...] = (
    landing.router,
    idle.router,
    uploads.router,
    upload_receipt.router,
    sending.router,
    files.router,
    studies.router,
    admin.router,
    analytics.router,
    quarantine.router,
    reviews.router,
    orders.router,
    letters.router,
    admin_partners.router,
    admin_people.router,
    admin_clinics.router,
    admin_audit.router,
    notifications.router,
    stuck.router,
)
"""What `portal.app` mounts at the root."""

pages.CONTEXTS.append(context.page_context)
