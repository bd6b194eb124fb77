"""The outermost layer: what fails within is answered as our own fault, and no server ever sees the error.

uvicorn and Mangum print what reaches them, with texts that may quote what was sent; we log where an error came from.
"""

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.errors import ScalperError
from portal.http.problem_types import INTERNAL
from portal.http.problems import build_bare_document
from portal.http.request_log import log_fault

_BY_LAMBDA = "aws.event"
"""Mangum's mark. It hands an answer on whole, so that one which broke off must become an error."""


class BrokenOffError(ScalperError):
    """Raised when an answer that has begun cannot be finished. It says nothing of why, which was logged."""


class FaultBarrier:
    """Serves an app; logs each error that escapes it once, and answers it where no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = ended = False

        async def send_and_watch(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, receive, send_and_watch)
        except Exception as error:  # noqa: BLE001  # Whatever it is, it must not go on to the server.
            log_fault(Request(scope), error)
            if not begun:
                await build_bare_document(Request(scope), INTERNAL)(scope, receive, send)
        # An answer that broke off is left unfinished: uvicorn then closes the connection, so that nobody takes it for
        # the whole.
        if begun and not ended and _BY_LAMBDA in scope:
            raise BrokenOffError("The answer broke off.")
