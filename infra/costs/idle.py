"""What a month costs in which no file comes: counted in the synthesized templates, so that nothing is forgotten."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.config import StageConfig
from infra.costs.assumptions import (
    DASHBOARDS_FREE,
    LOCKED_MONTHS,
    MANAGED_A_MONTH,
    MONTH_S,
    POLL_S,
    POLLERS,
    SEARCHED_MONTHS,
    STORED_A_MONTH_GB,
    SWEEPS_A_MONTH,
    TRAIL_FILES_A_MONTH,
)
from portal.costs.assumptions import EVENT_BYTES, VCPU_MIB
from portal.costs.marginal import Line, compute_waiting, list_event_lines
from portal.costs.metered import load_sweep
from portal.costs.prices import GB

Resource = dict[str, Any]

BY_THE_MONTH = {
    "AWS::KMS::Key": ("KMS: customer keys", "kms key"),
    "AWS::SecretsManager::Secret": ("Secrets Manager: secrets", "secret"),
    "AWS::WAFv2::WebACL": ("WAF: web ACL", "waf acl"),
}
"""Resources that cost something by being there."""

BY_USE = {
    "AWS::ApiGatewayV2::Api": ("http api",),
    "AWS::Backup::BackupPlan": ("backup", "cold backup"),
    "AWS::CloudFront::Distribution": ("cloudfront request", "cloudfront out"),
    "AWS::CloudTrail::Trail": ("trail", "searched logs", "s3 put"),
    "AWS::CloudWatch::Alarm": ("alarm",),
    "AWS::CloudWatch::Dashboard": ("dashboard",),
    "AWS::Cognito::UserPool": ("person",),
    "AWS::Cognito::UserPoolResourceServer": ("machine token",),
    "AWS::DynamoDB::Table": ("dynamodb write", "dynamodb read", "dynamodb storage", "dynamodb recovery"),
    "AWS::GuardDuty::MalwareProtectionPlan": ("scan", "scan object"),
    "AWS::Lambda::EventSourceMapping": ("sqs request",),
    "AWS::Lambda::Function": ("lambda time", "lambda request", "metric", "trace"),
    "AWS::Logs::LogGroup": ("logs", "logs storage"),
    "AWS::S3::Bucket": ("s3 put", "s3 get", "s3 storage"),
    "AWS::SNS::Topic": ("sns publish",),
    "AWS::SQS::Queue": ("sqs request", "kms request"),
    "AWS::Scheduler::Schedule": ("schedule",),
    "AWS::WAFv2::WebACL": ("waf rule", "waf request"),
}
"""Resources that cost what is done with them: the prices of it, each of which some line multiplies."""

_FREE = {
    "A permission, or who has it.": (
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Backup::BackupSelection",
        "AWS::Events::EventBusPolicy",
    ),
    "A part of what is billed by its use.": (
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Backup::BackupVault",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::Cognito::ManagedLoginBranding",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolRiskConfigurationAttachment",
        "AWS::SNS::Subscription",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::LoggingConfiguration",
    ),
    "AWS's own events and its deliveries of access logs to S3 cost nothing.": (
        "AWS::Events::Rule",
        "AWS::Logs::Delivery",
        "AWS::Logs::DeliveryDestination",
        "AWS::Logs::DeliverySource",
    ),
    "Athena bills the bytes that somebody's query scans; the page shows them.": (
        "AWS::Athena::NamedQuery",
        "AWS::Athena::WorkGroup",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
    ),
    "A budget without an action costs nothing.": ("AWS::Budgets::Budget",),
    "A public certificate costs nothing.": ("AWS::CertificateManager::Certificate",),
}
FREE = {kind: reason for reason, kinds in _FREE.items() for kind in kinds}
"""Resources that cost nothing, each with the reason."""

_OURS = ("Custom::", "AWS::CDK::Metadata")
"""What is a function of ours, counted as such, or none."""

KNOWN = {*BY_THE_MONTH, *BY_USE, *FREE}


class UnpricedError(ValueError):
    """Raised when a template holds a type of resource of which nobody said what it costs."""


def load_resources(folder: Path) -> list[Resource]:
    """Return every resource of a cloud assembly's stacks."""
    contents = (json.loads(file.read_text()) for file in sorted(folder.glob("**/*.template.json")))
    return [resource for content in contents for resource in content["Resources"].values()]


def list_lines(resources: Iterable[Resource], config: StageConfig) -> list[Line]:
    """Return what these resources cost in an idle month. Raises UnpricedError."""
    resources = list(resources)
    kinds = Counter(resource["Type"] for resource in resources)
    for kind in kinds:
        if kind not in KNOWN and not kind.startswith(_OURS):
            raise UnpricedError(f"infra/costs/idle.py: say what a resource of type {kind} costs")
    found = [Line(f"{what} ({kinds[kind]})", kinds[kind], price) for kind, (what, price) in BY_THE_MONTH.items()]
    if config.edge:
        # The edge proves itself to the API with a secret that a script makes and turns, beside the template.
        found.append(Line("Secrets Manager: the edge's secret (1)", 1, "secret"))
    rules = sum(len(_read_properties(one).get("Rules", ())) for one in resources if one["Type"] == "AWS::WAFv2::WebACL")
    alarmed = sum(map(_count_metrics, resources))
    dashboards = max(0, kinds["AWS::CloudWatch::Dashboard"] - DASHBOARDS_FREE)
    # Streams are read for nothing: they have a starting position.
    sources = [_read_properties(one) for one in resources if one["Type"] == "AWS::Lambda::EventSourceMapping"]
    polled = sum("StartingPosition" not in source for source in sources)
    found += [
        Line(f"WAF: rules and managed groups ({rules})", rules, "waf rule"),
        Line(f"CloudWatch: metrics of {kinds['AWS::CloudWatch::Alarm']} alarms ({alarmed})", alarmed, "alarm"),
        Line(
            f"CloudWatch: dashboards ({kinds['AWS::CloudWatch::Dashboard']}, three of them free)",
            dashboards,
            "dashboard",
        ),
        Line(f"SQS: long polling of {polled} queues by Lambda", polled * POLLERS * MONTH_S / POLL_S, "sqs request"),
        *_list_sweep_lines(config),
        *(_list_trail_lines() if config.audit else []),
    ]
    return [line for line in found if line.amount]


def _list_sweep_lines(config: StageConfig) -> list[Line]:
    """The sweep runs every five minutes, whether files come or not."""
    took = load_sweep()
    entries: dict[str, float] = took["entries"]
    size = config.sweep.memory_mib
    seconds = took["cpu_seconds"] / min(1, size / VCPU_MIB) + compute_waiting(_list_calls(entries))
    written = sum(units for what, units in entries.items() if what.startswith("write units"))
    each = [
        Line("Lambda: the sweep's time", seconds * size / 1024, "lambda time"),
        Line("Lambda: the sweep's invocations", 1, "lambda request"),
        Line("EventBridge Scheduler: invocations", 1, "schedule"),
        Line("DynamoDB: the sweep's reads", entries.get("read units", 0), "dynamodb read"),
        Line("DynamoDB: the sweep's writes", written, "dynamodb write"),
        Line("S3: the sweep's lists", entries.get("s3 list", 0), "s3 put"),
        Line("SQS: the sweep's look at dead letters", entries.get("sqs requests", 0), "sqs request"),
        *([Line("X-Ray: the sweep's traces", 1, "trace")] if config.traces else []),
        Line("CloudWatch Logs: the sweep's lines", took["log_bytes"] / GB, "logs"),
    ]
    return [
        *(replace(line, amount=SWEEPS_A_MONTH * line.amount) for line in each),
        Line("CloudWatch Logs: kept", STORED_A_MONTH_GB, "logs storage"),
        Line(f"CloudWatch: metrics of the sweep ({len(took['metrics'])})", len(took["metrics"]), "metric"),
    ]


def _list_trail_lines() -> list[Line]:
    """What CloudTrail notes of the sweep, and of an account at rest."""
    calls = _list_calls(load_sweep()["entries"])
    noted = sum(count for call, count in calls.items() if call.startswith(("s3", "dynamodb")))
    managed = MANAGED_A_MONTH * EVENT_BYTES / GB
    events, told, searched, locked = list_event_lines(SWEEPS_A_MONTH * noted)
    packed = searched.amount * (told.amount + managed) / told.amount
    return [
        events,
        replace(told, amount=told.amount + managed),
        replace(searched, what="CloudWatch Logs: keeping the trail's events", amount=SEARCHED_MONTHS * packed),
        replace(locked, what="S3: keeping the trail's files", amount=LOCKED_MONTHS * packed),
        Line("S3: the trail's files and digests, put", TRAIL_FILES_A_MONTH, "s3 put"),
        Line("KMS: the trail's files and digests", TRAIL_FILES_A_MONTH, "kms request"),
    ]


def _list_calls(entries: dict[str, float]) -> dict[str, float]:
    return {what[5:]: count for what, count in entries.items() if what.startswith("call ")}


def _read_properties(resource: Resource) -> dict[str, Any]:
    return dict(resource.get("Properties", {}))


def _count_metrics(resource: Resource) -> int:
    """Return how many metrics an alarm watches: each is billed."""
    if resource["Type"] != "AWS::CloudWatch::Alarm":
        return 0
    queries = _read_properties(resource).get("Metrics", ())
    return sum("MetricStat" in query for query in queries) or 1
