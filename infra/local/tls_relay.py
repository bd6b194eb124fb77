"""A way to an emulator that serves TLS only, for the one caller that knows no TLS: the emulator itself."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

_PREFIX = "http://"


@contextlib.contextmanager
def tls_relay(host: str, certificate: Path) -> Iterator[str]:
    """Run an HTTP proxy on loopback until the block is left, and give its address.

    It asks `host` (`name:port`) by TLS what it is asked to get there by plain HTTP, and leads nowhere else.
    """
    handler = type("_Bound", (_Relay,), {"host": host, "certificate": certificate})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{_PREFIX}127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Relay(BaseHTTPRequestHandler):
    host: str
    certificate: Path

    def do_GET(self) -> None:
        if not self.path.startswith(f"{_PREFIX}{self.host}/"):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        verify = ssl.create_default_context(cafile=self.certificate)
        answer = httpx.get(f"https://{self.path.removeprefix(_PREFIX)}", verify=verify, trust_env=False)
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # The base class's name.
        """Say nothing: what the emulator does is in its own log."""
