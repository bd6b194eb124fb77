"""Who calls the API: the bearer token of a request, verified again behind API Gateway's own check."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from portal.errors import InvalidTokenError
from portal.identity import READ, UPLOAD, WEBHOOKS, Identity
from portal.limits import count_write
from portal.services import Services, services_of
from portal.session import identity_of

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="An access token of the user pool: of a partner (client credentials) or of a member of staff.",
)

Token = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
Collaborators = Annotated[Services, Depends(services_of)]


def caller(request: Request, services: Collaborators, token: Token) -> Identity:
    """Return who calls. Raises InvalidTokenError, and ClinicError for staff without a clinic."""
    if token is None:
        raise InvalidTokenError("There is no bearer token.")
    identity = identity_of(services.verifier.access(token.credentials))
    request.state.identity = identity
    return identity


def _with_scope(scope: str) -> Callable[[Identity], Identity]:
    def permitted(identity: Annotated[Identity, Depends(caller)]) -> Identity:
        identity.require(scope)
        return identity

    return permitted


def _writer(identity: Annotated[Identity, Depends(_with_scope(UPLOAD))], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


def _keeper(identity: Annotated[Identity, Depends(_with_scope(WEBHOOKS))], services: Collaborators) -> Identity:
    count_write(services, identity)
    return identity


Reader = Annotated[Identity, Depends(_with_scope(READ))]
"""Somebody whose token carries `scalper/read`."""

HookKeeper = Annotated[Identity, Depends(_keeper)]
"""Somebody whose token carries `scalper/webhooks`: who decides where a clinic's events go."""

Uploader = Annotated[Identity, Depends(_writer)]
"""Somebody whose token carries `scalper/upload`, and who has not used up this minute."""
