"""Requests straight at the portal's ASGI application: what a client costs is not measured with it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

KEPT = 1024 * 1024
"""Bytes of an answer that are kept: what a client holds of a long one is no cost of ours."""
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, byte by byte as a server would hand it over."""

    method: str
    path: str
    """As it stands in the request's first line, percent-encoded."""
    query: bytes = b""
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": unquote_to_bytes(self.path).decode("utf-8", "replace"),
            "raw_path": self.path.encode("latin-1", "replace"),
            "root_path": "",
            "query_string": self.query,
            "headers": [(b"host", b"portal.test"), *self.headers, (b"content-length", b"%d" % len(self.body))],
            "client": ("127.0.0.1", 1),
            "server": ("portal.test", 443),
        }


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Server:
    """Serves requests one after another, in one event loop."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._runner = asyncio.Runner()
        self.faults: set[str] = set()
        """Requests that were answered with a fault of ours, and by which error."""

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *raised: object) -> None:
        self._runner.close()

    def ask(self, ask: Ask) -> Answer:
        answer = Answer()
        try:
            self._runner.run(self._asked(ask, answer))
        except Exception as error:  # noqa: BLE001 - Starlette raises what it has answered, for servers to log
            self.faults.add(f"{ask.method} {ask.path[:80]}: {type(error).__name__}")
        if answer.status >= 500:
            self.faults.add(f"{ask.method} {ask.path[:80]}: {answer.status}")
        return answer

    async def _asked(self, ask: Ask, answer: Answer) -> None:
        chunks, body = [ask.body], bytearray()

        async def receive() -> dict[str, Any]:
            if chunks:
                return {"type": "http.request", "body": chunks.pop(), "more_body": False}
            # Who waits for the connection's end waits until the answer is complete.
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = _headers(message["headers"])
            elif message["type"] == "http.response.body" and len(body) < KEPT:
                body.extend(message.get("body", b""))

        await self._app(ask.scope(), receive, send)
        answer.body = bytes(body)


def _headers(pairs: Iterable[Header]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
