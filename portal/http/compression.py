"""The REST API's answers, packed for whoever asks so: every byte that leaves the edge is billed (RFC 9110, 12.5.3)."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        if scope["type"] == "http" and scope["path"].startswith(PACKED):
            await self._packing(scope, receive, _weaken_tag(send))
        else:
            await self._app(scope, receive, send)


def _weaken_tag(send: Send) -> Send:
    """Make the tag of a packed answer a weak one: a strong tag names the very bytes (RFC 9110, 8.8.3.3)."""

    async def send_weakened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "content-encoding" in headers and headers.get("etag", "").startswith('"'):
                headers["ETag"] = f"W/{headers['ETag']}"
        await send(message)

    return send_weakened
