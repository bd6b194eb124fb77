"""Who is signed in at a browser. Pages depend on `staff` or `admin`, and get an Identity."""

from dataclasses import replace

from fastapi import Request

from portal.cookies import Session
from portal.errors import ForbiddenError, InvalidTokenError, RevokedTokenError, SignInError, SignInRequiredError
from portal.identity import Identity, of_staff
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
        known = of_staff(claims.subject, claims.groups, session.display_name)
        request.state.session, request.state.identity = session, known
    return known


def admin(request: Request) -> Identity:
    """Return the admin who is signed in; a FastAPI dependency. Raises ForbiddenError for everybody else."""
    identity = staff(request)
    if not identity.is_admin:
        raise ForbiddenError("This page is for admins.")
    return identity


def begin(request: Request, session: Session) -> None:
    """Keep a new session in the browser."""
    cookies = services_of(request).cookies
    set_cookies(request, [*cookies.write(session), cookies.clear_attempt()])


def recognise(request: Request) -> Session | None:
    """Return the session whose cookies a request brings, whether it lives or not. Raises KeyUnknownError."""
    if not hasattr(request.state, "brought"):
        request.state.brought = services_of(request).cookies.read(request.cookies)
    session: Session | None = request.state.brought
    return session


def end(request: Request) -> None:
    """Forget the session here, on every worker, and at the user pool. Raises RevocationsUnknownError."""
    services = services_of(request)
    # First of all the browser forgets: that holds even when nobody else can be reached.
    set_cookies(request, services.cookies.clear())
    session = recognise(request)
    if session is None:
        return
    try:
        services.revocations.end_session(session.session_id, services.clock())
    finally:
        services.sign_in.end(session.refresh_token)


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
    session, now = recognise(request), services.now()
    if session is None or not session.lives(now):
        _leave_nothing(request, services)
        raise SignInRequiredError("Nobody is signed in.")
    session, claims = _verified(request, services, session, now)
    if BACKGROUND not in request.headers and now - session.seen >= TOUCH_SECONDS:
        session = replace(session, seen=now)
        set_cookies(request, [services.cookies.touch(session)])
    return session, claims


def _verified(request: Request, services: Services, session: Session, now: int) -> tuple[Session, AccessClaims]:
    """Return the session and what its access token says, renewed where it is about to lapse."""
    try:
        claims = _claims(services, session, session.access_token)
    except RevokedTokenError as error:
        raise _ended(request, services) from error
    except InvalidTokenError:
        return _renewed(request, services, session)
    return (session, claims) if claims.expires_at - now > RENEW_SECONDS else _renewed(request, services, session)


def _renewed(request: Request, services: Services, session: Session) -> tuple[Session, AccessClaims]:
    try:
        tokens = services.sign_in.renew(session.refresh_token)
        claims = _claims(services, session, tokens.access)
    except (SignInError, InvalidTokenError) as error:
        raise _ended(request, services) from error
    renewed = session.renewed(claims, tokens.access, tokens.refresh)
    set_cookies(request, services.cookies.write(renewed))
    return renewed, claims


def _claims(services: Services, session: Session, access_token: str) -> AccessClaims:
    """Verify a token of a session. Raises InvalidTokenError for one of anybody but the person who signed in."""
    claims = services.verifier.access(access_token)
    if claims.partner is not None or claims.subject != session.subject:
        raise InvalidTokenError("The token is not that of the session.")
    return claims


def _ended(request: Request, services: Services) -> SignInRequiredError:
    set_cookies(request, services.cookies.clear())
    return SignInRequiredError("The session has ended.")


def _leave_nothing(request: Request, services: Services) -> None:
    """Revoke what an idle session leaves behind, so that its tokens are worth nothing to whoever finds them."""
    if any(services.cookies.name(role) in request.cookies for role in ("session", "access", "refresh")):
        end(request)
