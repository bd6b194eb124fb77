"""A judging worker that is killed between copy and record. Run as `python -m`, with a notification as its argument."""

import json
import os
import signal
import sys
from typing import Any

import boto3

from intake.verdicts import DynamoVerdicts
from processor import wiring
from processor.events import arrivals


def _die(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    DynamoVerdicts.record = _die  # type: ignore[method-assign,assignment]
    processor = wiring.judging(os.environ, boto3.Session()).processor
    for arrival in arrivals(json.loads(sys.argv[1])):
        processor.process(arrival)
