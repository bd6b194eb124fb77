"""Signing in and out: the start page, the way to the managed login and back, and what a page asks about its session."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from portal.audit import note
from portal.errors import ClinicError, SignInError, SignInRequiredError
from portal.http.pages.rendering import render
from portal.http.sessions import session_cookies
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import require_staff
from portal.sign_in import session
from portal.sign_in.cookies import IDLE_SECONDS, Session
from portal.sign_in.flow import CALLBACK, HOME, Attempt, check_next
from portal.web.layout.pages import Staff

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in(request: Request, next_path: Annotated[str, Query(alias="next")] = HOME) -> RedirectResponse:
    """Send the browser to the managed login, and remember where it wanted to go."""
    services = find_services(request)
    url, attempt = services.sign_in.begin(next_path, services.now())
    session_cookies.set_cookies(request, [services.cookies.write_attempt(attempt.to_bytes())])
    return RedirectResponse(url, 303)


@router.get(CALLBACK)
def callback(request: Request, state: str = "", code: str = "") -> RedirectResponse:
    """Take the browser back from the managed login.

    Raises SignInError for whatever we did not ask for, and ClinicError for somebody without a place here.
    """
    services = find_services(request)
    if not (state and code):
        raise SignInError("The managed login did not sign anybody in.")
    attempt = Attempt.from_bytes(services.cookies.attempt(request.cookies), services.now())
    session_cookies.begin(request, session.begin(services, attempt, state=state, code=code))
    return RedirectResponse(attempt.next_path, 303)


@router.post("/sign-out")
def sign_out(request: Request) -> RedirectResponse:
    """End the session here, at the user pool and at its managed login."""
    services = find_services(request)
    try:
        leaving = None
        with suppress(ClinicError, SignInRequiredError):
            leaving = require_staff(request)
        if leaving:
            note(services, leaving, "session.end", clinic_id=leaving.clinic_id or "", subject=leaving.subject)
    finally:
        # Whoever wants to go is let go, noted and known or not.
        session_cookies.end(request)
    return RedirectResponse(services.sign_in.sign_out_url, 303)


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


@router.get("/")
def start(request: Request) -> Response:
    try:
        identity = require_staff(request)
    except SignInRequiredError:
        return render(request, "landing.html")
    return RedirectResponse("/admin" if identity.is_admin else "/studies", 303)
