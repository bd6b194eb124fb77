"""One structured line per request: which route, for whom, how it ended, how long it took. No names, no queries.

And one per fault: what fails within is answered as our own fault, and no server ever sees the error. uvicorn and Mangum
print what reaches them, with texts that may quote what was sent; we log where an error came from.
"""

import time
import traceback
import uuid
from functools import lru_cache
from typing import Any

from aws_lambda_powertools import Logger
from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.errors import ScalperError
from intake.files.keys import is_file_id, is_study_id, is_upload_id
from portal.http.problem_types import INTERNAL, MEDIA_TYPE, Problem

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
"""Methods that are logged by name (RFC 9110, 9.3, and RFC 5789). Any other is a text of whoever asked."""

_IDS = {"upload_id": is_upload_id, "file_id": is_file_id, "study_id": is_study_id}


@lru_cache(maxsize=1)
def logger() -> Logger:
    return Logger()


class RequestLog:
    """Names each request by an id and logs it when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        event = scope.get("aws.event") or {}
        # API Gateway's id of the request where there is one, so that its log and ours meet.
        request_id = str(event.get("requestContext", {}).get("requestId") or uuid.uuid4())
        scope.setdefault("state", {}).update(request_id=request_id, begun_at=time.monotonic())
        status = 500
        started = time.perf_counter()

        async def send_and_watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_watch)
        finally:
            logger().info("request", extra=_list_facts(scope, status, time.perf_counter() - started))


def log_fault(request: Request, error: Exception) -> None:
    """Log once where an error came from, and not what it says: botocore's and pydantic's texts quote what was sent."""
    if getattr(request.state, "logged", None) is error:
        return
    request.state.logged = error
    frames = traceback.extract_tb(error.__traceback__)
    extra = {
        "request_id": getattr(request.state, "request_id", ""),
        "error": type(error).__name__,
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    logger().error("fault", extra=extra)


def _list_facts(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    state = scope["state"]
    identity, given = state.get("identity"), scope.get("path_params", {})
    return {
        "request_id": state["request_id"],
        # Only of requests that the edge vouches for; the address of whoever asked stands in the edge's log.
        **({"edge_request_id": state["edge_request_id"]} if "edge_request_id" in state else {}),
        "method": scope["method"] if scope["method"] in METHODS else "OTHER",
        "route": getattr(scope.get("route"), "path", None),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "subject": getattr(identity, "subject", None),
        "clinic_id": getattr(identity, "clinic_id", None),
        # Ids that are ours only: anything may be typed into an address.
        **{name: given[name] for name, is_ours in _IDS.items() if is_ours(str(given.get(name, "")))},
    }


BY_LAMBDA = "aws.event"
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
        if begun and not ended and BY_LAMBDA in scope:
            raise BrokenOffError("The answer broke off.")


def build_bare_document(request: Request, problem: Problem) -> Response:
    """Return a problem document that depends on nothing but the request's id: for when all else has failed."""
    document = {"title": problem.title, "status": problem.status, "detail": problem.detail}
    request_id = getattr(request.state, "request_id", "")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Request-Id": request_id}
    return JSONResponse({**document, "request_id": request_id}, problem.status, headers, media_type=MEDIA_TYPE)
