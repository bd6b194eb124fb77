"""The composition root of the processor's Lambdas: the only place that makes clients and reads settings."""

from collections.abc import Mapping

import boto3
from botocore.config import Config

from intake.outbox import DynamoOutbox
from intake.projections import DynamoProjections
from intake.s3_objects import S3Objects
from intake.sns import SnsAlerts
from intake.sqs import SqsQueue
from intake.verdicts import DynamoVerdicts
from processor.judge import judge
from processor.process import Buckets, Processor
from processor.project import Projector
from processor.settings import JudgeSettings, ProjectorSettings, SweepSettings
from processor.sweep import Sweep

# Waits are short against the Lambdas' timeouts, so that a slow service ends in a retry and not in a killed worker.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=20)


def processor(environment: Mapping[str, str], session: boto3.Session) -> Processor:
    settings = JudgeSettings.of(environment)
    return Processor(
        S3Objects(session.client("s3", config=_CONFIG)),
        DynamoVerdicts(session.client("dynamodb", config=_CONFIG), settings.table),
        Buckets(settings.accepted_bucket, settings.quarantine_bucket),
        judge,
    )


def projector(environment: Mapping[str, str], session: boto3.Session) -> Projector:
    settings = ProjectorSettings.of(environment)
    dynamodb = session.client("dynamodb", config=_CONFIG)
    return Projector(
        DynamoProjections(dynamodb, settings.table),
        DynamoOutbox(dynamodb, settings.table),
        SnsAlerts(session.client("sns", config=_CONFIG), settings.alert_topic_arn),
        settings.portal_origin,
    )


def sweep(environment: Mapping[str, str], session: boto3.Session) -> Sweep:
    settings = SweepSettings.of(environment)
    sqs = session.client("sqs", config=_CONFIG)
    return Sweep(
        verdicts=DynamoVerdicts(session.client("dynamodb", config=_CONFIG), settings.table),
        objects=S3Objects(session.client("s3", config=_CONFIG)),
        queue=SqsQueue(sqs, settings.queue_url),
        dead_letters=SqsQueue(sqs, settings.dead_letter_queue_url),
        projector=projector(environment, session),
        incoming_bucket=settings.incoming_bucket,
    )
