"""Who is signed in at a browser, by its cookies.

Pages depend on `require_staff` or `require_admin`, and get an Identity.
"""

from dataclasses import replace

from fastapi import Request

from portal.auth.identity import Identity, identify_staff
from portal.auth.tokens import AccessClaims
from portal.errors import ClinicError, ForbiddenError, SignInRequiredError
from portal.http.sessions.dependencies import find_services
from portal.services import Services
from portal.sign_in import session as sessions
from portal.sign_in.cookies import Session

BACKGROUND = "x-background"
"""Header of requests that a page makes by itself, such as polling: they do not keep an idle session alive."""

TOUCH_SECONDS = 30
"""The session's cookie is rewritten at most this often."""


def require_staff(request: Request) -> Identity:
    """Return who is signed in; a FastAPI dependency. Raises SignInRequiredError, or ClinicError for a lost soul."""
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        session, claims = _open(request, find_services(request))
        known = identify_staff(claims.subject, claims.groups, session.display_name)
        request.state.session, request.state.identity = session, known
    return known


def require_admin(request: Request) -> Identity:
    """Return the admin who is signed in; a FastAPI dependency. Raises ForbiddenError for everybody else."""
    identity = require_staff(request)
    if not identity.is_admin:
        raise ForbiddenError("This page is for admins.")
    return identity


def require_lead(request: Request) -> Identity:
    """Return the clinic's lead who is signed in; a FastAPI dependency. Raises ClinicError, ForbiddenError."""
    identity = require_staff(request)
    if identity.is_admin:
        raise ClinicError("Admins stand for no clinic.")
    if not identity.is_lead:
        raise ForbiddenError("This page is for the clinic's leads.")
    return identity


def begin(request: Request, session: Session) -> None:
    """Keep a new session in the browser."""
    cookies = find_services(request).cookies
    set_cookies(request, [*cookies.write(session), cookies.clear_attempt()])


def recognise(request: Request) -> Session | None:
    """Return the session whose cookies a request brings, whether it lives or not. Raises KeyUnknownError."""
    if not hasattr(request.state, "brought"):
        request.state.brought = find_services(request).cookies.read(request.cookies)
    session: Session | None = request.state.brought
    return session


def end(request: Request) -> None:
    """Forget the session here, on every worker, and at the user pool. Raises RevocationsUnknownError."""
    services = find_services(request)
    # First of all the browser forgets: that holds even when nobody else can be reached.
    set_cookies(request, services.cookies.clear())
    session = recognise(request)
    if session is not None:
        sessions.end(services, session)


def set_cookies(request: Request, values: list[str]) -> None:
    """Have the response carry these Set-Cookie values, whichever response it will be."""
    if not hasattr(request.state, "set_cookies"):
        request.state.set_cookies = []
    request.state.set_cookies += values


def find_csrf_token(request: Request) -> str:
    """Return the token that this session's forms carry; empty where nobody is signed in."""
    session: Session | None = getattr(request.state, "session", None)
    return session.csrf_token if session is not None else ""


def _open(request: Request, services: Services) -> tuple[Session, AccessClaims]:
    brought, now = recognise(request), services.now()
    if brought is None or not brought.lives(now):
        # What an idle session leaves behind is revoked: its tokens are worth nothing to whoever finds them.
        if any(services.cookies.name(role) in request.cookies for role in ("session", "access", "refresh")):
            end(request)
        raise SignInRequiredError("Nobody is signed in.")
    try:
        session, claims = sessions.verify(services, brought, now)
    except SignInRequiredError:
        set_cookies(request, services.cookies.clear())
        raise
    if session is not brought:
        set_cookies(request, services.cookies.write(session))
    if BACKGROUND not in request.headers and now - session.seen >= TOUCH_SECONDS:
        session = replace(session, seen=now)
        set_cookies(request, [services.cookies.touch(session)])
    return session, claims
