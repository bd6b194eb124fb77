"""A process that runs the judging Lambda's own handler for one object, and prints what memory that took at its peak.

`python -m tests.benchmarks.one_arrival KEY SIZE`, with the environment of the Lambda and AWS_ENDPOINT_URL.
"""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

CONTEXT = SimpleNamespace(
    function_name="judge",
    memory_limit_in_mb="512",
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:judge",
    aws_request_id="request",
    get_remaining_time_in_millis=lambda: 120_000,
)


def peak() -> int:
    """Return the most memory that this program has held, in bytes; getrusage would count what its parent held."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) * 1024


def event(key: str, size: int) -> dict[str, object]:
    """Return what SQS delivers when S3 tells of an object."""
    stored = {"bucket": {"name": "incoming"}, "object": {"key": key, "size": size, "versionId": "1"}}
    told = {"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T12:00:00.000Z", "s3": stored}
    message = {"messageId": "1", "receiptHandle": "1", "attributes": {"ApproximateReceiveCount": "1"}}
    return {"Records": [{**message, "eventSource": "aws:sqs", "body": json.dumps({"Records": [told]})}]}


def main() -> None:
    key, size = sys.argv[1:]
    from processor.handlers import judge

    imported = peak()
    answer = judge.handle(event(key, int(size)), CONTEXT)
    print(json.dumps({"failures": answer["batchItemFailures"], "imported": imported, "peak": peak()}))


if __name__ == "__main__":
    main()
