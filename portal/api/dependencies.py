"""What the API's routes ask for: who calls, how long a page is, by which key a repetition is known.

Whether somebody may call is `portal/http/access.py`'s business.
"""

from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from portal.auth.identity import Identity
from portal.auth.rate_limit import count_write
from portal.http.sessions.dependencies import Collaborators

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="An access token of the user pool: of a partner (client credentials) or of a member of staff.",
)

Token = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def caller(request: Request, token: Token) -> Identity:  # noqa: ARG001 - the document tells of it; it was verified.
    """Return who calls, whom `portal/http/access.py` has admitted by the route's scope."""
    identity: Identity = request.state.identity
    return identity


def _writer(identity: Annotated[Identity, Depends(caller)], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


def _keeper(identity: Annotated[Identity, Depends(caller)], services: Collaborators) -> Identity:
    """Is another function than `_writer`, so that a test can hold each to the scope of its own routes."""
    count_write(services, identity)
    return identity


def _taker(identity: Annotated[Identity, Depends(caller)], services: Collaborators) -> Identity:
    """Is another function than `_writer`, as `_keeper` is."""
    count_write(services, identity)
    return identity


def admin(request: Request, token: Token) -> Identity:  # noqa: ARG001 - the document tells of it; it was verified.
    """Return the admin who calls, whom `portal/http/access.py` has admitted."""
    identity: Identity = request.state.identity
    return identity


def _administrator(identity: Annotated[Identity, Depends(admin)], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


Auditor = Annotated[Identity, Depends(admin)]
"""The admin who reads."""

Administrator = Annotated[Identity, Depends(_administrator)]
"""The admin who has something done, and has not used up this minute."""

Reader = Annotated[Identity, Depends(caller)]
"""Who reads."""

Taker = Annotated[Identity, Depends(_taker)]
"""Who reads what is noted, and has not used up this minute."""

HookKeeper = Annotated[Identity, Depends(_keeper)]
"""Who decides where a clinic's events go, and has not used up this minute."""

Uploader = Annotated[Identity, Depends(_writer)]
"""Who sends, and has not used up this minute."""

Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]

_KEY = r"^[!-~]{1,200}$"

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=_KEY,
        description="Your own: within 24 hours, a repetition with the same key answers with the same files.",
        examples=["7f3c1f0a-nightly-2026-01-31"],
    ),
]

RebuildKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="Your own: within 24 hours, a repetition with the same key answers with the same rebuild.",
        examples=["5b1de0a2-audit-2026-01-31"],
    ),
]
