"""How much of a body is read, and of whom, before anything parses it."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import BodyCutOffError, BodyTooLargeError, PortalError
from portal.http.access import verify_bearer
from portal.http.messages.media_types import parse_content_type
from portal.http.problems import answer_error
from portal.http.security import API, SAFE_METHODS
from portal.http.sessions.session_cookies import require_staff

MOST_OF_ANYBODY = 4 * 1024
"""Bytes that may come before it is known whose they are: a form of a few fields."""

MAX_FORM = 64 * 1024
"""Bytes of a form, and of whatever is no list of files: 500 chosen files with a reason fit, and a clinic's profile."""

MAX_BODY = 2 * 1024 * 1024
"""Bytes of JSON that announces files: 500 of them with the longest names fit, and no file does."""

MAX_DICOMWEB_BODY = 4 * 1024 * 1024
"""Bytes of a DICOMweb message: Lambda takes 6 MB, binary bytes written as base64."""

MOST_FIELDS = 1000
"""Of a form. The largest of ours has a field for each of 500 files."""

ANNOUNCEMENTS = ("/api/v1/uploads", "/upload/")
FORM = "application/x-www-form-urlencoded"


class BodyLimit:
    """Reads a body that is to be read, and refuses one that is too large, or of nobody, before anything parses it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        try:
            body = await _read_body(scope, receive)
        except PortalError as refusal:
            await answer_error(Request(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, _replay_body(body, receive), send)


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body. Raises BodyTooLargeError, BodyCutOffError, and what says that nobody is signed in."""
    largest, taken, size, known = _find_body_limit(scope), [], 0, False
    declared = Headers(scope=scope).get("content-length", "")
    expected = int(declared[:12]) if declared.isascii() and declared.isdigit() else 0
    while True:
        if max(size, expected) > MOST_OF_ANYBODY and not known:
            await run_in_threadpool(_identify, Request(scope))
            known = True
        if max(size, expected) > largest:
            raise BodyTooLargeError(largest)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutOffError("The client went away.")
        taken.append(message.get("body", b""))
        size += len(taken[-1])
        if not message.get("more_body", False):
            return _join_body(scope, b"".join(taken), largest)


def _join_body(scope: Scope, body: bytes, largest: int) -> bytes:
    """Return what was read to its end. Raises BodyTooLargeError also for too many fields."""
    if len(body) > largest or (_read_media_type(scope) == FORM and body.count(b"&") + body.count(b";") >= MOST_FIELDS):
        raise BodyTooLargeError(largest)
    return body


def _find_body_limit(scope: Scope) -> int:
    """Return the bytes that a body may have. What is not known to need more is given what a form needs."""
    path: str = scope["path"]
    if path.startswith(API[1]):
        return MAX_DICOMWEB_BODY
    is_json = _read_media_type(scope) == "application/json"
    return MAX_BODY if is_json and path.startswith(ANNOUNCEMENTS) else MAX_FORM


def _read_media_type(scope: Scope) -> str:
    return parse_content_type(Headers(scope=scope).get("content-type", ""))[0]


def _identify(request: Request) -> None:
    """Raises what the route itself would raise for somebody who is not signed in."""
    if request.url.path.startswith(API):
        verify_bearer(request)
    else:
        require_staff(request)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Give the body at once, and then whatever follows it: that the client has gone."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
