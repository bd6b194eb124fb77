"""The page of stuck files."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from intake.files.states import State
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.presentation import formatting
from portal.quarantine import orders, unfinished_work
from portal.web.layout.dependencies import Admin
from portal.web.layout.forms import see_other
from portal.web.layout.pagination import build_page_links
from portal.web.quarantine.work_lists import TABS, Text, lead_to_order

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
def files_page(
    request: Request, identity: Admin, services: Collaborators, cursor: PageCursor, said: str = ""
) -> Response:
    page = unfinished_work.list_failed(services, identity, cursor, LIST)
    now = services.clock()
    waiting = unfinished_work.list_stuck(services)
    return render(
        request,
        "admin/stuck.html",
        tabs=TABS,
        nothing=said == "nothing",
        waiting=[
            (file, formatting.format_duration(round((now - file.arrived_at).total_seconds()) * 1000))
            for file in waiting
        ],
        failed=page.rows,
        order_id=orders.new_order_id(),
        **build_page_links("/admin/stuck", cursor, page.next),
    )


@router.post("")
def check(identity: Admin, services: Collaborators, chosen: Annotated[Chosen, Form()]) -> Response:
    if chosen.scope == "selected" and not chosen.file:
        return see_other("/admin/stuck?said=nothing")
    named = tuple(dict.fromkeys(chosen.file)) if chosen.scope == "selected" else ()
    return lead_to_order(
        unfinished_work.check(services, identity, State(chosen.state), named, order_id=chosen.order_id)
    )
