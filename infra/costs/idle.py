"""What a month costs in which no file comes: counted in the synthesized templates, so that nothing is forgotten."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.config import StageConfig
from infra.costs.assumptions import (
    DASHBOARDS_FREE,
    MONTH_S,
    POLL_S,
    POLLERS,
    STORED_A_MONTH_GB,
    SWEEPS_A_MONTH,
    WAIT_MS,
)
from infra.costs.marginal import Line
from infra.costs.metered import load_sweep

Resource = dict[str, Any]

BY_THE_MONTH = {
    "AWS::KMS::Key": ("KMS: customer keys", "kms key"),
    "AWS::SecretsManager::Secret": ("Secrets Manager: secrets", "secret"),
    "AWS::WAFv2::WebACL": ("WAF: web ACL", "waf acl"),
}
"""Resources that cost something by being there."""

FREE_PREFIXES = (
    "AWS::IAM::",
    "AWS::Lambda::",
    "AWS::SQS::",
    "AWS::SNS::",
    "AWS::S3::",
    "AWS::DynamoDB::",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::ApiGatewayV2::",
    "AWS::Cognito::",
    "AWS::Logs::",
    "AWS::Scheduler::",
    "AWS::Events::",
    "AWS::Backup::",
    "AWS::CloudTrail::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::WAFv2::",
    "AWS::Glue::",
    "AWS::Athena::",
    "AWS::Budgets::",
    "AWS::GuardDuty::",
    "AWS::CDK::Metadata",
    "AWS::CertificateManager::",
    "Custom::",
)
"""Services whose other resources cost nothing while nobody uses them: they bill requests, bytes and time. A budget of
AWS Budgets without an action is free; trails bill data events; backup bills what is stored."""


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
        if kind not in BY_THE_MONTH and not kind.startswith(FREE_PREFIXES):
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
    ]
    return [line for line in found if line.amount]


def _list_sweep_lines(config: StageConfig) -> list[Line]:
    """The sweep runs every five minutes, whether files come or not."""
    took = load_sweep()
    waiting = sum(
        count * WAIT_MS.get(what[5:].partition(" ")[0], 0) / 1000
        for what, count in took["entries"].items()
        if what.startswith("call ")
    )
    size = config.sweep.memory_mib
    seconds = took["cpu_seconds"] / min(1, size / 1769) + waiting
    return [
        Line("Lambda: the sweep's time", SWEEPS_A_MONTH * seconds * size / 1024, "lambda time"),
        Line("Lambda: the sweep's invocations", SWEEPS_A_MONTH, "lambda request"),
        Line("EventBridge Scheduler: invocations", SWEEPS_A_MONTH, "schedule"),
        Line("DynamoDB: the sweep's reads", SWEEPS_A_MONTH * took["entries"].get("read units", 0), "dynamodb read"),
        Line(
            "SQS: the sweep's look at dead letters",
            SWEEPS_A_MONTH * took["entries"].get("sqs requests", 0),
            "sqs request",
        ),
        Line("X-Ray: the sweep's traces", SWEEPS_A_MONTH, "trace"),
        Line("CloudWatch Logs: the sweep's lines", SWEEPS_A_MONTH * took["log_bytes"] / 1e9, "logs"),
        Line("CloudWatch Logs: kept", STORED_A_MONTH_GB, "logs storage"),
        Line(f"CloudWatch: metrics of the sweep ({len(took['metrics'])})", len(took["metrics"]), "metric"),
    ]


def _read_properties(resource: Resource) -> dict[str, Any]:
    return dict(resource.get("Properties", {}))


def _count_metrics(resource: Resource) -> int:
    """Return how many metrics an alarm watches: each is billed."""
    if resource["Type"] != "AWS::CloudWatch::Alarm":
        return 0
    queries = _read_properties(resource).get("Metrics", ())
    return sum("MetricStat" in query for query in queries) or 1
