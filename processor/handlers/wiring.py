"""The composition root of the sweeping Lambda, which has more parts than the others."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random, SystemRandom

import boto3

from intake.expectations.dynamodb import DynamoExpectedExams, DynamoReminders
from intake.files.keys import KeyedIds
from intake.files.model import now
from intake.messaging.aws_lambda import LambdaWorker
from intake.messaging.sqs import SqsQueue
from intake.operations.awaited import DynamoAwaitedFiles
from intake.operations.dynamodb import DynamoStuckFiles, DynamoWatch
from intake.operations.reconciliation import DynamoIncidents, DynamoLedger, DynamoRounds, DynamoSweepLease, S3Inventory
from intake.operations.upload_samples import DynamoUploadSamples
from intake.projections.history import DynamoClinicHistory
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.rebuilds.rebuild import UploadAuditor
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.storage.s3.objects import S3Objects
from intake.table.table import TableSecret
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.gateway import JwtAuthorizer, sync_audience
from processor import wiring
from processor.handlers.secret_rotation import KeyRotation
from processor.ingest.filing import Buckets
from processor.ingest.senders import Profiles
from processor.projection.rebuild_worker import RebuildWatch
from processor.projection.samples import DailySample
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.awaited import AwaitedRound
from processor.reconcile.dropped import DroppedRound
from processor.reconcile.incidents import FollowUp
from processor.reconcile.missing_exams import ExpectedWatch
from processor.reconcile.monthly_scorecards import MonthlyScorecards
from processor.reconcile.quiet_clinics import QuietWatch
from processor.reconcile.reconciler import Reconciler
from processor.reconcile.rounds import Resender
from processor.reconcile.sweep import Sweep
from processor.settings import SweepSettings
from processor.wiring import CONFIG, open_dry_table, open_table

_CHANCE: Random = SystemRandom()


def sweep(environment: Mapping[str, str], session: boto3.Session) -> Sweep:
    settings = SweepSettings.read(environment)
    sqs, table = session.client("sqs", config=CONFIG), open_table(session, settings.table)
    directory, ids = DynamoDirectory(table), KeyedIds(TableSecret(table).read)
    gateway = JwtAuthorizer(session.client("apigatewayv2", config=CONFIG), settings.api_id, settings.authorizer_id)
    own = {settings.web_client_id, settings.cli_client_id}
    return Sweep(
        verdicts=DynamoVerdicts(table, ids),
        objects=S3Objects(session.client("s3", config=CONFIG)),
        dead_letters=SqsQueue(sqs, settings.dead_letter_queue_url),
        projector=wiring.projector(environment, session),
        admit=lambda: sync_audience(gateway, directory, own, now()),
        takes_part=Profiles(directory).takes_part,
        ids=ids,
    )


def rebuild_watch(environment: Mapping[str, str], session: boto3.Session) -> RebuildWatch:
    settings = SweepSettings.read(environment)
    worker = LambdaWorker(lambda: session.client("lambda", config=CONFIG), settings.rebuild_function)
    return RebuildWatch(DynamoRebuildJobs(open_table(session, settings.table)), worker)


def resender(environment: Mapping[str, str], session: boto3.Session) -> Resender:
    settings = SweepSettings.read(environment)
    return Resender(SqsQueue(session.client("sqs", config=CONFIG), settings.queue_url))


def awaited_round(environment: Mapping[str, str], session: boto3.Session, resender: Resender) -> AwaitedRound:
    settings = SweepSettings.read(environment)
    s3, table = session.client("s3", config=CONFIG), open_table(session, settings.table)
    return AwaitedRound(
        awaited=DynamoAwaitedFiles(table),
        verdicts=DynamoVerdicts(table, KeyedIds(TableSecret(table).read)),
        objects=S3Objects(s3),
        inventory=S3Inventory(s3),
        ledger=DynamoLedger(table),
        resender=resender,
        rounds=DynamoRounds(table),
        stuck_files=DynamoStuckFiles(table),
        incidents=DynamoIncidents(table),
        time_limit=timedelta(seconds=settings.time_limit_s),
        incoming_bucket=settings.incoming_bucket,
    )


def dropped_round(environment: Mapping[str, str], session: boto3.Session, resender: Resender) -> DroppedRound:
    settings = SweepSettings.read(environment)
    s3, table = session.client("s3", config=CONFIG), open_table(session, settings.table)
    return DroppedRound(
        inventory=S3Inventory(s3),
        ledger=DynamoLedger(table),
        unrecorded=_unrecorded_objects(settings, session),
        resender=resender,
        incidents=DynamoIncidents(table),
        rounds=DynamoRounds(table),
        incoming_bucket=settings.incoming_bucket,
    )


def _unrecorded_objects(settings: SweepSettings, session: boto3.Session) -> UnrecordedObjects:
    table = open_table(session, settings.table)
    return UnrecordedObjects(
        ledger=DynamoLedger(table),
        objects=S3Objects(session.client("s3", config=CONFIG)),
        ids=KeyedIds(TableSecret(table).read),
        takes_part=Profiles(DynamoDirectory(table)).takes_part,
        time_limit=timedelta(seconds=settings.time_limit_s),
    )


def sweep_lease(environment: Mapping[str, str], session: boto3.Session) -> DynamoSweepLease:
    return DynamoSweepLease(open_table(session, SweepSettings.read(environment).table))


def follow_up(environment: Mapping[str, str], session: boto3.Session, resender: Resender) -> FollowUp:
    settings = SweepSettings.read(environment)
    table = open_table(session, settings.table)
    return FollowUp(
        incidents=DynamoIncidents(table),
        rounds=DynamoRounds(table),
        records=DynamoRecords(table),
        inventory=S3Inventory(session.client("s3", config=CONFIG)),
        resender=resender,
        ids=KeyedIds(TableSecret(table).read),
        audits=_upload_auditor(settings, session),
        chance=_CHANCE,
    )


def daily_sample(environment: Mapping[str, str], session: boto3.Session) -> DailySample:
    settings = SweepSettings.read(environment)
    table = open_table(session, settings.table)
    return DailySample(
        samples=DynamoUploadSamples(table, _CHANCE),
        audits=_upload_auditor(settings, session),
        incidents=DynamoIncidents(table),
        rounds=DynamoRounds(table),
        chance=_CHANCE,
    )


def _upload_auditor(settings: SweepSettings, session: boto3.Session) -> UploadAuditor:
    table = open_dry_table(session, settings.table)
    return UploadAuditor(table, KeyedIds(TableSecret(open_table(session, settings.table)).read))


def reconciler(environment: Mapping[str, str], session: boto3.Session) -> Reconciler:
    settings = SweepSettings.read(environment)
    table = open_table(session, settings.table)
    return Reconciler(
        ledger=DynamoLedger(table),
        inventory=S3Inventory(session.client("s3", config=CONFIG)),
        unrecorded=_unrecorded_objects(settings, session),
        incidents=DynamoIncidents(table),
        rounds=DynamoRounds(table),
        incoming_bucket=settings.incoming_bucket,
        buckets=Buckets(settings.accepted_bucket, settings.quarantine_bucket),
        quarantine_kept=timedelta(days=settings.quarantine_days),
    )


def key_rotation(session: boto3.Session) -> KeyRotation:
    return KeyRotation(session.client("secretsmanager", config=CONFIG))


def quiet_watch(environment: Mapping[str, str], session: boto3.Session) -> QuietWatch:
    settings = SweepSettings.read(environment)
    table = open_table(session, settings.table)
    return QuietWatch(
        DynamoProjections(table),
        DynamoWatch(table),
        DynamoOutbox(table),
        SqsQueue(session.client("sqs", config=CONFIG), settings.queue_url),
        directory=DynamoDirectory(table),
    )


def monthly_scorecards(environment: Mapping[str, str], session: boto3.Session) -> MonthlyScorecards:
    table = open_table(session, SweepSettings.read(environment).table)
    return MonthlyScorecards(DynamoDirectory(table), DynamoClinicHistory(table), DynamoOutbox(table))


def expected_watch(environment: Mapping[str, str], session: boto3.Session) -> ExpectedWatch:
    settings = SweepSettings.read(environment)
    table = open_table(session, settings.table)
    return ExpectedWatch(
        DynamoExpectedExams(table, KeyedIds(TableSecret(table).read)),
        DynamoReminders(table),
        DynamoOutbox(table),
        SqsQueue(session.client("sqs", config=CONFIG), settings.queue_url),
        directory=DynamoDirectory(table),
    )
