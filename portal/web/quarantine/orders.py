"""An order as its admin watches it: how far it has come, and what became of each file."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from intake.orders.model import Answer, Task
from portal import cursors
from portal.auth.identity import Identity
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.quarantine import orders
from portal.services import Services
from portal.web.layout.dependencies import Admin
from portal.web.layout.pagination import build_address, build_page_links
from portal.web.layout.receipts import Tile, stack_bar
from portal.web.quarantine.order_labels import EXPLANATIONS, TITLES, choose_answer_badges, write_progress_line
from portal.web.quarantine.work_lists import TABS, lead_to_order

router = APIRouter(prefix="/admin/orders")

LIST = 50
"""Files a page."""


@router.get("/{order_id}")
def order_page(
    request: Request, identity: Admin, services: Collaborators, order_id: str, cursor: PageCursor
) -> Response:
    return render(request, "admin/order.html", tabs=TABS, **_build_view(services, identity, order_id, cursor))


@router.get("/{order_id}/_progress")
def order_again(
    request: Request, identity: Admin, services: Collaborators, order_id: str, cursor: PageCursor
) -> Response:
    return render(request, "admin/_order.html", **_build_view(services, identity, order_id, cursor))


@router.post("/{order_id}/reprocess")
def reprocess_tried(
    identity: Admin, services: Collaborators, order_id: str, new_id: Annotated[str, Form(max_length=80)]
) -> Response:
    """Check the files of a dry run again, for good."""
    tried = orders.find_order(services, identity, order_id)
    return lead_to_order(orders.place(services, identity, Task.REPROCESS, tried.selection, order_id=new_id))


def _build_view(services: Services, identity: Identity, order_id: str, cursor: cursors.Cursor) -> dict[str, Any]:
    order = orders.find_order(services, identity, order_id)
    read = partial(services.orders.answers, order.owner, order_id, limit=LIST)
    page = cursors.seal_page(services, identity, cursor, read)
    badges, path = choose_answer_badges(order), f"/admin/orders/{order_id}"
    numbers = [(answer, order.answers[answer]) for answer in Answer if order.answers.get(answer)]
    return {
        "order": order,
        "title": TITLES[order.task],
        "explanation": EXPLANATIONS[order.task],
        "line": write_progress_line(order),
        "badges": badges,
        "tiles": [Tile(number, badges[answer].label, badges[answer]) for answer, number in numbers],
        "bar": stack_bar(order.total, [(badges[answer].tone, number) for answer, number in numbers]),
        "codes": sorted(order.codes.items(), key=lambda row: -row[1]),
        "answers": page.rows,
        "again": build_address(f"{path}/_progress", {"cursor": cursor.text}),
        **build_page_links(path, cursor, page.next),
        "new_id": orders.new_order_id(),
        "worth_doing": order.task is Task.TRY and order.complete and bool(order.answered),
    }
