"""How much of an answer Lambda carries. Of a larger one nothing would arrive: API Gateway would make it a 502 without a
word, so it is refused here, in words that say what helps."""

import json

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import RetrievalTooLargeError
from portal.http.problems import answer_error
from portal.http.request_log import BY_LAMBDA

TEXT = ("text/", "application/json", "application/problem+json", "image/svg+xml")
"""Media types that are handed to Lambda as text; anything else, and whatever is packed, as base64."""

MOST_BYTES = 6_291_556 - 64 * 1024
"""Of a body, as Lambda counts it: 6 MB of JSON (Lambda guide, "Lambda quotas"), less what status and headers take."""

_WORST = 6
"""Bytes of JSON that a byte may become: a control character is `\\\\u001f`."""

_INSTEAD = "Ask for less at once, narrowed or page by page, or have it packed: `Accept-Encoding: gzip`."


class AnswerBounds:
    """Holds an answer back until all of it is known, and refuses one that is too large. Under Lambda only, where the
    whole is handed on at once anyway."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or BY_LAMBDA not in scope:
            await self._app(scope, receive, send)
            return
        held: list[Message] = []
        size = 0

        async def hold(message: Message) -> None:
            nonlocal size
            size += len(message.get("body", b""))
            if size <= MOST_BYTES:  # Neither text nor base64 is less than its bytes: the rest need not be kept.
                held.append(message)

        await self._app(scope, receive, hold)
        if size > MOST_BYTES or (size * _WORST > MOST_BYTES and measure(*held) > MOST_BYTES):
            refusal = answer_error(Request(scope), RetrievalTooLargeError(MOST_BYTES, _INSTEAD))
            await refusal(scope, receive, send)
        else:
            for message in held:
                await send(message)


def measure(start: Message, *rest: Message) -> int:
    """Return how many bytes of JSON Lambda is handed of an answer's body."""
    body = b"".join(message.get("body", b"") for message in rest)
    media_type = Headers(raw=start["headers"]).get("content-type", "")
    try:
        text = body.decode() if any(kind in media_type for kind in TEXT) else None
    except UnicodeDecodeError:
        text = None  # It is packed.
    return len(json.dumps(text, ensure_ascii=False).encode()) if text is not None else -(-len(body) // 3) * 4
