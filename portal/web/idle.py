"""What a page asks about its own session, and where it goes when that has ended."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from portal.errors import ClinicError, SignInRequiredError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import require_staff
from portal.sign_in.cookies import IDLE_SECONDS, Session
from portal.sign_in.flow import HOME, check_next
from portal.web.layout.dependencies import Staff

router = APIRouter()


@router.get("/session")
def time_left(request: Request, identity: Staff) -> Response:  # noqa: ARG001 — without one there is no session.
    """Say for how many seconds the session lives on. Asked with `X-Background`, it does not prolong it."""
    session: Session = request.state.session
    return JSONResponse({"seconds": session.seconds_left(find_services(request).now())})


@router.post("/session")
def stay(request: Request, identity: Staff) -> Response:
    """Prolong the session, for somebody who is there, or whose upload runs."""
    return time_left(request, identity)


@router.get("/signed-out")
def show_signed_out(request: Request, next: str = HOME) -> Response:  # noqa: A002 — the query's name.
    """Tell that the session has ended, and end what is left of it. One that lives on is left alone."""
    try:
        require_staff(request)
    except SignInRequiredError:
        return render(request, "signed_out.html", next=check_next(next), minutes=IDLE_SECONDS // 60)
    except ClinicError:
        pass
    return RedirectResponse(HOME, 303)
