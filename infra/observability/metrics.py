"""What alarms look at, the metrics that tell of it, and the dashboard that shows them all.

The dashboard answers: is everything well, how fast is it, what waits, what fails, what does it cost. No widget shows a
clinic, a file or a patient. CloudWatch shows 50 metrics free of charge. `docs/metrics.md` names our own ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import StageConfig

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
    rules: Mapping[str, events.CfnRule]
    """Those of EventBridge, by what people call them."""
    namespace: str
    """Of our own metrics: the stage's, or one stage's sweep would hide that another's has stopped."""
    api_id: str
    table: dynamodb.ITable

    followers: Sequence[lambda_.IFunction]
    """Those that follow the table's stream; the projector is the first of them."""

    @property
    def judge(self) -> lambda_.IFunction:
        return self.functions[0]

    def behind(self, follower: lambda_.IFunction) -> cloudwatch.Metric:
        """Return how old the changes are that a follower is given, in ms (Lambda guide, "Types of metrics")."""
        return follower.metric("IteratorAge", statistic="Maximum", period=FIVE_MINUTES)

    def own(self, metric_name: str, service: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """Return a metric that one of our functions writes."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=metric_name,
            dimensions_map={"service": service},
            statistic=statistic,
            period=FIVE_MINUTES,
        )

    def portal(self, metric_name: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric of the gateway (API Gateway guide, "Monitor CloudWatch metrics for HTTP APIs")."""
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=metric_name,
            dimensions_map={"ApiId": self.api_id, "Stage": _STAGE},
            statistic=statistic,
            period=FIVE_MINUTES,
        )


def name_part(part: lambda_.IFunction | sqs.IQueue) -> str:
    """Return what people call a part: its construct's id, or that of the construct around a function."""
    return part.node.scope.node.id if part.node.id == "Function" and part.node.scope else part.node.id


_WIDTH = 24
_HEIGHT = 6


@dataclass(frozen=True, slots=True)
class _Graph:
    """Some metrics over time."""

    title: str
    metrics: Sequence[cloudwatch.IMetric]

    def widget(self, width: int) -> cloudwatch.GraphWidget:
        axis = cloudwatch.YAxisProps(min=0, show_units=False)
        return cloudwatch.GraphWidget(
            title=self.title, left=list(self.metrics), left_y_axis=axis, width=width, height=_HEIGHT
        )


class Dashboard(Construct):
    """Rows with a title each, from what matters first to what explains it."""

    def __init__(self, scope: Construct, construct_id: str, *, watched: Watched, config: StageConfig) -> None:
        super().__init__(scope, construct_id)
        dashboard = cloudwatch.Dashboard(self, "Board", dashboard_name=config.prefix)
        for title, graphs in (
            ("Verdicts", _graph_verdicts(watched)),
            ("What waits", _graph_queues(watched)),
            ("Functions", _graph_functions(watched)),
            ("Portal", _graph_portal(watched)),
            ("The table", _graph_throttling(watched)),
            ("What costs money", _graph_costs(watched)),
        ):
            dashboard.add_widgets(cloudwatch.TextWidget(markdown=f"## {title}", width=_WIDTH, height=1))
            dashboard.add_widgets(*(graph.widget(_WIDTH // len(graphs)) for graph in graphs))


def _graph_verdicts(watched: Watched) -> list[_Graph]:
    latency = [_label(watched.own("UploadToVerdict", "judge", p), p) for p in ("p50", "p95", "p99")]
    return [
        _Graph("Verdicts", [watched.own(name, "judge") for name in ("Accepted", "Rejected", "Redelivered")]),
        _Graph("From upload to verdict, ms", latency),
        _Graph(
            "Incidents, quiet clinics, missing exams",
            [watched.own(n, "sweep", "Maximum") for n in ("OpenIncidents", "QuietClinics", "ExpectedExamsMissing")],
        ),
    ]


def _graph_queues(watched: Watched) -> list[_Graph]:
    main = watched.main_queue
    waiting = main.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
    flying = main.metric_approximate_number_of_messages_not_visible(period=FIVE_MINUTES, statistic="Maximum")
    age = main.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
    dead = [
        _label(
            queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum"),
            name_part(queue),
        )
        for queue in watched.dead_letters
    ]
    return [
        _Graph("Messages to be judged", [_label(waiting, "waiting"), _label(flying, "being judged")]),
        _Graph("Oldest message, s", [_label(age, "oldest")]),
        _Graph("Oldest change, ms", [_label(watched.behind(one), name_part(one)) for one in watched.followers]),
        _Graph("Dead letters", dead),
    ]


def _graph_functions(watched: Watched) -> list[_Graph]:
    return [
        _Graph(title, [_label(function.metric(name, statistic=statistic, period=FIVE_MINUTES), name_part(function))
                       for function in watched.functions])
        for title, name, statistic in (
            ("Errors", "Errors", "Sum"),
            ("Duration p95, ms", "Duration", "p95"),
            ("Throttles", "Throttles", "Sum"),
            ("Running at once", "ConcurrentExecutions", "Maximum"),
        )
    ]  # fmt: skip


def _graph_portal(watched: Watched) -> list[_Graph]:
    latency = [_label(watched.portal("Latency", p), p) for p in ("p50", "p99")]
    inside = _label(watched.portal("IntegrationLatency", "p99"), "p99, our part")
    return [
        _Graph("Requests", [watched.portal("Count", "Sum")]),
        _Graph("Latency, ms", [*latency, inside]),
        _Graph("Errors", [watched.portal(name, "Sum") for name in ("4xx", "5xx")]),
    ]


def _graph_throttling(watched: Watched) -> list[_Graph]:
    """Show what the table made wait, and where it was: an index that is throttled throttles the table's writes.

    Source: Amazon DynamoDB Developer Guide, "CloudWatch throttling metrics".
    """
    table = watched.table.table_name

    def count(name: str, label: str, **dimensions: str) -> cloudwatch.Metric:
        of = {"TableName": table, **dimensions}
        metric = cloudwatch.Metric(
            namespace="AWS/DynamoDB", metric_name=name, dimensions_map=of, statistic="Sum", period=FIVE_MINUTES
        )
        return _label(metric, label)

    calls = [count("ThrottledRequests", call, Operation=call) for call in ("TransactWriteItems", "UpdateItem", "Query")]
    hot = ("by_clinic_state", "by_name")
    indexes = [count("WriteThrottleEvents", name, GlobalSecondaryIndexName=name) for name in hot]
    return [
        _Graph("Throttled calls", calls),
        _Graph("Throttled writes, by partition", [count("WriteThrottleEvents", "files and sums"), *indexes]),
    ]


def _graph_costs(watched: Watched) -> list[_Graph]:
    units = [
        watched.table.metric(name, statistic="Sum", period=FIVE_MINUTES)
        for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    ]
    calls = [
        _label(function.metric_invocations(period=FIVE_MINUTES), name_part(function)) for function in watched.functions
    ]
    return [
        _Graph("Invocations", calls),
        _Graph("Units of the table", units),
        _Graph("Bytes read of files", [watched.own("BytesRead", "judge")]),
        _Graph("Entries of archives", [watched.own("EntriesUnpacked", "judge")]),
    ]


def _label(metric: cloudwatch.Metric, label: str) -> cloudwatch.Metric:
    return metric.with_(label=label)
