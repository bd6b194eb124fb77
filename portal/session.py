"""Who is signed in at a browser. Pages depend on `staff` or `admin`, and get an Identity."""

from dataclasses import replace

from fastapi import Request

from portal.cookies import IDLE_SECONDS, Cookies, Session
from portal.errors import ForbiddenError, InvalidTokenError, SignInError, SignInRequiredError
from portal.identity import Identity, of_partner, of_staff
from portal.services import Services, services_of
from portal.tokens import AccessClaims

BACKGROUND = "x-background"
"""Header of requests that a page makes by itself, such as polling: they do not keep an idle session alive."""

RENEW_SECONDS = 60
"""An access token with less than this left is renewed."""

TOUCH_SECONDS = 30
"""The session's cookie is rewritten at most this often."""


def staff(request: Request) -> Identity:
    """Return who is signed in; a FastAPI dependency. Raises SignInRequiredError, or ClinicError for a lost soul."""
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        services = services_of(request)
        session, claims = _open(request, services)
        known = identity_of(claims, session.display_name)
        request.state.session, request.state.identity = session, known
    return known


def admin(request: Request) -> Identity:
    """Return the admin who is signed in; a FastAPI dependency. Raises ForbiddenError for everybody else."""
    identity = staff(request)
    if not identity.is_admin:
        raise ForbiddenError("This page is for admins.")
    return identity


def identity_of(claims: AccessClaims, display_name: str = "") -> Identity:
    if claims.partner is not None:
        return of_partner(claims.subject, claims.partner, claims.scopes)
    return of_staff(claims.subject, claims.groups, display_name)


def begin(request: Request, session: Session) -> None:
    """Keep a new session in the browser."""
    cookies = Cookies.of(services_of(request).settings)
    set_cookies(request, [*cookies.write(session), cookies.clear_attempt()])


def end(request: Request) -> None:
    """Forget the session here and at the user pool."""
    services = services_of(request)
    cookies = Cookies.of(services.settings)
    # First of all the browser forgets: that holds even when the pool cannot be reached.
    set_cookies(request, cookies.clear())
    refresh_token = cookies.refresh_token(request.cookies)
    if refresh_token:
        services.sign_in.end(refresh_token)


def set_cookies(request: Request, values: list[str]) -> None:
    """Have the response carry these Set-Cookie values, whichever response it will be."""
    if not hasattr(request.state, "set_cookies"):
        request.state.set_cookies = []
    request.state.set_cookies += values


def csrf_token(request: Request) -> str:
    """Return the token that this session's forms carry; empty where nobody is signed in."""
    session: Session | None = getattr(request.state, "session", None)
    return session.csrf_token if session is not None else ""


def _open(request: Request, services: Services) -> tuple[Session, AccessClaims]:
    cookies = Cookies.of(services.settings)
    session = cookies.read(request.cookies)
    now = int(services.clock().timestamp())
    if session is None or not 0 <= now - session.seen + RENEW_SECONDS <= IDLE_SECONDS + RENEW_SECONDS:
        _log_off(request, cookies)
        raise SignInRequiredError("Nobody is signed in.")
    session, claims = _verified(request, services, session, now)
    if BACKGROUND not in request.headers and now - session.seen >= TOUCH_SECONDS:
        session = replace(session, seen=now)
        set_cookies(request, [cookies.touch(session)])
    return session, claims


def _verified(request: Request, services: Services, session: Session, now: int) -> tuple[Session, AccessClaims]:
    """Return the session and what its access token says, renewed where it is about to lapse."""
    try:
        claims = services.verifier.access(session.access_token)
    except InvalidTokenError:
        return _renewed(request, services, session)
    return (session, claims) if claims.expires_at - now > RENEW_SECONDS else _renewed(request, services, session)


def _renewed(request: Request, services: Services, session: Session) -> tuple[Session, AccessClaims]:
    try:
        tokens = services.sign_in.renew(session.refresh_token)
        claims = services.verifier.access(tokens.access)
    except (SignInError, InvalidTokenError) as error:
        set_cookies(request, Cookies.of(services.settings).clear())
        raise SignInRequiredError("The session has ended.") from error
    renewed = replace(session, access_token=tokens.access, refresh_token=tokens.refresh or session.refresh_token)
    set_cookies(request, Cookies.of(services.settings).write(renewed))
    return renewed, claims


def _log_off(request: Request, cookies: Cookies) -> None:
    """Revoke what an idle session leaves behind, so that its tokens are worth nothing to whoever finds them."""
    if cookies.refresh_token(request.cookies):
        end(request)
