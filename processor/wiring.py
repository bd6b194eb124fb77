"""The composition root of the processor's Lambdas: the only place that makes clients and reads settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import boto3
from botocore.config import Config

from intake.analytics.athena import S3AnalyticsFiles
from intake.files.keys import KeyedIds
from intake.files.model import now
from intake.messaging.sns import SnsAlerts, SnsEvents
from intake.messaging.sqs import SqsDeliveries, SqsQueue
from intake.operations.dynamodb import DynamoAudit, DynamoLastErrors
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.pace import Pace
from intake.rebuilds.rebuild import Rebuild
from intake.records.file_lists import FileLists
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.records.verdicts import DynamoVerdicts
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.renditions.previews import Ask, SeriesPreviews
from intake.renditions.s3 import S3Renditions
from intake.storage.s3.objects import S3Objects
from intake.storage.s3.uploads import S3Writer
from intake.table.dynamodb_streams import DynamoStream
from intake.table.table import Table, TableSecret
from intake.tenants.dynamodb import DynamoDirectory
from processor.handlers.batches import Retries
from processor.ingest.expand import Expander
from processor.ingest.filing import Buckets
from processor.ingest.process import Processor, serialize
from processor.ingest.senders import Profiles
from processor.ingest.settle import Settler
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.orders.dispatch import OrderDispatcher
from processor.orders.review_results import ReviewResults
from processor.orders.tasks import Tasks
from processor.projection.exporter import Exporter
from processor.projection.projector import Projector
from processor.projection.rebuild_worker import RebuildWorker
from processor.projection.replacements import Replacements
from processor.settings import ExporterSettings, JudgeSettings, PreviewSettings, ProjectorSettings, RedriveSettings
from processor.telemetry import FailureNotes, report_unread_trouble

# Waits are short against the Lambdas' timeouts, so that a slow service ends in a retry and not in a killed worker.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=10)
# Whom DynamoDB throttles, `intake/table/throttling.py` has wait, and knows more of it than the SDK does.
_TABLE_CONFIG = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
# What is said of messages at the end of a function's time is said within its last seconds, or not at all.
_AT_THE_END = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3)


@dataclass(frozen=True, slots=True)
class Judging:
    """What the judging Lambda does with its messages."""

    processor: Processor
    expander: Expander
    settler: Settler
    dispatcher: OrderDispatcher
    failure_notes: FailureNotes
    retries: Retries


def judging(environment: Mapping[str, str], session: boto3.Session) -> Judging:
    settings = JudgeSettings.read(environment)
    s3, table = session.client("s3", config=CONFIG), open_table(session, settings.table)
    ids = KeyedIds(TableSecret(table).read)
    objects, verdicts = S3Objects(s3), DynamoVerdicts(table, ids)
    queue = SqsQueue(session.client("sqs", config=CONFIG), settings.queue_url)
    expander = Expander(
        objects=objects,
        writer=S3Writer(s3),
        children=DynamoChildren(table),
        verdicts=verdicts,
        queue=queue,
        incoming_bucket=settings.incoming_bucket,
    )
    in_turn = serialize(judge)
    buckets = Buckets(settings.accepted_bucket, settings.quarantine_bucket)
    profiles, scans = Profiles(DynamoDirectory(table)), Scans(objects, settings.scan_required)
    # Whoever has just changed a profile, or let a clinic take part, and orders a dry run means that one.
    anew = Profiles(DynamoDirectory(table), kept_s=0)
    processor = Processor(
        objects,
        verdicts,
        buckets,
        in_turn,
        ids=ids,
        profile_of=profiles.get,
        takes_part=profiles.takes_part,
        expand=expander.begin,
        scans=scans,
    )
    audit = DynamoAudit(open_table(session, settings.audit_table))
    results = ReviewResults(verdicts=verdicts, reviews=DynamoReviews(table), audit=audit, clock=now)
    tasks = Tasks(
        objects=objects,
        verdicts=verdicts,
        results=results,
        buckets=buckets,
        judge=in_turn,
        profile_of=anew.get,
        takes_part=anew.takes_part,
        expand=expander.begin,
        scans=scans,
        ids=ids,
        remove_pictures=S3Renditions(s3, settings.renditions_bucket).remove,
    )
    dispatcher = OrderDispatcher(orders=DynamoOrders(table), records=DynamoRecords(table), queue=queue, do=tasks.do)
    settler = Settler(objects=objects, children=DynamoChildren(table), verdicts=verdicts, queue=queue, buckets=buckets)
    retries = Retries(SqsDeliveries(session.client("sqs", config=_AT_THE_END), settings.queue_url))
    return Judging(processor, expander, settler, dispatcher, FailureNotes(DynamoLastErrors(table)), retries)


def projector(environment: Mapping[str, str], session: boto3.Session, ask: Ask | None = None) -> Projector:
    """Return a projector; without `ask`, pictures of what it projects are made when somebody looks."""
    settings = ProjectorSettings.read(environment)
    table, sns = open_table(session, settings.table), session.client("sns", config=CONFIG)
    records = DynamoRecords(table)
    return Projector(
        DynamoProjections(table, previews=SeriesPreviews(table, ask) if ask else None),
        DynamoOutbox(table),
        SnsAlerts(sns, settings.alert_topic_arn),
        events=SnsEvents(sns, settings.event_topic_arn),
        upload_of=partial(records.upload, None),
        language_of=DynamoDirectory(table).mail_language,
        replacements=Replacements(DynamoRepairs(table), records.get_many, tell_unread=report_unread_trouble),
        portal_origin=settings.portal_origin,
    )


def ask_for_pictures(environment: Mapping[str, str], session: boto3.Session) -> Ask:
    """Return what asks the renderer, by its queue, for the pictures of files that show series."""
    url = PreviewSettings.read(environment).renditions_queue_url
    queue = SqsQueue(session.client("sqs", config=CONFIG), url)
    return lambda requests: queue.send([request.to_dict() for request in requests])


def rebuild_worker(environment: Mapping[str, str], session: boto3.Session) -> RebuildWorker:
    name = ProjectorSettings.read(environment).table
    table, dry = open_table(session, name), open_dry_table(session, name)
    count, ids = projector(environment, session).project, KeyedIds(TableSecret(table).read)

    def prepare(mends: bool, pace: Pace) -> Rebuild:  # Two ways, named by whoever calls.
        return Rebuild(table, ids, pace, count) if mends else Rebuild(dry, ids, pace, None)

    return RebuildWorker(jobs=DynamoRebuildJobs(table), list_clinics=FileLists(table).clinics, prepare=prepare)


def exporter(environment: Mapping[str, str], session: boto3.Session) -> Exporter:
    settings = ExporterSettings.read(environment)
    bucket, key = settings.analytics_bucket, settings.analytics_key_arn
    return Exporter(S3AnalyticsFiles(session.client("s3", config=CONFIG), bucket, key))


def redrive_retries(environment: Mapping[str, str], session: boto3.Session) -> Retries:
    url = RedriveSettings.read(environment).redrives_queue_url
    return Retries(SqsDeliveries(session.client("sqs", config=_AT_THE_END), url))


def stream(session: boto3.Session) -> DynamoStream:
    return DynamoStream(session.client("dynamodbstreams", config=_TABLE_CONFIG))


def open_dry_table(session: boto3.Session, name: str) -> DryTable:
    return DryTable(session.client("dynamodb", config=_TABLE_CONFIG), name)


def open_table(session: boto3.Session, name: str) -> Table:
    return Table(session.client("dynamodb", config=_TABLE_CONFIG), name)
