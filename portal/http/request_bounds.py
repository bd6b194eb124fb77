"""How much of a request's address and headers is looked at: all of it ends here, before anything parses it."""

from collections import Counter

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.auth.tokens import MAX_TOKEN
from portal.errors import AddressTooLongError, HeaderTooLargeError, PortalError
from portal.http.problems import answer_error
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
    headers: RawHeaders = [(name.lower(), value) for name, value in scope["headers"]][:MOST_HEADERS]
    crowded = len(scope["headers"]) > MOST_HEADERS
    too_long = _find_too_long(headers)
    fitting = [(name, value) for name, value in headers if name not in too_long | {b"cookie"}]
    scope["headers"] = [*fitting, *_choose_cookies(headers)]
    if crowded:
        return HeaderTooLargeError("", MOST_HEADERS)
    if _is_long(scope):
        return AddressTooLongError(MOST_OF_AN_ADDRESS)
    long = sorted(READ & too_long - {b"cookie"})
    return HeaderTooLargeError(long[0].decode(), _find_header_limit(long[0])) if long else None


def _is_long(scope: Scope) -> bool:
    path: str = scope["path"]
    length = len(scope.get("raw_path") or path.encode(errors="replace")) + len(scope["query_string"])
    return length > MOST_OF_AN_ADDRESS or any(len(segment) > MOST_OF_A_SEGMENT for segment in path.split("/"))


def _find_header_limit(name: bytes) -> int:
    return LONGER.get(name, MOST_OF_A_HEADER)


def _find_too_long(headers: RawHeaders) -> set[bytes]:
    lengths: Counter[bytes] = Counter()
    for name, value in headers:
        lengths[name] += len(value)
    return {name for name, length in lengths.items() if length > _find_header_limit(name)}


def _choose_cookies(headers: RawHeaders) -> RawHeaders:
    """Return the cookies that this portal may have set: each within what browsers keep, and none of them quoted.

    Others of the same host are not ours to judge. Unquoting a cookie takes the square of its length (CVE-2024-7592).
    """
    sent = b";".join(value for name, value in headers if name == b"cookie")
    cookies = map(bytes.strip, sent.split(b";"))
    ours = [one for one in cookies if one.startswith(_OUR_COOKIES) and len(one) <= MAX_COOKIE + 1 and b'"' not in one]
    kept = ours[: LONGER[b"cookie"] // MAX_COOKIE]
    return [(b"cookie", b"; ".join(kept))] if kept else []
