"""The pages of what is stuck: files that have no verdict in time, and dead letters, which were given up."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from intake.files.states import State
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import formatting
from portal.quarantine import orders, unfinished_work
from portal.quarantine.unfinished_work import DeadLetterQueue
from portal.web.layout.pages import Admin, build_page_links, see_other
from portal.web.quarantine.work_lists import MOST_REASON, Text, check_reason, lead_to_order, list_tabs

router = APIRouter(prefix="/admin")

Count = Annotated[int | None, Query(ge=0, le=10_000)]
MessageId = Annotated[str, Form(max_length=120)]

LIST = 50
"""Failed files a page."""


class Chosen(BaseModel):
    """Which files are to be checked."""

    order_id: Text
    state: Literal["awaiting_upload", "failed"]
    scope: Literal["selected", "all"]
    file: list[Text] = Field(default=[], max_length=500)


@router.get("/stuck")
def files_page(
    request: Request, identity: Admin, services: Collaborators, cursor: PageCursor, said: str = ""
) -> Response:
    page = unfinished_work.list_failed(services, identity, cursor, LIST)
    now = services.clock()
    waiting = unfinished_work.list_stuck(services)
    return render(
        request,
        "admin/stuck.html",
        tabs=list_tabs(services),
        nothing=said == "nothing",
        waiting=[
            (file, formatting.format_duration(round((now - file.arrived_at).total_seconds()) * 1000))
            for file in waiting
        ],
        failed=page.rows,
        order_id=orders.new_order_id(),
        **build_page_links("/admin/stuck", cursor, page.next),
    )


@router.post("/stuck")
def check(identity: Admin, services: Collaborators, chosen: Annotated[Chosen, Form()]) -> Response:
    if chosen.scope == "selected" and not chosen.file:
        return see_other("/admin/stuck?said=nothing")
    named = tuple(dict.fromkeys(chosen.file)) if chosen.scope == "selected" else ()
    return lead_to_order(
        unfinished_work.check(services, identity, State(chosen.state), named, order_id=chosen.order_id)
    )


HEADINGS = {
    DeadLetterQueue.JUDGING: ("Files and orders", "Messages that the judge could not handle for two hours."),
    DeadLetterQueue.PROJECTIONS: (
        "Counts and alerts",
        "Changes that could not be counted. The records are right, but totals and alerts do not include these.",
    ),
    DeadLetterQueue.EXPORTS: (
        "Analytics",
        "Changes that could not be written for the analytics. The saved queries do not include these verdicts.",
    ),
}


class Given(BaseModel):
    """What is to be discarded, and why."""

    message_id: str = Field(max_length=120)
    reason: str = Field(default="", max_length=2000)


@router.get("/dead-letters")
def letters_page(request: Request, services: Collaborators, redriven: Count = None) -> Response:
    queues = [(queue, *HEADINGS[queue], unfinished_work.list_letters(services, queue)) for queue in DeadLetterQueue]
    return render(
        request,
        "admin/letters.html",
        tabs=list_tabs(services),
        queues=queues,
        redriven=redriven,
        shown=unfinished_work.SHOWN,
        undelivered=services.undelivered.depth(),
    )


@router.post("/dead-letters/{queue}/redrive")
def redrive(identity: Admin, services: Collaborators, queue: DeadLetterQueue, message_id: MessageId = "") -> Response:
    number = unfinished_work.redrive(services, identity, queue, message_id)
    return see_other(f"/admin/dead-letters?redriven={number}")


@router.post("/dead-letters/{queue}/discard")
def discard(
    request: Request, identity: Admin, services: Collaborators, queue: DeadLetterQueue, given: Annotated[Given, Form()]
) -> Response:
    """Ask for the reason first: what is discarded is not tried again."""
    fault = check_reason(given.reason) if given.reason or "asked" in request.query_params else None
    if fault or not given.reason:
        asked = {"queue": queue, "given": given, "fault": fault, "most": MOST_REASON}
        return render(request, "admin/discard.html", status=422 if fault else 200, tabs=list_tabs(services), **asked)
    unfinished_work.discard(services, identity, queue, given.message_id, given.reason.strip())
    return see_other("/admin/dead-letters")
