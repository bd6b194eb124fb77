"""The dead letters' page: what was given up, and trying it again."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.quarantine import unfinished_work
from portal.quarantine.unfinished_work import DeadLetterQueue
from portal.web.layout.dependencies import Admin
from portal.web.layout.forms import see_other
from portal.web.quarantine.work_lists import MOST_REASON, TABS, check_reason

router = APIRouter(prefix="/admin/dead-letters")

Count = Annotated[int | None, Query(ge=0, le=10_000)]
MessageId = Annotated[str, Form(max_length=120)]

HEADINGS = {
    DeadLetterQueue.JUDGING: ("Files and orders", "Messages that the judge was given five times in vain."),
    DeadLetterQueue.PROJECTIONS: (
        "Counts and alerts",
        "Changes of records that could not be counted. The records themselves are right; sums and alerts lack these.",
    ),
    DeadLetterQueue.EXPORTS: (
        "Analytics",
        "Changes of records that could not be written for the analytics. The saved queries lack these verdicts.",
    ),
}


class Given(BaseModel):
    """What is to be discarded, and why."""

    message_id: str = Field(max_length=120)
    reason: str = Field(default="", max_length=2000)


@router.get("")
def letters_page(request: Request, services: Collaborators, redriven: Count = None) -> Response:
    queues = [(queue, *HEADINGS[queue], unfinished_work.list_letters(services, queue)) for queue in DeadLetterQueue]
    return render(
        request,
        "admin/letters.html",
        tabs=TABS,
        queues=queues,
        redriven=redriven,
        shown=unfinished_work.SHOWN,
        undelivered=services.undelivered.depth(),
    )


@router.post("/{queue}/redrive")
def redrive(identity: Admin, services: Collaborators, queue: DeadLetterQueue, message_id: MessageId = "") -> Response:
    number = unfinished_work.redrive(services, identity, queue, message_id)
    return see_other(f"/admin/dead-letters?redriven={number}")


@router.post("/{queue}/discard")
def discard(
    request: Request, identity: Admin, services: Collaborators, queue: DeadLetterQueue, given: Annotated[Given, Form()]
) -> Response:
    """Ask for the reason first: what is discarded is not tried again."""
    fault = check_reason(given.reason) if given.reason or "asked" in request.query_params else None
    if fault or not given.reason:
        asked = {"queue": queue, "given": given, "fault": fault, "most": MOST_REASON}
        return render(request, "admin/discard.html", status=422 if fault else 200, tabs=TABS, **asked)
    unfinished_work.discard(services, identity, queue, given.message_id, given.reason.strip())
    return see_other("/admin/dead-letters")
