"""Sessions of people who are signed in: begun by a sign-in, verified at each request, renewed, ended.

How a browser brings and keeps one is `portal/http/sessions/session_cookies.py`'s business.
"""

from portal.audit import note
from portal.auth.identity import identify_staff
from portal.auth.tokens import AccessClaims
from portal.errors import (
    InvalidTokenError,
    RevokedTokenError,
    SignInError,
    SignInRequiredError,
    UserPoolUnavailableError,
)
from portal.services import Services
from portal.sign_in.cookies import Session
from portal.sign_in.flow import Attempt

RENEW_SECONDS = 60
"""An access token with less than this left is renewed."""


def begin(services: Services, attempt: Attempt, *, state: str, code: str) -> Session:
    """Open the session of whoever has finished a sign-in, and note it.

    Raises SignInError for whatever we did not ask for, and ClinicError for somebody without a place here.
    """
    granted = services.sign_in.finish(attempt, state=state, code=code)
    claims = services.verifier.access(granted.access_token)
    identity = identify_staff(claims.subject, claims.groups, granted.display_name)
    note(services, identity, "session.begin", clinic_id=identity.clinic_id or "", subject=identity.subject)
    return Session.new(
        claims,
        now=services.now(),
        display_name=granted.display_name,
        access_token=granted.access_token,
        refresh_token=granted.refresh_token,
    )


def verify(services: Services, session: Session, now: int) -> tuple[Session, AccessClaims]:
    """Return the session and what its access token says, renewed where it is about to lapse.

    A session that was renewed is another one. While the user pool cannot renew it, its token serves to its end. Raises
    SignInRequiredError where the session has ended, UserPoolUnavailableError where nobody can tell.
    """
    try:
        claims = _verify_token(services, session, session.access_token)
    except RevokedTokenError as error:
        raise SignInRequiredError("The session has ended.") from error
    except InvalidTokenError:
        return _renew(services, session)
    if claims.expires_at - now > RENEW_SECONDS:
        return session, claims
    try:
        return _renew(services, session)
    except UserPoolUnavailableError:
        return session, claims


def end(services: Services, session: Session) -> None:
    """End a session on every worker, and at the user pool. Raises RevocationsUnknownError."""
    try:
        services.revocations.end_session(session.session_id, services.clock())
    finally:
        services.sign_in.end(session.refresh_token)


def _renew(services: Services, session: Session) -> tuple[Session, AccessClaims]:
    try:
        tokens = services.sign_in.renew(session.refresh_token)
        claims = _verify_token(services, session, tokens.access)
    except (SignInError, InvalidTokenError) as error:
        raise SignInRequiredError("The session has ended.") from error
    return session.renew(claims, tokens.access, tokens.refresh), claims


def _verify_token(services: Services, session: Session, access_token: str) -> AccessClaims:
    """Verify a token of a session. Raises InvalidTokenError for one of anybody but the person who signed in, and for
    one that was got other than by the portal."""
    claims = services.verifier.access(access_token)
    if claims.client_id != services.settings.web_client_id or claims.subject != session.subject:
        raise InvalidTokenError("The token is not that of the session.")
    return claims
