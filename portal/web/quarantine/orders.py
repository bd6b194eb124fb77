"""An order as its admin watches it: how far it has come, and what became of each file."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from intake.files.states import State
from intake.languages import format_number
from intake.orders.model import Answer, Order, Task
from portal import cursors
from portal.auth.identity import Identity
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation.formatting import format_count
from portal.presentation.labels import STATE_BADGES, WARNED, Badge
from portal.presentation.languages import gettext
from portal.quarantine import orders
from portal.services import Services
from portal.web.layout.pages import Admin, build_address, build_page_links
from portal.web.layout.receipts import Tile, stack_bar
from portal.web.quarantine.work_lists import lead_to_order, list_tabs

router = APIRouter(prefix="/admin/orders")

LIST = 50
"""Files a page."""


@router.get("/{order_id}")
def order_page(
    request: Request, identity: Admin, services: Collaborators, order_id: str, cursor: PageCursor
) -> Response:
    return render(
        request, "admin/order.html", tabs=list_tabs(services), **_build_view(services, identity, order_id, cursor)
    )


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


TITLES = {
    Task.REPROCESS: "Checking files again",
    Task.TRY: "Dry run with today's rules",
    Task.ACCEPT: "Accepting after review",
    Task.DELETE: "Deleting from quarantine",
}

EXPLANATIONS = {
    Task.REPROCESS: "Each file is checked with today's rules and its clinic's profile. The new verdict counts.",
    Task.TRY: "Each file is checked with today's rules and its clinic's profile. Nothing changes and nobody is told.",
    Task.ACCEPT: "Two administrators have decided. Each file is checked once more. If it is still as it was reviewed, "
    "it is accepted with its findings as warnings.",
    Task.DELETE: "The content is removed from quarantine. Each file's record, findings and timeline stay.",
}

ANSWERS: dict[Answer, Badge] = {
    Answer.ACCEPTED: STATE_BADGES[State.ACCEPTED],
    Answer.WARNED: WARNED,
    Answer.REJECTED: Badge("Still rejected", "cross", "bad", ""),
    Answer.DELETED: STATE_BADGES[State.DELETED],
    Answer.ENQUEUED: Badge("Being unpacked again", "clock", "wait", ""),
    Answer.GONE: Badge("Content no longer kept", "hourglass", "wait", ""),
    Answer.UNSCANNED: Badge("Not scanned for malware", "alert", "fault", ""),
    Answer.CLOSED: Badge("Left alone: its state has changed", "file", "wait", ""),
    Answer.REFUSED: Badge("Not accepted", "cross", "bad", ""),
}

TRIED: dict[Answer, Badge] = {
    **ANSWERS,
    Answer.ACCEPTED: Badge("Would be accepted", "check", "ok", ""),
    Answer.WARNED: Badge("Would be accepted, with warnings", "warning", "warn", ""),
    Answer.REJECTED: Badge("Would be rejected", "cross", "bad", ""),
}

RETRIED: dict[Answer, Badge] = {**ANSWERS, Answer.REJECTED: STATE_BADGES[State.REJECTED]}


def choose_answer_badges(order: Order) -> dict[Answer, Badge]:
    """Return how the answers to an order are called."""
    if order.task is Task.TRY:
        return TRIED
    return ANSWERS if order.selection.state is State.REJECTED else RETRIED


def write_progress_line(order: Order) -> str:
    """Return how far an order has come, as one sentence."""
    if not order.listed and not order.total:
        return gettext("Finding the files.")
    if order.complete and not order.total:
        return gettext("No file matched.")
    told = gettext(
        "Done: {files}."
        if order.complete
        else "{answered} of {files} done."
        if order.listed
        else "{answered} of {files} done, and we are finding more."
    )
    return told.format(answered=format_number(order.answered), files=format_count(order.total, "file"))
