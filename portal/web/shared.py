"""Where somebody without an account comes in by a link, sees what the study is, and takes it out.

The link's token stands behind its number sign, which browsers send to nobody; the page's script puts it into the form.
So no log of addresses holds it. The page is the same whatever the link, until token and code are right.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from intake.errors import NotFoundError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.http.sessions.session_cookies import recognise
from portal.retrieval.responses import ContentPage
from portal.retrieval.sharing import list_shared, open_link
from portal.uploads.requests import Request as Body
from portal.web.layout.pages import Fields

router = APIRouter(prefix="/shared")

REFUSED = 404


class SharedContentQuery(Body):
    """What a page of the study is asked with."""

    pass_: Annotated[str, StringConstraints(max_length=1000)] = ""


@router.get("")
def entrance(request: Request) -> Response:
    return render(request, "shared.html", refused=False, csrf=_find_csrf(request))


@router.post("")
def enter(request: Request, services: Collaborators, fields: Fields) -> Response:
    try:
        opened = open_link(services, fields.get("token", ""), fields.get("code", ""))
    except NotFoundError:
        return render(request, "shared.html", status=REFUSED, refused=True, csrf=_find_csrf(request))
    clinic = services.directory.clinic(opened.link.clinic_id)
    return render(
        request,
        "shared_study.html",
        study=opened.study,
        link=opened.link,
        pass_=opened.pass_,
        clinic=clinic.name if clinic else opened.link.clinic_id,
        csrf=_find_csrf(request),
    )


@router.post("/content")
def list_content(services: Collaborators, cursor: PageCursor, body: SharedContentQuery | None = None) -> ContentPage:
    """Return a page of what is taken out. Raises NotFoundError, InvalidCursorError."""
    return list_shared(services, body.pass_ if body else "", cursor)


def _find_csrf(request: Request) -> str:
    """Return the token of whoever is signed in, too: their browser's forms must carry it, wherever they lead."""
    session = recognise(request)
    return session.csrf_token if session else ""
