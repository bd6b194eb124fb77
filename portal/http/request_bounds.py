"""How much of a request is read: address, headers and body end here, each before anything parses it."""

from collections import Counter

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.auth.tokens import MAX_TOKEN
from portal.errors import AddressTooLongError, BodyCutOffError, BodyTooLargeError, HeaderTooLargeError, PortalError
from portal.http.access import verify_bearer
from portal.http.messages import parse_content_type
from portal.http.problems import answer_error
from portal.http.security import API, SAFE_METHODS
from portal.http.sessions.session_cookies import require_staff
from portal.sign_in.cookies import MAX_COOKIE

MOST_OF_A_HEADER = 1024
"""Bytes of a header's values together: several of one name are one list (RFC 9110, 5.3)."""

LONGER = {
    b"authorization": MAX_TOKEN + len("Bearer "),
    b"cookie": 4 * MAX_COOKIE,
    # The address of a page of ours: it may hold a cursor.
    b"hx-current-url": 8 * 1024,
}
"""Headers that hold a token, a session or an address."""

READ = frozenset(LONGER) | {
    b"accept",
    b"accept-encoding",
    b"content-type",
    b"host",
    b"idempotency-key",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"origin",
    b"range",
    b"x-csrf-token",
    b"x-origin-verify",
}
"""Headers that we or our libraries read. A longer one is refused. Any other that is too long is left out, so that
nobody ever reads it: a hospital's proxies may add what they like."""

MOST_HEADERS = 128
MOST_OF_AN_ADDRESS = 8 * 1024
"""Bytes of path and query (RFC 9110, 4.1, recommends to take 8000 at the least)."""
MOST_OF_A_SEGMENT = 256
"""Characters between two slashes: no id is that long, and no key of the table is to be made of more."""

MOST_OF_ANYBODY = 4 * 1024
"""Bytes that may come before it is known whose they are: a form of a few fields."""

MAX_FORM = 64 * 1024
"""Bytes of a form, and of whatever is no list of files: 500 chosen files with a reason fit, and a clinic's profile."""

MAX_BODY = 2 * 1024 * 1024
"""Bytes of JSON that announces files: 500 of them with the longest names fit, and no file does."""

MAX_LIST = 2 * 1024 * 1024
"""Bytes of a form that holds a day's list of expected exams, in which each semicolon and line end is three."""

MAX_DICOMWEB_BODY = 4 * 1024 * 1024
"""Bytes of a DICOMweb message: Lambda takes 6 MB, binary bytes written as base64."""

BY_OTHER_WAYS = (
    "API Gateway lets no larger message through. Send fewer instances in a message; a file of any size is sent by the"
    " client, `scalper upload`, or by POST /api/v1/uploads."
)

MOST_FIELDS = 1000
"""Of a form. The largest of ours has a field for each of 500 files."""

ANNOUNCEMENTS = ("/api/v1/uploads", "/api/v1/expected-exams", "/upload/")
LISTS = "/expected"
FORM = "application/x-www-form-urlencoded"

_OUR_COOKIES = (b"scalper-", b"__Host-scalper-")

RawHeaders = list[tuple[bytes, bytes]]


class RequestBounds:
    """Refuses a request whose address or headers are too long, and hides what is none of our business."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _enforce_bounds(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await answer_error(Request(scope), refusal)(scope, receive, send)


def _enforce_bounds(scope: Scope) -> PortalError | None:
    """Return why the request is refused, if it is; leave in its headers only what may be read."""
    path: str = scope["path"]
    headers: RawHeaders = [(name.lower(), value) for name, value in scope["headers"]][:MOST_HEADERS]
    crowded = len(scope["headers"]) > MOST_HEADERS
    lengths: Counter[bytes] = Counter()
    for name, value in headers:
        lengths[name] += len(value)
    too_long = {name for name, length in lengths.items() if length > LONGER.get(name, MOST_OF_A_HEADER)}
    fitting = [(name, value) for name, value in headers if name not in too_long | {b"cookie"}]
    scope["headers"] = [*fitting, *_choose_cookies(headers)]
    if crowded:
        return HeaderTooLargeError("", MOST_HEADERS)
    address = len(scope.get("raw_path") or path.encode(errors="replace")) + len(scope["query_string"])
    if address > MOST_OF_AN_ADDRESS or any(len(segment) > MOST_OF_A_SEGMENT for segment in path.split("/")):
        return AddressTooLongError(MOST_OF_AN_ADDRESS)
    long = sorted(READ & too_long - {b"cookie"})
    return HeaderTooLargeError(long[0].decode(), LONGER.get(long[0], MOST_OF_A_HEADER)) if long else None


def _choose_cookies(headers: RawHeaders) -> RawHeaders:
    """Return the cookies that this portal may have set: each within what browsers keep, and none of them quoted.

    Others of the same host are not ours to judge. Unquoting a cookie takes the square of its length (CVE-2024-7592).
    """
    sent = b";".join(value for name, value in headers if name == b"cookie")
    cookies = map(bytes.strip, sent.split(b";"))
    ours = [one for one in cookies if one.startswith(_OUR_COOKIES) and len(one) <= MAX_COOKIE + 1 and b'"' not in one]
    kept = ours[: LONGER[b"cookie"] // MAX_COOKIE]
    return [(b"cookie", b"; ".join(kept))] if kept else []


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
        given = False

        async def replay() -> Message:
            """Give the body at once, and then whatever follows it: that the client has gone."""
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body. Raises BodyTooLargeError, also for too many fields, and BodyCutOffError.

    Raises also what says that nobody is signed in.
    """
    headers = Headers(scope=scope)
    media_type, _ = parse_content_type(headers.get("content-type", ""))
    largest, body, known = _find_body_limit(scope["path"], media_type), bytearray(), False
    instead = BY_OTHER_WAYS if largest == MAX_DICOMWEB_BODY else ""
    declared = headers.get("content-length", "")
    expected = int(declared[:12]) if declared.isascii() and declared.isdigit() else 0
    while True:
        if max(len(body), expected) > MOST_OF_ANYBODY and not known:
            await run_in_threadpool(_identify, Request(scope))
            known = True
        if max(len(body), expected) > largest:
            raise BodyTooLargeError(largest, instead)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutOffError("The client went away.")
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    if len(body) > largest or (media_type == FORM and body.count(b"&") + body.count(b";") >= MOST_FIELDS):
        raise BodyTooLargeError(largest, instead)
    return bytes(body)


def _find_body_limit(path: str, media_type: str) -> int:
    """Return the bytes that a body may have. What is not known to need more is given what a form needs."""
    if path.startswith(API[1]):
        return MAX_DICOMWEB_BODY
    if path == LISTS:
        return MAX_LIST
    return MAX_BODY if media_type == "application/json" and path.startswith(ANNOUNCEMENTS) else MAX_FORM


def _identify(request: Request) -> None:
    """Raises what the route itself would raise for somebody who is not signed in."""
    if request.url.path.startswith(API):
        verify_bearer(request)
    else:
        require_staff(request)
