"""The pages for clinic staff and admins."""

from fastapi import APIRouter

from portal import pages
from portal.web import admin, context, files, landing, letters, orders, quarantine, reviews, sending, uploads

routers: tuple[APIRouter, ...] = (
    landing.router,
    uploads.router,
    sending.router,
    files.router,
    admin.router,
    quarantine.router,
    reviews.router,
    orders.router,
    letters.router,
)
"""What `portal.app` mounts at the root."""

pages.CONTEXTS.append(context.around)
