"""Takes the browser's answer to a sign-in, on this machine alone (RFC 8252, sections 7.3 and 8).

Any page in any browser, and any program here, may send requests to it. What does not bring the state of this sign-in,
which is drawn anew for each, is refused and changes nothing: the right answer is still waited for.
"""

import errno
import hmac
import os
import queue
import socket
import socketserver
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from scalper.errors import SignInError

HOST = "localhost"
PORTS = (8749, 8750, 8751)
"""Those that the user pool leads back to (`infra/edge/app_clients.py`)."""
PATH = "/callback"

# `localhost` is either address, and browsers try the second first where there is one: who listened on one of them only
# would leave the other to whoever else is on this machine.
_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
_MOST_FIELDS = 16
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Silent Scalper</title></head>
<body><h1>{heading}</h1><p>{text}</p></body></html>
"""
_TAKEN_PAGE = _PAGE.format(heading="Back to the command line", text="It goes on there. You can close this page.")
_REFUSED_PAGE = _PAGE.format(heading="Nothing here", text="This address waits for the answer to one sign-in only.")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user pool sent the browser back with: a code, or an error's name."""

    code: str = field(default="", repr=False)
    error: str = ""


class Listener:
    """Listens from its making until `with` is left."""

    def __init__(self, state: str, ports: Sequence[int] = PORTS) -> None:
        """Raises SignInError where all ports are taken."""
        self.port, self._servers = _listen(ports, _Inbox(state))
        self._inbox = self._servers[0].inbox
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def redirect_uri(self) -> str:
        return f"http://{HOST}:{self.port}{PATH}"

    def wait(self, patience: float) -> Answer:
        """Return the answer. Raises SignInError where none came within `patience` seconds."""
        try:
            return self._inbox.answers.get(timeout=patience)
        except queue.Empty:
            told = f"{patience / 60:.0f} minutes" if patience >= 60 else f"{patience:g} seconds"
            raise SignInError(f"Nobody signed in within {told}. Run the command again.") from None


class _Inbox:
    """Takes the one right answer."""

    def __init__(self, state: str) -> None:
        self.answers: queue.Queue[Answer] = queue.Queue()
        self._state = state.encode()
        self._lock = threading.Lock()
        self._taken = False

    def take(self, target: str) -> Answer | None:
        """Return the answer in a request's target, if it is the right one and the first."""
        answer = self._read(target)
        with self._lock:
            if answer is None or self._taken:
                return None
            self._taken = True
            return answer

    def _read(self, target: str) -> Answer | None:
        try:
            parts = urlsplit(target)
            given = parse_qs(parts.query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or parts.path != PATH:
            return None
        state, code, error = (given.get(name, []) for name in ("state", "code", "error"))
        if len(state) != 1 or not hmac.compare_digest(state[0].encode(), self._state):
            return None
        if len(code) + len(error) != 1 or not (code + error)[0]:
            return None
        return Answer(*code) if code else Answer(error=error[0])


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Has a thread for each connection: browsers open some on which they send nothing."""

    daemon_threads = True
    # Elsewhere it lets a port be used again at once; on Windows it lets anybody take it from us.
    allow_reuse_address = os.name != "nt"

    def __init__(self, family: int, address: tuple[str, int], inbox: _Inbox) -> None:
        self.address_family, self.inbox = family, inbox
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - As socketserver has it.
        # A browser that hangs up is no news; a fault of ours is.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        # By another name, a page elsewhere has had its own name lead here (DNS rebinding).
        ours = self.headers.get_all("Host", []) == [f"{HOST}:{self.server.server_address[1]}"]
        answer = self.server.inbox.take(self.path) if ours else None
        try:
            self._reply(200 if answer else 404, _TAKEN_PAGE if answer else _REFUSED_PAGE)
        finally:
            if answer:
                self.server.inbox.answers.put(answer)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is no GET without repeating any of it."""
        self._reply(code, _REFUSED_PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - As http.server calls it.
        """Print nothing: what is asked for holds the code."""

    def version_string(self) -> str:
        return "scalper"

    def _reply(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _listen(ports: Sequence[int], inbox: _Inbox) -> tuple[int, list[_Server]]:
    for port in ports:
        try:
            return port, _open_servers(port, inbox)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
    told = ", ".join(map(str, ports))
    raise SignInError(f"The ports to which a sign-in leads back are all taken on this machine: {told}.")


def _open_servers(port: int, inbox: _Inbox) -> list[_Server]:
    """Listen on a port at all of this machine's own addresses, or at none. Raises OSError."""
    servers: list[_Server] = []
    with ExitStack() as opened:
        for family, host in _ADDRESSES:
            try:
                server = _Server(family, (host, port), inbox)
            except OSError as error:
                if family == socket.AF_INET6 and error.errno in _NO_IPV6:
                    continue
                raise
            opened.callback(server.server_close)
            servers.append(server)
        opened.pop_all()
    return servers
