"""Entity tags: who holds an answer already is told so, without being sent it again (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
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
