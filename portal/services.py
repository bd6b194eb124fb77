"""Everything that a request may use, gathered once by `portal/wiring.py` (or by a test, from fakes)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from threading import BoundedSemaphore

from intake.analytics.model import Athena, QueryRuns
from intake.dicom.pixels.cache import IndexCache
from intake.expectations.ports import ExpectedExams, Reminders
from intake.files.keys import KeyedIds
from intake.files.ports import Records, Repairs
from intake.labels.ports import StudyLabels
from intake.messaging.ports import (
    DeadLetters,
    Events,
    HookSubscriptions,
    Queue,
    QueueAge,
    Subscribers,
    Subscriptions,
    Webhooks,
    Worker,
)
from intake.operations.ports import AuditLog, LastErrors, StuckFiles, Watch
from intake.orders.ports import Orders, Reviews
from intake.projections.ports import ChangeFeed, ClinicHistory, Outbox, Projections
from intake.recounts.jobs import RebuildJobs
from intake.renditions.ports import Renderer, Renditions
from intake.search.ports import KeptSearches, Search, Troubles
from intake.sharing.ports import StudyLinks
from intake.storage.model import Presigned
from intake.storage.ports import ObjectReader, Presigner, RangeCopies
from intake.studies.board import StudyBoard
from intake.studies.model import Studies
from intake.tenants.model import Clinic
from intake.tenants.ports import Directory, Gateway, RequestCounts
from portal.accounts.user_pool import Machines, People
from portal.auth.lookups import KnownRevocations, TtlCache
from portal.auth.tokens import Verifier
from portal.crypto.deployment_secrets import DeploymentKey, OriginSecret
from portal.errors import TooManyRequestsError
from portal.settings import Settings
from portal.sign_in.cookies import Cookies
from portal.sign_in.flow import SignIn


class Turns:
    """Lets `at_once` threads work and `waiting` wait for up to `patience_s` seconds. Threads share it.

    A request holds one of the server's threads while it waits, and others than these must go on being served.
    """

    def __init__(self, *, at_once: int, waiting: int, patience_s: float) -> None:
        self._within = BoundedSemaphore(at_once + waiting)
        self._working = BoundedSemaphore(at_once)
        self._patience_s = patience_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it. Raises TooManyRequestsError where it would take too long."""
        if not self._within.acquire(blocking=False):
            raise TooManyRequestsError(retry_after=5)
        try:
            if not self._working.acquire(timeout=self._patience_s):
                raise TooManyRequestsError(retry_after=5)
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._within.release()


@dataclass(frozen=True)
class Services:
    """The portal's collaborators."""

    records: Records
    repairs: Repairs
    presigner: Presigner
    objects: ObjectReader
    send: Callable[[Presigned, bytes], None]
    """Sends a small body by a presigned request. Raises StorageUnavailableError."""
    directory: Directory
    known_clinics: TtlCache[Clinic | None]
    """The directory's clinics, as of some seconds ago."""
    people: People
    machines: Machines
    gateway: Gateway
    projections: Projections
    history: ClinicHistory
    feed: ChangeFeed
    search: Search
    troubles: Troubles
    studies: Studies
    board: StudyBoard
    renditions: Renditions
    renderer: Renderer
    range_copies: RangeCopies
    study_links: StudyLinks
    study_labels: StudyLabels
    expected: ExpectedExams
    reminders: Reminders
    kept_searches: KeptSearches
    ids: KeyedIds
    """Of studies, series and addresses, made with the table's secret."""
    watch: Watch
    outbox: Outbox
    """Alerts that the sweep sends within some minutes."""
    request_counts: RequestCounts
    subscriptions: Subscriptions
    subscribers: Subscribers
    webhooks: Webhooks
    hook_subscriptions: HookSubscriptions
    undelivered: Queue
    """Events that no webhook took within an hour."""
    events: Events
    queue: Queue
    queue_age: QueueAge
    dead_letters: DeadLetters
    """What the judge gave up."""
    projection_failures: DeadLetters
    """What the projector gave up: positions in the table's stream."""
    export_failures: DeadLetters
    """What the exporter gave up, likewise."""
    last_errors: LastErrors
    stuck_files: StuckFiles
    mailbox: Queue | None
    """What would have been emailed, where the deployment keeps it."""
    athena: Athena
    query_runs: QueryRuns
    audit: AuditLog
    orders: Orders
    rebuild_jobs: RebuildJobs
    rebuilder: Worker
    reviews: Reviews
    verifier: Verifier
    sign_in: SignIn
    deployment_key: DeploymentKey
    """Of which the keys are made that guard what browsers and partners keep for us."""
    settings: Settings
    clock: Callable[[], datetime]
    revocations: KnownRevocations
    """Whose access was ended before its tokens expire."""
    rendering: Turns = field(default_factory=partial(Turns, at_once=4, waiting=12, patience_s=15.0))
    """For requests that wait for a picture: a page asks for many at once, and other pages go on being served."""
    describing: Turns = field(default_factory=partial(Turns, at_once=2, waiting=20, patience_s=25.0))
    """For requests that read many files, each of which may need some 50 MB."""
    pixel_indexes: IndexCache = field(default_factory=IndexCache)
    """Where the frames lie of images that were looked at last."""
    origin_secret: OriginSecret | None = None
    """By which requests that came by the edge are known; None where there is no edge."""

    @cached_property
    def cookies(self) -> Cookies:
        return Cookies(self.deployment_key, secure=self.settings.secure)

    def now(self) -> int:
        """Return the time, in seconds since 1970."""
        return int(self.clock().timestamp())
