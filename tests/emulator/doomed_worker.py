"""A judging worker that is killed. Run as `python -m`, with a message's body as its argument.

It dies before it records a verdict; with a number as its second argument, before it writes that object instead (the
first is 1, and 0 lets it live).
"""

import json
import os
import signal
import sys
from typing import Any

import boto3

from intake.messaging.events import ObjectsCreated, Slice, parse
from intake.records.verdicts import DynamoVerdicts
from intake.storage.s3.uploads import S3Writer
from processor import wiring


def _die(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(last: int) -> None:
    create, written = S3Writer.create, iter(range(1, sys.maxsize))

    def doomed(*args: Any) -> None:
        if next(written) == last:
            _die()
        create(*args)

    S3Writer.create = doomed  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    if sys.argv[2:]:
        _die_at(int(sys.argv[2]))
    else:
        DynamoVerdicts.record = _die  # type: ignore[method-assign,assignment]
    judging, body = wiring.judging(os.environ, boto3.Session()), json.loads(sys.argv[1])
    match parse(body):
        case Slice() as part:
            judging.expander.expand(part)
        case ObjectsCreated(arrivals):
            for arrival in arrivals:
                judging.processor.process(arrival)
