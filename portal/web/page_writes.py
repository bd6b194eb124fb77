"""What people do on pages counts against the same limit as what machines do: here, for every page that there is."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from intake.errors import RevocationsUnknownError
from portal.auth.rate_limit import count_write
from portal.errors import ForbiddenError, SignInRequiredError, TooManyRequestsError
from portal.http.security import API, SAFE_METHODS
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import require_staff

WAY_OUT = "/sign-out"
"""Counted too, and never refused: whoever wants to go is let go."""


async def count_page_write(request: Request) -> None:
    """Count an unsafe request of somebody who is signed in; a FastAPI dependency of the whole app.

    Raises TooManyRequestsError. Whether somebody must be signed in, or be somebody else, is the route's to say.
    """
    if request.method not in SAFE_METHODS and not request.url.path.startswith(API):
        await run_in_threadpool(_count, request)


def _count(request: Request) -> None:
    try:
        identity = require_staff(request)
    except (SignInRequiredError, ForbiddenError):
        return
    except RevocationsUnknownError:
        if request.url.path != WAY_OUT:
            raise
        return
    try:
        count_write(find_services(request), identity)
    except TooManyRequestsError:
        if request.url.path != WAY_OUT:
            raise
