"""The API's answers: who holds one already is told so by its tag (RFC 9110, 8.8.3 and 13.1.2); others get it packed.

Every byte that leaves the edge is billed (RFC 9110, 12.5.3).
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READS = ("/api/v1/", "/dicomweb/")

_ABOUT_THE_BODY = ("content-length", "content-type")


class EntityTags:
    """Tags every successful read of the API by its content, and answers 304 where `If-None-Match` names the tag."""

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
                for name in _ABOUT_THE_BODY:
                    del headers[name]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


PACKED = "/api/v1/"
"""Only the API. It takes no cookies, so nobody can have another's browser ask for it, and learn a secret in an answer
from how well that packs; pages hold such secrets, and come with a cookie."""

_LEAST = 1024
"""Bytes. What is smaller is sent as it is."""


class Packing:
    """Packs an answer with gzip where the request accepts that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packing = GZipMiddleware(app, minimum_size=_LEAST, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_weakened(message: Message) -> None:
            """Make the tag of a packed answer a weak one: a strong tag names the very bytes (RFC 9110, 8.8.3.3)."""
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "content-encoding" in headers and headers.get("etag", "").startswith('"'):
                    headers["ETag"] = f"W/{headers['ETag']}"
            await send(message)

        if scope["type"] == "http" and scope["path"].startswith(PACKED):
            await self._packing(scope, receive, send_weakened)
        else:
            await self._app(scope, receive, send)
