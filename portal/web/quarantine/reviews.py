"""Proposals to accept rejected files, which wait for a second admin."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.quarantine import orders, reviews
from portal.web.layout.dependencies import Admin
from portal.web.layout.forms import see_other
from portal.web.quarantine.work_lists import TABS, lead_to_order

router = APIRouter(prefix="/admin/reviews")

Count = Annotated[int | None, Query(ge=0, le=500)]


@router.get("")
def reviews_page(
    request: Request, identity: Admin, services: Collaborators, proposed: Count = None, refused: Count = None
) -> Response:
    waiting = services.reviews.list_waiting(reviews.WAITING)
    return render(
        request,
        "admin/reviews.html",
        tabs=TABS,
        reviews=[(review, review.proposed_by == identity.subject) for review in waiting],
        proposed=proposed,
        refused=refused,
        order_id=orders.new_order_id(),
    )


@router.post("/{file_id}/confirm")
def confirm(
    identity: Admin, services: Collaborators, file_id: str, order_id: Annotated[str, Form(max_length=80)]
) -> Response:
    return lead_to_order(reviews.confirm(services, identity, file_id, order_id=order_id))


@router.post("/{file_id}/decline")
def decline(identity: Admin, services: Collaborators, file_id: str) -> Response:
    reviews.decline(services, identity, file_id)
    return see_other("/admin/reviews")
