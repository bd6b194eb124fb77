"""The functions' own code in this process: their handlers, their clients, their log lines."""

import contextlib
import importlib
import io
import os
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from tests.metering.ledger import Ledger, metered_session

EVENT_OVERHEAD = 26
"""Bytes that CloudWatch Logs adds to each event (API Reference, PutLogEvents)."""

_REQUEST = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
PLATFORM_LINES = (
    f"START RequestId: {_REQUEST} Version: $LATEST\n",
    f"END RequestId: {_REQUEST}\n",
    (
        f"REPORT RequestId: {_REQUEST}\tDuration: 123.45 ms\tBilled Duration: 124 ms\tMemory Size: 1024 MB\t"
        "Max Memory Used: 128 MB\t\n"
    ),
)
"""What Lambda itself logs of each invocation that is not traced (Developer Guide, "Viewing CloudWatch logs for Lambda
functions")."""


@dataclass
class Function:
    """One function, invoked here. The first invocations make it warm; `reset` forgets what they took."""

    name: str
    handler: Any
    ledger: Ledger
    output: io.StringIO
    invocations: int = 0
    seconds: float = 0.0
    log_bytes: int = 0
    log_events: int = 0
    lines: list[str] = field(default_factory=list)

    def invoke(self, event: dict[str, Any]) -> Any:
        self.output.seek(0)
        self.output.truncate()
        kept, started = self.ledger.seconds, time.process_time()
        answer = self.handler(event, _context(self.name))
        self.seconds += time.process_time() - started - (self.ledger.seconds - kept)
        self.invocations += 1
        lines = self.output.getvalue().splitlines(keepends=True)
        self.lines += lines
        events = [*lines, *PLATFORM_LINES]
        self.log_events += len(events)
        self.log_bytes += sum(len(line.encode()) + EVENT_OVERHEAD for line in events)
        return answer

    def reset(self) -> None:
        self.invocations = self.log_bytes = self.log_events = 0
        self.seconds = 0.0
        self.lines.clear()
        self.ledger.entries.clear()


@contextlib.contextmanager
def deployed(name: str, module: str, environment: dict[str, str], ledger: Ledger) -> Iterator[Function]:
    """Import a function's entry file as Lambda does: in its environment, with its log on standard output."""
    output = io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "stdout", output),
        mock.patch("boto3.Session", metered_session(ledger)),
    ):
        handler = _fresh(module).handle
        yield Function(name, handler, ledger, output)


def _fresh(module: str) -> ModuleType:
    """Import an entry file anew, with the logger and metrics that it shares with none."""
    for stale in (module, "processor.telemetry", "processor.handlers.sweep_reports"):
        sys.modules.pop(stale, None)
    return importlib.import_module(module)


def _context(name: str) -> Any:
    return SimpleNamespace(
        function_name=name,
        function_version="$LATEST",
        memory_limit_in_mb=1024,
        invoked_function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: 120_000,
    )
