"""The portal's composition root: the only place where it makes AWS clients."""

import boto3
import urllib3
from botocore.config import Config

from intake.analytics.athena import AthenaWorkGroup, DynamoQueryRuns
from intake.expectations.dynamodb import DynamoExpectedExams, DynamoReminders
from intake.files.keys import KeyedIds
from intake.files.model import now
from intake.labels.dynamodb import DynamoStudyLabels
from intake.messaging.aws_lambda import LambdaWorker
from intake.messaging.dynamodb import DynamoSubscriptions, DynamoWebhooks
from intake.messaging.sns import SnsEvents, SnsHookSubscriptions, SnsSubscribers
from intake.messaging.sqs import CloudWatchQueueAge, SqsQueue
from intake.operations.dynamodb import DynamoAudit, DynamoLastErrors, DynamoStuckFiles, DynamoWatch
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.history import DynamoClinicHistory
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.renditions.aws_lambda import LambdaRenderer
from intake.renditions.s3 import S3Renditions
from intake.search.dynamodb import DynamoKeptSearches, DynamoSearch, DynamoTroubles
from intake.sharing.dynamodb import DynamoStudyLinks
from intake.storage.s3.objects import S3Objects
from intake.storage.s3.range_copies import S3RangeCopies
from intake.storage.s3.uploads import SIGNING, S3Presigner
from intake.studies.boards import DynamoStudyBoard
from intake.studies.studies import DynamoStudies
from intake.table.table import Table, TableSecret
from intake.tenants.dynamodb import DynamoDirectory, DynamoRequestCounts, DynamoRevocations
from intake.tenants.gateway import JwtAuthorizer
from portal.accounts.cognito import CognitoClients, CognitoPeople
from portal.auth.lookups import KnownPartners, KnownRevocations, SigningKeys, TtlCache
from portal.auth.tokens import Verifier
from portal.crypto.deployment_secrets import DeploymentKey, OriginSecret
from portal.crypto.secrets_manager import StoredSecret
from portal.dicomweb.stow import HttpSender
from portal.services import Services
from portal.settings import Settings
from portal.sign_in.cognito import CognitoPool
from portal.sign_in.flow import SignIn

# API Gateway gives up after 30 s; a request that is retried must still fit.
PATIENCE = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)

RENDERING = PATIENCE.merge(Config(read_timeout=22, retries={"total_max_attempts": 1}))
"""The renderer gives up a picture after 15 s. One try is all that fits: what is busy is so told, and asked again."""

KNOWN_SECONDS = 20
"""After how long, at the latest, a deactivated clinic announces no more files."""


def wire(settings: Settings) -> Services:
    """Return the services of a portal on AWS. Nothing is called until a request needs it."""
    session = boto3.Session()
    dynamodb, sqs = session.client("dynamodb", config=PATIENCE), session.client("sqs", config=PATIENCE)
    sns = session.client("sns", config=PATIENCE)
    table = Table(dynamodb, settings.table)
    directory = DynamoDirectory(table)
    ids = KeyedIds(TableSecret(table).read)
    cognito = session.client("cognito-idp", config=PATIENCE)
    s3, http = session.client("s3", config=PATIENCE.merge(SIGNING)), urllib3.PoolManager()
    secrets = session.client("secretsmanager", config=PATIENCE)
    pool = CognitoPool(cognito, http, settings)
    revocations = KnownRevocations(DynamoRevocations(table))
    verifier = Verifier(
        keys=SigningKeys(pool.fetch_signing_keys),
        issuer=settings.issuer,
        web_client_id=settings.web_client_id,
        cli_client_id=settings.cli_client_id,
        partner=KnownPartners(directory).find,
        ended=revocations.has_ended,
    )
    return Services(
        records=DynamoRecords(table),
        repairs=DynamoRepairs(table),
        presigner=S3Presigner(s3),
        objects=S3Objects(s3),
        send=HttpSender(http),
        directory=directory,
        known_clinics=TtlCache(directory.clinic, seconds=KNOWN_SECONDS),
        people=CognitoPeople(cognito, settings.user_pool_id),
        machines=CognitoClients(cognito, settings.user_pool_id),
        gateway=JwtAuthorizer(session.client("apigatewayv2", config=PATIENCE), settings.api_id, settings.authorizer_id),
        projections=DynamoProjections(table),
        history=DynamoClinicHistory(table),
        feed=DynamoChangeFeed(table),
        search=DynamoSearch(table, ids),
        troubles=DynamoTroubles(table),
        studies=DynamoStudies(table, ids),
        board=DynamoStudyBoard(table, ids),
        renditions=S3Renditions(s3, settings.renditions_bucket),
        range_copies=S3RangeCopies(s3, settings.renditions_bucket),
        renderer=LambdaRenderer(lambda: session.client("lambda", config=RENDERING), settings.renderer_function),
        study_links=DynamoStudyLinks(table),
        study_labels=DynamoStudyLabels(table, ids),
        expected=DynamoExpectedExams(table, ids),
        reminders=DynamoReminders(table),
        kept_searches=DynamoKeptSearches(table),
        ids=ids,
        subscriptions=DynamoSubscriptions(table),
        subscribers=SnsSubscribers(sns, settings.alert_topic_arn, settings.webhook_dead_letter_queue_arn),
        watch=DynamoWatch(table),
        queue_age=CloudWatchQueueAge(session.client("cloudwatch", config=PATIENCE), settings.queue_url),
        request_counts=DynamoRequestCounts(table),
        webhooks=DynamoWebhooks(table),
        undelivered=SqsQueue(sqs, settings.webhook_dead_letter_queue_url),
        hook_subscriptions=SnsHookSubscriptions(sns, settings.event_topic_arn, settings.webhook_dead_letter_queue_arn),
        events=SnsEvents(sns, settings.event_topic_arn),
        queue=SqsQueue(sqs, settings.queue_url),
        dead_letters=SqsQueue(sqs, settings.dead_letter_queue_url, redrives=settings.queue_url),
        projection_failures=SqsQueue(
            sqs, settings.projection_failures_queue_url, redrives=settings.projection_redrives_queue_url
        ),
        export_failures=SqsQueue(sqs, settings.export_failures_queue_url, redrives=settings.export_redrives_queue_url),
        athena=AthenaWorkGroup(
            session.client("athena", config=PATIENCE), settings.athena_workgroup, settings.analytics_database
        ),
        query_runs=DynamoQueryRuns(table),
        last_errors=DynamoLastErrors(table),
        stuck_files=DynamoStuckFiles(table),
        mailbox=SqsQueue(sqs, settings.mailbox_queue_url) if settings.mailbox_queue_url else None,
        audit=DynamoAudit(Table(dynamodb, settings.audit_table)),
        orders=DynamoOrders(table),
        rebuild_jobs=DynamoRebuildJobs(table),
        rebuilder=LambdaWorker(lambda: session.client("lambda", config=PATIENCE), settings.rebuild_function),
        reviews=DynamoReviews(table),
        outbox=DynamoOutbox(table),
        verifier=verifier,
        sign_in=SignIn(pool, verifier, settings),
        deployment_key=DeploymentKey(StoredSecret(secrets, settings.portal_secret).read),
        settings=settings,
        clock=now,
        revocations=revocations,
        origin_secret=OriginSecret(StoredSecret(secrets, settings.origin_secret).read)
        if settings.origin_secret
        else None,
    )
