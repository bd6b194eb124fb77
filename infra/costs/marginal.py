"""What a million more files cost: metered amounts times the price table."""

from dataclasses import dataclass

from infra.config import StageConfig
from infra.costs.assumptions import (
    ACCESS_LOG_BYTES,
    FILE_GB,
    FILES_A_SECOND,
    KMS_PER_FILE,
    TRACED_A_SECOND,
    TRACED_BEYOND,
    VCPU_MIB,
    WAIT_MS,
)
from infra.costs.metered import Metered
from infra.costs.prices import PRICES
from infra.stages import PROD
from processor.ingest.process import AT_ONCE

MILLION = 1_000_000
FUNCTIONS = ("portal", "judge", "projector", "exporter")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill, for one file or one month."""

    what: str
    amount: float
    price: str
    """A name in the price table."""

    @property
    def usd(self) -> float:
        return PRICES[self.price].charge(self.amount)


def list_lines(found: Metered, config: StageConfig = PROD) -> list[Line]:
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
            Line(f"Lambda: {name}'s time", _compute_lambda_time(found, name, config), "lambda time")
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
        Line("CloudWatch Logs: taken in", logged / 1e9, "logs"),
        Line("X-Ray: traces", sum(_count_traces(found, name) for name in FUNCTIONS), "trace"),
        Line("API Gateway: requests", found.function("portal", "invocations"), "http api"),
        *(_list_edge_lines(found) if config.edge else []),
    ]


def list_extras(found: Metered) -> list[Line]:
    """Return what is told apart: a month of keeping a file, and CloudTrail's record of what was done to it."""
    events = sum(
        count for name in FUNCTIONS for call, count in found.calls(name).items() if call.startswith(("s3", "dynamodb"))
    )
    return [
        Line("S3: a month of keeping the accepted file", FILE_GB, "s3 storage"),
        Line("S3: seven days of the incoming one, and thirty of its old version", FILE_GB * 37 / 30, "s3 storage"),
        Line("DynamoDB: a month of keeping the record", _measure_record(found) / 1e9, "dynamodb storage"),
        Line("DynamoDB: its point-in-time recovery", _measure_record(found) / 1e9, "dynamodb recovery"),
        Line("CloudTrail: data events", events + found.entries("s3 put by clinics"), "trail"),
        Line("GuardDuty, where it is on: the file scanned", FILE_GB, "scan"),
        Line("GuardDuty, where it is on: the object", 1, "scan object"),
    ]


def add_up(found: list[Line]) -> float:
    """Return what a million files cost by these lines."""
    return MILLION * sum(line.usd for line in found)


def _list_writes(found: Metered) -> list[Line]:
    """Tell the table's writes by who writes them, each with what they take in the indexes."""
    stages = {"portal": "the reservation", "judge": "the verdict", "projector": "sums, feed and studies"}
    table = dict.fromkeys(stages, 0.0)
    indexes = dict(table)
    for (name, _, index), units in found.writes().items():
        (indexes if index else table)[name] += units
    return [
        Line(f"DynamoDB: writes of {what}{part}", amounts[name], "dynamodb write")
        for name, what in stages.items()
        for part, amounts in (("", table), (", in indexes", indexes))
    ]


def _compute_lambda_time(found: Metered, name: str, config: StageConfig) -> float:
    """Return GB-seconds: CPU time, stretched by the function's share of a vCPU, and waiting."""
    size: int = getattr(config, name).memory_mib
    cpu = found.function(name, "cpu_seconds") / min(1, size / VCPU_MIB)
    waits = {call: WAIT_MS.get(call, WAIT_MS.get(call.partition(" ")[0], 0)) for call in found.calls(name)}
    waiting = sum(count * waits[call] for call, count in found.calls(name).items()) / 1000
    if name == "judge":
        waiting /= min(AT_ONCE, int(found.raw["messages"]))
    return (cpu + waiting) * size / 1024


def _list_edge_lines(found: Metered) -> list[Line]:
    requests = found.function("portal", "invocations")
    return [
        Line("CloudFront: requests", requests, "cloudfront request"),
        Line("CloudFront: answers sent", found.bytes_answered / 1e9, "cloudfront out"),
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


def _measure_record(found: Metered) -> float:
    """Return the bytes of a file's record, with its claim."""
    judge = found.raw["functions"]["judge"]["entries"]
    return sum(float(count) for what, count in judge.items() if what.startswith("bytes, ")) / found.files
