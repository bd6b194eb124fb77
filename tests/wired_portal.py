"""A portal wired to fakes: the one that unit tests call, and that browsers are shown."""

from dataclasses import dataclass, field, fields
from typing import Any

from intake.files.model import now
from portal.auth.lookups import KnownRevocations, TtlCache
from portal.crypto.deployment_secrets import DeploymentKey
from portal.services import Services
from portal.settings import Settings
from tests.fakes import (
    FakeAthena,
    FakeAudit,
    FakeChangeFeed,
    FakeDirectory,
    FakeEvents,
    FakeExpectedExams,
    FakeGateway,
    FakeHookSubscriptions,
    FakeKeptSearches,
    FakeLastErrors,
    FakeMachines,
    FakeObjects,
    FakeOrders,
    FakePeople,
    FakePresigner,
    FakeProjections,
    FakeQueryRuns,
    FakeQueue,
    FakeQueueAge,
    FakeRangeCopies,
    FakeRebuildJobs,
    FakeRecords,
    FakeReminders,
    FakeRenderer,
    FakeRenditions,
    FakeRepairs,
    FakeRequestCounts,
    FakeReviews,
    FakeRevocations,
    FakeSearch,
    FakeStuckFiles,
    FakeStudies,
    FakeStudyBoard,
    FakeStudyLabels,
    FakeStudyLinks,
    FakeSubscribers,
    FakeSubscriptions,
    FakeTable,
    FakeTroubles,
    FakeWebhooks,
    FakeWorker,
)
from tests.records import IDS
from tests.unit.portal.pool import CLI_CLIENT, POOL_ID, WEB_CLIENT

ORIGIN = "https://portal.test"
SIGN_IN_URL = "https://sign-in.test"


@dataclass(kw_only=True)
class Backends:
    """What stands behind a portal: a fake of each."""

    table: FakeTable = field(default_factory=FakeTable)
    presigner: FakePresigner = field(default_factory=FakePresigner)
    projections: FakeProjections = field(default_factory=FakeProjections)
    feed: FakeChangeFeed = field(default_factory=FakeChangeFeed)
    webhooks: FakeWebhooks = field(default_factory=FakeWebhooks)
    undelivered: FakeQueue = field(default_factory=FakeQueue)
    hook_subscriptions: FakeHookSubscriptions = field(default_factory=FakeHookSubscriptions)
    events: FakeEvents = field(default_factory=FakeEvents)
    request_counts: FakeRequestCounts = field(default_factory=FakeRequestCounts)
    subscriptions: FakeSubscriptions = field(default_factory=FakeSubscriptions)
    subscribers: FakeSubscribers = field(default_factory=FakeSubscribers)
    queue: FakeQueue = field(default_factory=FakeQueue)
    queue_age: FakeQueueAge = field(default_factory=FakeQueueAge)
    dead_letters: FakeQueue = field(default_factory=FakeQueue)
    projection_failures: FakeQueue = field(default_factory=FakeQueue)
    export_failures: FakeQueue = field(default_factory=FakeQueue)
    athena: FakeAthena = field(default_factory=FakeAthena)
    query_runs: FakeQueryRuns = field(default_factory=FakeQueryRuns)
    last_errors: FakeLastErrors = field(default_factory=FakeLastErrors)
    stuck_files: FakeStuckFiles = field(default_factory=FakeStuckFiles)
    mailbox: FakeQueue = field(default_factory=FakeQueue)
    audit: FakeAudit = field(default_factory=FakeAudit)
    objects: FakeObjects = field(default_factory=FakeObjects)
    orders: FakeOrders = field(default_factory=FakeOrders)
    rebuild_jobs: FakeRebuildJobs = field(default_factory=FakeRebuildJobs)
    rebuilder: FakeWorker = field(default_factory=FakeWorker)
    renditions: FakeRenditions = field(default_factory=FakeRenditions)
    reviews: FakeReviews = field(default_factory=FakeReviews)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    reminders: FakeReminders = field(default_factory=FakeReminders)
    kept_searches: FakeKeptSearches = field(default_factory=FakeKeptSearches)
    study_links: FakeStudyLinks = field(default_factory=FakeStudyLinks)
    people: FakePeople = field(default_factory=FakePeople)
    machines: FakeMachines = field(default_factory=FakeMachines)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)


def wired_portal(behind: Backends, **overrides: Any) -> Services:
    """Return a portal's services on what stands behind it; `overrides` are others, by their names.

    How people sign in and who verifies their tokens is for the caller to say, as is where bodies are sent.
    """
    clock = overrides.get("clock", now)
    wired = {
        **{each.name: getattr(behind, each.name) for each in fields(Backends) if each.name != "table"},
        "records": FakeRecords(behind.table, clock),
        "repairs": FakeRepairs(behind.table),
        "renderer": FakeRenderer(behind.renditions),
        "range_copies": FakeRangeCopies(behind.objects),
        "search": FakeSearch(behind.table),
        "troubles": FakeTroubles(behind.table),
        "studies": FakeStudies(behind.table),
        "board": FakeStudyBoard(behind.table),
        "study_labels": FakeStudyLabels(behind.table),
        "expected": FakeExpectedExams(behind.table),
        "known_clinics": TtlCache(behind.directory.clinic, seconds=0),
        "watch": behind.projections,
        "outbox": behind.projections,
        "history": behind.projections,
        "revocations": KnownRevocations(behind.revocations),
        "ids": IDS,
        "deployment_key": deployment_key(),
        "settings": settings(),
        "clock": clock,
    }
    return Services(**{**wired, **overrides})


def deployment_key() -> DeploymentKey:
    """Return the key of the one deployment that tests have; each reads its secret by itself."""
    return DeploymentKey({"AWSCURRENT": "of-this-deployment"}.get)


def settings(**changes: str) -> Settings:
    return Settings(
        **{
            "table": "scalper",
            "audit_table": "audit",
            "incoming_bucket": "incoming",
            "accepted_bucket": "accepted",
            "quarantine_bucket": "quarantine",
            "renditions_bucket": "renditions",
            "renderer_function": "renderer",
            "rebuild_function": "rebuild",
            "queue_url": "https://sqs.test/main",
            "dead_letter_queue_url": "https://sqs.test/dead",
            "projection_failures_queue_url": "https://sqs.test/unprojected",
            "projection_redrives_queue_url": "https://sqs.test/again",
            "export_failures_queue_url": "https://sqs.test/unexported",
            "export_redrives_queue_url": "https://sqs.test/export-again",
            "athena_workgroup": "SilentScalper",
            "analytics_database": "silentscalper",
            "alert_topic_arn": "arn:aws:sns:eu-central-1:1:alerts",
            "event_topic_arn": "arn:aws:sns:eu-central-1:111122223333:events",
            "webhook_dead_letter_queue_url": "https://sqs.test/undelivered",
            "webhook_dead_letter_queue_arn": "arn:aws:sqs:eu-central-1:111122223333:undelivered",
            "user_pool_id": POOL_ID,
            "web_client_id": WEB_CLIENT,
            "cli_client_id": CLI_CLIENT,
            "api_id": "api1",
            "authorizer_id": "authorizer1",
            "sign_in_url": SIGN_IN_URL,
            "portal_secret": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:portal",
            "portal_origin": ORIGIN,
            **changes,
        }
    )
