"""What a million more files cost: metered amounts times the price table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from portal.costs.assumptions import (
    ACCESS_LOG_BYTES,
    EVENT_BYTES,
    FILE_GB,
    FILES_A_SECOND,
    HELD_ENTRIES,
    HELD_ITEMS,
    ITEM_BYTES,
    JUDGED_AT_ONCE,
    KMS_PER_FILE,
    PACKED_EVENT,
    TRACED_A_SECOND,
    TRACED_BEYOND,
    VCPU_MIB,
    WAIT_MS,
)
from portal.costs.metered import Metered, load_metered
from portal.costs.prices import GB, PRICES

MILLION = 1_000_000
FUNCTIONS = ("portal", "judge", "projector", "exporter")


@dataclass(frozen=True, slots=True)
class Setup:
    """What of a stage's set-up a file's price hangs on. The defaults are production's, and a test holds them to it."""

    memory_mib: Mapping[str, int] = field(
        default_factory=lambda: {"portal": 1024, "judge": 1024, "projector": 512, "exporter": 512}
    )
    edge: bool = True
    traces: bool = False
    weekly_days: int = 14
    monthly_days: int = 365
    """How long a weekly copy of the tables is kept, and a monthly one, and how old that is when it gets cold."""
    cold_after_days: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill, for one file or one month."""

    what: str
    """Begins with the service."""
    amount: float
    price: str
    """A name in the price table."""

    @property
    def usd(self) -> float:
        return PRICES[self.price].charge(self.amount)


PRODUCTION = Setup()


def list_lines(found: Metered, setup: Setup = PRODUCTION) -> list[Line]:
    """Return what one file takes, without what is kept of it and without CloudTrail's data events."""
    logged = _add_functions(found, "log_bytes") + found.function("portal", "invocations") * ACCESS_LOG_BYTES
    return [
        Line(
            "S3: the clinic's PUT, the filing's COPY and the export's PUT for a batch",
            found.entries("s3 put") + found.entries("s3 copy"),
            "s3 put",
        ),
        Line("S3: the judge's ranged GET", found.entries("s3 get"), "s3 get"),
        *_list_writes(found),
        Line("DynamoDB: reads", found.entries("read units"), "dynamodb read"),
        *(
            Line(f"Lambda: {name}'s time", _compute_lambda_time(found, name, setup), "lambda time")
            for name in FUNCTIONS
        ),
        Line("Lambda: invocations", _add_functions(found, "invocations"), "lambda request"),
        Line(
            "SQS: sent by S3, received and deleted by Lambda",
            1 + 2 * found.function("judge", "invocations"),
            "sqs request",
        ),
        Line("SNS: publishing", found.entries("sns requests"), "sns publish"),
        Line("KMS: requests behind bucket keys and caches", KMS_PER_FILE, "kms request"),
        Line("CloudWatch Logs: taken in", logged / GB, "logs"),
        *([Line("X-Ray: traces", count_traces(found), "trace")] if setup.traces else []),
        Line("API Gateway: requests", found.function("portal", "invocations"), "http api"),
        *(_list_edge_lines(found) if setup.edge else []),
    ]


def list_kept_lines(setup: Setup = PRODUCTION) -> list[Line]:
    """Return what a month of keeping a file takes, however it came. The vault's copies are as many as a year brings."""
    table, indexes = load_metered()["single"].held()
    table_gb = (table + HELD_ITEMS * ITEM_BYTES) / GB
    indexes_gb = (indexes + HELD_ENTRIES * ITEM_BYTES) / GB
    warm, whole = (table_gb * days * 12 / 365 for days in (setup.cold_after_days, setup.monthly_days))
    return [
        Line("S3: the accepted file", FILE_GB, "s3 storage"),
        Line("DynamoDB: the record and its claim", table_gb, "dynamodb storage"),
        Line("DynamoDB: its places in indexes", indexes_gb, "dynamodb storage"),
        Line("DynamoDB: its point-in-time recovery", table_gb, "dynamodb recovery"),
        Line("AWS Backup: the weekly copies", table_gb * setup.weekly_days / 7, "backup"),
        Line("AWS Backup: the monthly copies, still warm", warm, "backup"),
        Line("AWS Backup: the monthly copies, cold", whole - warm, "cold backup"),
    ]


def list_passing_lines() -> list[Line]:
    """Return what is kept of a file for a while, and goes by itself."""
    return [Line("S3: seven days of the incoming file, thirty of its old version", FILE_GB * 37 / 30, "s3 storage")]


def list_trail_lines(found: Metered) -> list[Line]:
    """Return what CloudTrail's record of a file takes, where a stage has an audit."""
    calls = [call for name in FUNCTIONS for call in found.calls(name).items()]
    events = sum(count for call, count in calls if call.startswith(("s3", "dynamodb")))
    return list_event_lines(events + found.entries("s3 put by clinics"))


def list_event_lines(events: float) -> list[Line]:
    """Return what so many data events take, with a month of keeping them where they are searched and locked."""
    told = events * EVENT_BYTES / GB
    return [
        Line("CloudTrail: data events", events, "trail"),
        Line("CloudWatch Logs: the trail's events, taken in", told, "searched logs"),
        Line("CloudWatch Logs: a month of keeping the trail's events", told * PACKED_EVENT, "logs storage"),
        Line("S3: a month of keeping the trail's files", told * PACKED_EVENT, "s3 storage"),
    ]


def list_scan_lines() -> list[Line]:
    """Return what GuardDuty's scan of a file takes, where a stage has it scanned."""
    return [Line("GuardDuty: the file scanned", FILE_GB, "scan"), Line("GuardDuty: the object", 1, "scan object")]


def add_up(found: Iterable[Line]) -> float:
    """Return what a million files cost by these lines."""
    return MILLION * sum(line.usd for line in found)


def count_traces(found: Metered) -> float:
    """Return how many invocations for one file Lambda traces, where a stage has traces."""
    return sum(_count_traces(found, name) for name in FUNCTIONS)


def compute_waiting(calls: Mapping[str, float]) -> float:
    """Return the seconds that calls, `service Operation` → number, wait for AWS."""
    return (
        sum(count * WAIT_MS.get(call, WAIT_MS.get(call.partition(" ")[0], 0)) for call, count in calls.items()) / 1000
    )


def _list_writes(found: Metered) -> list[Line]:
    """Tell the table's writes by who writes them, each with what they take in the indexes."""
    stages = {"portal": "the reservation", "judge": "the verdict", "projector": "sums, feed, studies and word of it"}
    table = dict.fromkeys(stages, 0.0)
    indexes = dict(table)
    for (name, _, index), units in found.writes().items():
        (indexes if index else table)[name] += units
    return [
        Line(f"DynamoDB: writes of {what}{part}", amounts[name], "dynamodb write")
        for name, what in stages.items()
        for part, amounts in (("", table), (", in indexes", indexes))
    ]


def _compute_lambda_time(found: Metered, name: str, setup: Setup) -> float:
    """Return GB-seconds: CPU time, stretched by the function's share of a vCPU, and waiting."""
    size = setup.memory_mib[name]
    waiting = compute_waiting(found.calls(name))
    if name == "judge":
        waiting /= min(JUDGED_AT_ONCE, int(found.raw["messages"]))
    return (found.function(name, "cpu_seconds") / min(1, size / VCPU_MIB) + waiting) * size / 1024


def _list_edge_lines(found: Metered) -> list[Line]:
    requests = found.function("portal", "invocations")
    return [
        Line("CloudFront: requests", requests, "cloudfront request"),
        Line("CloudFront: answers sent", found.bytes_answered / GB, "cloudfront out"),
        Line("WAF: requests", requests, "waf request"),
    ]


def _count_traces(found: Metered, name: str) -> float:
    """Return how many of a function's invocations for one file are traced."""
    each = found.function(name, "invocations")
    a_second = each * FILES_A_SECOND[found.name]
    traced = min(a_second, TRACED_A_SECOND + TRACED_BEYOND * max(0, a_second - TRACED_A_SECOND))
    return each * traced / a_second


def _add_functions(found: Metered, what: str) -> float:
    return sum(found.function(name, what) for name in FUNCTIONS)
