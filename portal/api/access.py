"""Who calls the API, for routes that want to know. Whether they may is `portal/access.py`'s business."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from portal.dependencies import Collaborators
from portal.identity import Identity
from portal.limits import count_write

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="An access token of the user pool: of a partner (client credentials) or of a member of staff.",
)

Token = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def caller(request: Request, token: Token) -> Identity:  # noqa: ARG001 - the document tells of it; it was verified.
    """Return who calls, whom `portal/access.py` has admitted by the route's scope."""
    identity: Identity = request.state.identity
    return identity


def _writer(identity: Annotated[Identity, Depends(caller)], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


def _keeper(identity: Annotated[Identity, Depends(caller)], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


Reader = Annotated[Identity, Depends(caller)]
"""Who reads."""

HookKeeper = Annotated[Identity, Depends(_keeper)]
"""Who decides where a clinic's events go, and has not used up this minute."""

Uploader = Annotated[Identity, Depends(_writer)]
"""Who sends, and has not used up this minute."""
