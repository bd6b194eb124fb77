"""Who may call which route: one table, and one check that every route passes before its own code.

What a route's row says is what is checked; a route without a row answers 403. Within what somebody may call, whose data
they see is decided by their identity (`portal/auth/identity.py`), never here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.security.utils import get_authorization_scheme_param
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.auth.identity import identify_bearer
from portal.auth.tokens import AccessClaims
from portal.errors import ClinicError, ForbiddenError, InvalidTokenError
from portal.http.access_table import Access, find_access
from portal.http.problem_types import find_problem
from portal.http.problems import answer
from portal.http.sessions import session_cookies
from portal.http.sessions.dependencies import find_services


@dataclass(frozen=True, slots=True)
class Declared:
    """A route, and whom it admits: None where nobody said so."""

    method: str
    path: str
    access: Access | None


def list_declared(app: FastAPI) -> Iterator[Declared]:
    """Yield every method of every route of an app, with what is declared of it."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or {"*"}):
            path = route.path or ""
            yield Declared(method, path, find_access(method, path))


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


def _admit_anybody(_request: Request) -> None:
    """Ask nothing."""


def _require_clinic_staff(request: Request) -> None:
    if session_cookies.require_staff(request).is_admin:
        raise ClinicError("Admins stand for no clinic.")


def _require_scope(scope: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        request.state.identity = identity = identify_bearer(verify_bearer(request))
        identity.require(scope)

    return check


_CHECKS: Mapping[Access, Callable[[Request], object]] = {
    Access.ANYBODY: _admit_anybody,
    Access.STAFF: session_cookies.require_staff,
    Access.CLINIC: _require_clinic_staff,
    Access.ADMIN: session_cookies.require_admin,
    Access.UPLOAD: _require_scope(Access.UPLOAD),
    Access.READ: _require_scope(Access.READ),
    Access.WEBHOOKS: _require_scope(Access.WEBHOOKS),
}
