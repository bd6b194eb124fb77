"""An HTTP proxy on loopback that counts what goes through, and tells of it while it goes."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.emulator.loopback_server import LoopbackServer

_BLOCK = 64 * 1024
_HOP_BY_HOP = frozenset({"connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length"})


class CountingProxy(LoopbackServer):
    """Set `HTTP_PROXY` to `url`. A body that breaks off is counted as far as it came, and not passed on."""

    def __init__(self) -> None:
        self.bytes_put: Counter[str] = Counter()
        """Bytes of bodies, by the URL that they were PUT to, without its query."""
        self.begun: list[tuple[str, str]] = []
        """Method and URL of each request, as it came."""
        self.on_progress: Callable[[], None] = lambda: None
        """Called after each block of a PUT, and as each other request comes."""
        self._lock = threading.Lock()

    def came(self, method: str, url: str) -> None:
        with self._lock:
            self.begun.append((method, url))
            if method != "PUT":
                self.on_progress()

    def put(self, url: str, size: int) -> None:
        with self._lock:
            self.bytes_put[url] += size
            self.on_progress()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.owner.came(self.command, parts.path)
        try:
            body = self._body(parts.path)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)) as upstream:
                upstream.request(self.command, parts._replace(scheme="", netloc="").geturl(), body, headers)
                self._answer(upstream.getresponse())
        except (ConnectionError, EOFError):
            self.close_connection = True

    do_POST = do_PUT = do_GET  # noqa: N815 - The server finds methods by these names.

    def _body(self, path: str) -> bytes:
        left, blocks = int(self.headers.get("Content-Length", 0)), []
        while left:
            block = self.rfile.read1(min(left, _BLOCK))
            if not block:
                raise EOFError
            left -= len(block)
            blocks.append(block)
            if self.command == "PUT":
                self.server.owner.put(path, len(block))
        return b"".join(blocks)

    def _answer(self, response: http.client.HTTPResponse) -> None:
        content = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing: URLs are signed."""


CountingProxy.handler = _Handler
