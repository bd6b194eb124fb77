"""The page of stuck files."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from intake.states import State
from portal import amounts, reprocessing, stuck
from portal.dependencies import Collaborators, PageCursor
from portal.pages import render
from portal.web.dependencies import Admin
from portal.web.forms import see_other
from portal.web.pagination import page_links
from portal.web.work import TABS, Text, to_order

router = APIRouter(prefix="/admin/stuck")

LIST = 50
"""Failed files a page."""


class Chosen(BaseModel):
    """Which files are to be checked."""

    order_id: Text
    state: Literal["awaiting_upload", "failed"]
    scope: Literal["selected", "all"]
    file: list[Text] = Field(default=[], max_length=500)


@router.get("")
def stuck_page(
    request: Request, identity: Admin, services: Collaborators, cursor: PageCursor, said: str = ""
) -> Response:
    page = stuck.failed(services, identity, cursor, LIST)
    now = services.clock()
    waiting = stuck.stuck(services)
    return render(
        request,
        "admin/stuck.html",
        tabs=TABS,
        nothing=said == "nothing",
        waiting=[(file, amounts.duration(round((now - file.arrived_at).total_seconds()) * 1000)) for file in waiting],
        failed=page.rows,
        order_id=reprocessing.new_order_id(),
        **page_links("/admin/stuck", cursor, page.next),
    )


@router.post("")
def check(identity: Admin, services: Collaborators, chosen: Annotated[Chosen, Form()]) -> Response:
    if chosen.scope == "selected" and not chosen.file:
        return see_other("/admin/stuck?said=nothing")
    named = tuple(dict.fromkeys(chosen.file)) if chosen.scope == "selected" else ()
    return to_order(stuck.check(services, identity, State(chosen.state), named, order_id=chosen.order_id))
