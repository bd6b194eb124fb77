"""Who may call which route: one check that every route passes before its own code, by the table's row.

Whose data somebody sees follows from their identity (`portal/auth/identity.py`).
"""

from collections.abc import Callable, Mapping, Sequence

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.auth.identity import identify_bearer
from portal.auth.tokens import AccessClaims
from portal.errors import ClinicError, ForbiddenError, InvalidTokenError
from portal.http.access_table import ROUTES, Access
from portal.http.problem_types import find_problem
from portal.http.problems import answer
from portal.http.security import API
from portal.http.sessions import session_cookies
from portal.http.sessions.dependencies import find_services

ALLOWED_HEADERS = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Range")
"""Headers of requests, beside those that any website may send."""
EXPOSED_HEADERS = ("Content-Disposition", "ETag", "Location", "Retry-After", "Warning", "X-Request-Id", "X-Total-Count")
"""Headers of answers that scripts may read, beside those that any may."""
PREFLIGHT_AGE_S = 600
"""For how long a browser need not ask anew."""


def enforce(request: Request) -> None:
    """Admit whom the matched route's row names, and nobody else; a FastAPI dependency of the whole app.

    Raises SignInRequiredError, InvalidTokenError, ScopeError, ClinicError, ForbiddenError.
    """
    request.state.asked_who = True
    declared = find_access(request.method, getattr(request.scope.get("route"), "path", ""))
    if declared is None:
        raise ForbiddenError("Nobody said who may call this.")
    _CHECKS[declared](request)


def verify_bearer(request: Request) -> AccessClaims:
    """Return what the token says by which the API is called: a bearer token, and nothing else.

    It is verified again behind API Gateway's own check. Raises InvalidTokenError, RevokedTokenError.
    """
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not token:
        raise InvalidTokenError("There is no bearer token.")
    return find_services(request).verifier.access(token)


class OnlyAsked:
    """Withholds the answer of what never asked `enforce`, such as a mounted app: no dependency runs there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        withheld = False

        async def send_unless_withheld(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start" and message["status"] < 400:
                withheld = not scope.get("state", {}).get("asked_who")
            if not withheld:
                await send(message)

        await self._app(scope, receive, send_unless_withheld if scope["type"] == "http" else send)
        if withheld:
            await answer(Request(scope), find_problem(ForbiddenError()))(scope, receive, send)


def _require_clinic_staff(request: Request) -> None:
    if session_cookies.require_staff(request).is_admin:
        raise ClinicError("Admins stand for no clinic.")


def _require_scope(scope: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        request.state.identity = identity = identify_bearer(verify_bearer(request))
        identity.require(scope)

    return check


def _require_admin_token(request: Request) -> None:
    identity = identify_bearer(verify_bearer(request))
    if not identity.is_admin:
        raise ForbiddenError("The token is no admin's.")
    request.state.identity = identity


_CHECKS: Mapping[Access, Callable[[Request], object]] = {
    Access.ANYBODY: lambda _request: None,
    Access.STAFF: session_cookies.require_staff,
    Access.CLINIC: _require_clinic_staff,
    Access.LEAD: session_cookies.require_lead,
    Access.ADMIN: session_cookies.require_admin,
    Access.ADMIN_API: _require_admin_token,
    Access.UPLOAD: _require_scope(Access.UPLOAD),
    Access.READ: _require_scope(Access.READ),
    Access.WEBHOOKS: _require_scope(Access.WEBHOOKS),
}


def find_access(method: str, path: str) -> Access | None:
    """Return whom a route admits, by its path as it is declared: None where nobody said so."""
    return ROUTES.get(f"{'GET' if method == 'HEAD' else method} {path}")


class OtherWebsites:
    """The API for scripts of other websites, which a stage lists: a viewer's, that has a token (CORS; Fetch, 3.3).

    No cookie counts there: `Access-Control-Allow-Credentials` is never sent. Pages are of no other site.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["DELETE", "GET", "HEAD", "POST", "PUT"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=PREFLIGHT_AGE_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(API)
        await (self._open if is_api else self._app)(scope, receive, send)
