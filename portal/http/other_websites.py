"""The API for scripts of other websites, which a stage lists: a viewer's, that has a token (CORS; Fetch, 3.3).

No cookie counts there, and none may come: `Access-Control-Allow-Credentials` is never sent. Pages are of no other site.
"""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.http.security import API

ASKED = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Range")
"""Headers of requests, beside those that any website may send."""
TOLD = ("Content-Disposition", "ETag", "Location", "Retry-After", "Warning", "X-Request-Id", "X-Total-Count")
"""Headers of answers that scripts may read, beside those that any may."""
REMEMBERED_S = 600
"""For how long a browser need not ask anew."""


class OtherWebsites:
    """Answers browsers that ask whether a listed website may call the API, and says so with each answer to one."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["DELETE", "GET", "HEAD", "POST", "PUT"],
            allow_headers=ASKED,
            expose_headers=TOLD,
            max_age=REMEMBERED_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(API)
        await (self._open if is_api else self._app)(scope, receive, send)
