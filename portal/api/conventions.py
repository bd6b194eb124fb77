"""What holds for every route of the API: who calls, how long a page is, idempotency keys and entity tags.

Whether somebody may call is `portal/http/access.py`'s business.
"""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.auth.identity import Identity
from portal.auth.rate_limit import count_write
from portal.http.sessions.dependencies import Collaborators

READS = ("/api/v1/", "/dicomweb/")

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


Reader = Annotated[Identity, Depends(caller)]
"""Who reads."""

HookKeeper = Annotated[Identity, Depends(_keeper)]
"""Who decides where a clinic's events go, and has not used up this minute."""

Uploader = Annotated[Identity, Depends(_writer)]
"""Who sends, and has not used up this minute."""

Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,200}$",
        description="Your own: within 24 hours, a repetition with the same key answers with the same files.",
        examples=["7f3c1f0a-nightly-2026-01-31"],
    ),
]


class EntityTags:
    """Tags every successful read of the API by its content, and answers 304 where `If-None-Match` names the tag.

    Who holds an answer already is told so, without being sent it again (RFC 9110, 8.8.3 and 13.1.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(READS)
        await self._app(scope, receive, _Tagging(Headers(scope=scope), send) if is_read else send)


class _Tagging:
    """Holds an answer back until all of it is known."""

    def __init__(self, request: Headers, send: Send) -> None:
        self._wanted = {tag.strip().removeprefix("W/") for tag in request.get("if-none-match", "").split(",")}
        self._send = send
        self._start: Message = {}
        self._pieces: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._pieces.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(self._pieces)
        if self._start["status"] == 200:
            headers = MutableHeaders(scope=self._start)
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers["ETag"] = tag
            if self._wanted & {tag, "*"}:
                self._start["status"], body = 304, b""
                for name in ("content-length", "content-type"):
                    del headers[name]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})
