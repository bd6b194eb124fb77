"""The real portal on a free loopback port, with fakes behind its ports: for how pages look and behave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import uvicorn

from intake.files.model import now
from intake.messaging.model import QueuedMessage
from intake.storage.model import Presigned
from intake.tenants.model import Clinic
from portal.app import create_app
from portal.auth.tokens import AccessClaims
from portal.errors import InvalidTokenError
from portal.services import Services
from portal.sign_in.cookies import Cookies, Session
from tests.browser.sample import CLINIC, STAFF, Sample
from tests.browser.storage import Storage, storage_server
from tests.fakes import FakeDirectory, FakeQueueAge, FakeRenderer, FakeTable
from tests.unit.portal.pool import WEB_CLIENT
from tests.wired_portal import Backends, deployment_key, settings, wired_portal

USERS = {
    "staff-token": (frozenset({f"clinic:{CLINIC}"}), "Ada Quinn"),
    "lead-token": (frozenset({f"clinic:{CLINIC}", f"lead:{CLINIC}"}), "Lee Lead"),
    "admin-token": (frozenset({"admin"}), "Robin Vale"),
}


class FakeVerifier:
    """Trusts two tokens, by name."""

    def access(self, token: str) -> AccessClaims:
        if token not in USERS:
            raise InvalidTokenError("unknown")
        groups, _ = USERS[token]
        now = int(time.time())
        return AccessClaims(
            STAFF, WEB_CLIENT, groups, frozenset(), now + 3600, None, session_id=token, signed_in_at=now
        )


class FakeSignIn:
    """Nobody signs in here: sessions are given as cookies."""

    sign_out_url = "/"

    def end(self, refresh_token: str) -> None:
        pass


@dataclass(kw_only=True)
class PortalServer(Backends):
    """A running portal and what stands behind it."""

    url: str
    storage: Storage
    renderer: FakeRenderer
    sealed: Cookies = field(default_factory=lambda: Cookies(deployment_key(), secure=False))
    ahead: timedelta = timedelta()
    """How much later it is for the portal than for the world."""

    def clock(self) -> datetime:
        return now() + self.ahead

    def sample(self) -> Sample:
        return Sample(self.table, self.directory, self.projections, now())

    def tell(self, subject: str, body: str) -> None:
        """Put an alert into the mailbox, as SNS delivers it."""
        message = {"Type": "Notification", "Subject": subject, "Message": body}
        self.mailbox.messages.append(QueuedMessage(f"m{len(self.mailbox.messages)}", message, 0))

    def cookies(self, token: str) -> list[dict[str, str]]:
        """Return the cookies of a new session, for Playwright."""
        cookies = (value.partition(";")[0].partition("=") for value in self.sealed.write(self.session(token)))
        return [{"name": name, "value": value, "url": self.url} for name, _, value in cookies]

    def session(self, token: str) -> Session:
        _, name = USERS[token]
        now = int(time.time())
        return Session.new(
            FakeVerifier().access(token), now=now, display_name=name, access_token=token, refresh_token="r" * 20
        )


@contextmanager
def portal_server() -> Iterator[PortalServer]:
    """Serve the portal until the block ends."""
    table = FakeTable()
    with socket.socket() as listening, storage_server(table) as storage:
        listening.bind(("127.0.0.1", 0))
        behind = PortalServer(
            url=f"http://localhost:{listening.getsockname()[1]}",
            table=table,
            directory=FakeDirectory({CLINIC: Clinic(CLINIC, "Northside Radiology")}),
            queue_age=FakeQueueAge(240),
            presigner=storage.presigner,
            renditions=storage.renditions,
            renderer=FakeRenderer(storage.renditions),
            storage=storage,
        )
        behind.sample()
        server = uvicorn.Server(uvicorn.Config(create_app(_services(behind)), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        _wait_until_started(server)
        try:
            yield behind
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 10
    pause = threading.Event()
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("The portal did not start.")
        pause.wait(0.01)


def _services(behind: PortalServer) -> Services:
    return wired_portal(
        behind,
        send=_send_nothing,
        verifier=FakeVerifier(),
        sign_in=FakeSignIn(),
        settings=settings(portal_origin=behind.url),
        renderer=behind.renderer,
        clock=behind.clock,
    )


def _send_nothing(presigned: Presigned, body: bytes) -> None:
    """No page sends a file through the portal."""
    raise AssertionError(presigned.method, len(body))
