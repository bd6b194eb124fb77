"""The page of stuck files."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from intake.states import State
from portal import amounts, reprocessing, stuck
from portal.dependencies import Collaborators, PageCursor
from portal.pages import render
from portal.web.dependencies import Admin
from portal.web.work import TABS, Text, to_order

router = APIRouter(prefix="/admin/stuck", default_response_class=HTMLResponse, include_in_schema=False)

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
        newest="/admin/stuck" if cursor else None,
        following=f"/admin/stuck?{urlencode({'cursor': page.next})}" if page.next else None,
    )


@router.post("")
def check(identity: Admin, services: Collaborators, chosen: Annotated[Chosen, Form()]) -> Response:
    if chosen.scope == "selected" and not chosen.file:
        return RedirectResponse("/admin/stuck?said=nothing", 303)
    named = tuple(dict.fromkeys(chosen.file)) if chosen.scope == "selected" else ()
    return to_order(stuck.check(services, identity, State(chosen.state), named, order_id=chosen.order_id))
