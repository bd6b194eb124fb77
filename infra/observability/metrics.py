"""What alarms and the dashboard look at, and the metrics that tell of it. `docs/metrics.md` names our own ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

NAMESPACE = "SilentScalper"
"""As `infra/functions/function.py` tells the functions."""

FIVE_MINUTES = Duration.minutes(5)

_STAGE = "$default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The parts of a stack. A new function joins by being listed."""

    functions: Sequence[lambda_.IFunction]
    """All; the judge is the first of them."""
    processors: Sequence[lambda_.IFunction]
    """Those whose failures nobody sees otherwise; the portal's are its answers."""
    main_queue: sqs.IQueue
    dead_letters: Sequence[sqs.IQueue]
    """Queues that should be empty."""
    api_id: str
    table: dynamodb.ITable

    @property
    def judge(self) -> lambda_.IFunction:
        return self.functions[0]

    def portal(self, metric_name: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric of the gateway (API Gateway guide, "Monitor CloudWatch metrics for HTTP APIs")."""
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=metric_name,
            dimensions_map={"ApiId": self.api_id, "Stage": _STAGE},
            statistic=statistic,
            period=FIVE_MINUTES,
        )


def own_metric(metric_name: str, service: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """Return a metric that one of our functions writes."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric_name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=FIVE_MINUTES,
    )


def name_part(part: lambda_.IFunction | sqs.IQueue) -> str:
    """Return what people call a part: its construct's id, or that of the construct around a function."""
    return part.node.scope.node.id if part.node.id == "Function" and part.node.scope else part.node.id
