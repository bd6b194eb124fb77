"""The real portal on a free loopback port, with fakes behind its ports: for how pages look and behave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import uvicorn

from intake.ports import Clinic, Presigned, QueuedMessage
from intake.record import now
from portal.app import create_app
from portal.cookies import Cookies, Session
from portal.deployment_key import DeploymentKey
from portal.errors import InvalidTokenError
from portal.remembered import TtlCache
from portal.revocations import KnownRevocations
from portal.services import Services
from portal.settings import Settings
from portal.tokens import AccessClaims
from tests.browser.sample import CLINIC, STAFF, Sample
from tests.browser.storage import Storage, storage_server
from tests.fakes import (
    FakeAthena,
    FakeAudit,
    FakeChangeFeed,
    FakeDirectory,
    FakeEvents,
    FakeGateway,
    FakeHookSubscriptions,
    FakeKeptSearches,
    FakeLastErrors,
    FakeMachines,
    FakeObjects,
    FakeOrders,
    FakePeople,
    FakeProjections,
    FakeQueryRuns,
    FakeQueue,
    FakeQueueAge,
    FakeRecords,
    FakeRequestCounts,
    FakeReviews,
    FakeRevocations,
    FakeSearch,
    FakeStuckFiles,
    FakeStudies,
    FakeSubscribers,
    FakeSubscriptions,
    FakeTable,
    FakeTroubles,
    FakeWebhooks,
)
from tests.records import IDS

USERS = {
    "staff-token": (frozenset({f"clinic:{CLINIC}"}), "Ada Quinn"),
    "admin-token": (frozenset({"admin"}), "Robin Vale"),
}


KEY = DeploymentKey({"AWSCURRENT": "of-this-deployment"}.get)


class FakeVerifier:
    """Trusts two tokens, by name."""

    def access(self, token: str) -> AccessClaims:
        if token not in USERS:
            raise InvalidTokenError("unknown")
        groups, _ = USERS[token]
        now = int(time.time())
        return AccessClaims(STAFF, "web", groups, frozenset(), now + 3600, None, session_id=token, signed_in_at=now)


class FakeSignIn:
    """Nobody signs in here: sessions are given as cookies."""

    sign_out_url = "/"

    def end(self, refresh_token: str) -> None:
        pass


@dataclass
class PortalServer:
    """A running portal and what stands behind it."""

    url: str
    table: FakeTable
    directory: FakeDirectory
    people: FakePeople
    machines: FakeMachines
    gateway: FakeGateway
    projections: FakeProjections
    subscriptions: FakeSubscriptions
    subscribers: FakeSubscribers
    queue: FakeQueue
    queue_age: FakeQueueAge
    dead_letters: FakeQueue
    projection_failures: FakeQueue
    export_failures: FakeQueue
    athena: FakeAthena
    query_runs: FakeQueryRuns
    last_errors: FakeLastErrors
    stuck_files: FakeStuckFiles
    mailbox: FakeQueue
    audit: FakeAudit
    orders: FakeOrders
    reviews: FakeReviews
    storage: Storage
    sealed: Cookies = field(default_factory=lambda: Cookies(KEY, secure=False))
    revocations: FakeRevocations = field(default_factory=FakeRevocations)
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
            people=FakePeople(),
            machines=FakeMachines(),
            gateway=FakeGateway(),
            projections=FakeProjections(),
            subscriptions=FakeSubscriptions(),
            subscribers=FakeSubscribers(),
            queue=FakeQueue(),
            queue_age=FakeQueueAge(240),
            dead_letters=FakeQueue(),
            projection_failures=FakeQueue(),
            export_failures=FakeQueue(),
            athena=FakeAthena(),
            query_runs=FakeQueryRuns(),
            last_errors=FakeLastErrors(),
            stuck_files=FakeStuckFiles(),
            mailbox=FakeQueue(),
            audit=FakeAudit(),
            orders=FakeOrders(),
            reviews=FakeReviews(),
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
    return Services(
        records=FakeRecords(behind.table),
        presigner=behind.storage.presigner,
        objects=FakeObjects(),
        send=_send_nothing,
        directory=behind.directory,
        known_clinics=TtlCache(behind.directory.clinic, seconds=0),
        people=behind.people,
        machines=behind.machines,
        gateway=behind.gateway,
        projections=behind.projections,
        feed=FakeChangeFeed(),
        search=FakeSearch(behind.table),
        troubles=FakeTroubles(behind.table),
        studies=FakeStudies(behind.table),
        kept_searches=FakeKeptSearches(),
        ids=IDS,
        subscriptions=behind.subscriptions,
        subscribers=behind.subscribers,
        watch=behind.projections,
        queue_age=behind.queue_age,
        request_counts=FakeRequestCounts(),
        webhooks=FakeWebhooks(),
        undelivered=FakeQueue(),
        hook_subscriptions=FakeHookSubscriptions(),
        events=FakeEvents(),
        queue=behind.queue,
        dead_letters=behind.dead_letters,
        projection_failures=behind.projection_failures,
        export_failures=behind.export_failures,
        athena=behind.athena,
        query_runs=behind.query_runs,
        last_errors=behind.last_errors,
        stuck_files=behind.stuck_files,
        mailbox=behind.mailbox,
        audit=behind.audit,
        orders=behind.orders,
        reviews=behind.reviews,
        verifier=FakeVerifier(),  # type: ignore[arg-type]
        sign_in=FakeSignIn(),  # type: ignore[arg-type]
        deployment_key=KEY,
        settings=_settings(behind.url),
        clock=behind.clock,
        revocations=KnownRevocations(behind.revocations),
    )


def _send_nothing(presigned: Presigned, body: bytes) -> None:
    """No page sends a file through the portal."""
    raise AssertionError(presigned.method, len(body))


def _settings(url: str) -> Settings:
    return Settings(
        table="table",
        audit_table="audit",
        incoming_bucket="incoming",
        accepted_bucket="accepted",
        quarantine_bucket="quarantine",
        queue_url="https://sqs.test/main",
        dead_letter_queue_url="https://sqs.test/dead",
        projection_failures_queue_url="https://sqs.test/unprojected",
        projection_redrives_queue_url="https://sqs.test/again",
        export_failures_queue_url="https://sqs.test/unexported",
        export_redrives_queue_url="https://sqs.test/export-again",
        athena_workgroup="SilentScalper",
        analytics_database="silentscalper",
        alert_topic_arn="arn:aws:sns:eu-central-1:1:alerts",
        event_topic_arn="arn:aws:sns:eu-central-1:111122223333:events",
        webhook_dead_letter_queue_url="https://sqs.test/undelivered",
        webhook_dead_letter_queue_arn="arn:aws:sqs:eu-central-1:111122223333:undelivered",
        mailbox_queue_url="https://sqs.test/mailbox",
        user_pool_id="eu-central-1_Test",
        web_client_id="web",
        api_id="api1",
        authorizer_id="authorizer1",
        portal_secret="secret",
        sign_in_url="https://login.test",
        portal_origin=url,
    )
