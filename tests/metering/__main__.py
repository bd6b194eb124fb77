"""`make meter`: sends files through the real functions on the emulator and writes what they took.

Two ways of arriving: file by file, and in bursts that fill every batch. Nothing runs by itself: this program takes
the queue's and the stream's records and hands them over in batches of the size that is to be metered.
"""

import argparse
import contextlib
import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.stack import local_stack
from tests.emulator.stacks import free_port
from tests.metering.bench import Bench
from tests.metering.functions import Function

OUT = Path("portal/costs/metered.json")
PATTERNS = {
    "burst": {"announced": 100, "messages": 10, "records": 100, "files": 1000, "of_a_study": 1000},
    "single": {"announced": 1, "messages": 1, "records": 1, "files": 30, "of_a_study": 6},
}
"""How many files an announcement, a batch of messages, a batch of records and a study hold, and how many to send: of
single files, ten seconds apart, as many as the exporter gathers in its five minutes."""


def metered(bench: Bench, name: str) -> dict[str, Any]:
    """Send a pattern's files, and return what they took."""
    pattern = PATTERNS[name]
    for study, files in ((f"{name} warm", min(3, pattern["files"])), (name, pattern["files"])):
        bench.begin()
        bench.send(study, files, pattern["announced"], pattern["of_a_study"])
        bench.judge_all(files, pattern["messages"])
        bench.project_all(pattern["records"])
        bench.export_all()
        bench.ask_for_all()
    return {
        **pattern,
        "bytes_answered": bench.answered,
        "functions": {
            name: told(function)
            for name, function in (
                ("portal", bench.portal),
                ("judge", bench.judge),
                ("projector", bench.projector),
                ("exporter", bench.exporter),
            )
        },
    }


def metered_sweep(bench: Bench) -> dict[str, Any]:
    """Return what one sweep takes when there is nothing to find: half of two, when the function is warm.

    Every second one lists the incoming bucket.
    """
    for _ in range(2):
        bench.sweep.invoke({})
    bench.sweep.reset()
    for _ in range(2):
        bench.sweep.invoke({})
    both = told(bench.sweep)
    halves = {what: both[what] / 2 for what in ("invocations", "cpu_seconds", "log_bytes", "log_events")}
    return {**both, **halves, "entries": {what: amount / 2 for what, amount in both["entries"].items()}}


def told(function: Function) -> dict[str, Any]:
    return {
        "invocations": function.invocations,
        "cpu_seconds": round(function.seconds, 3),
        "log_bytes": function.log_bytes,
        "log_events": function.log_events,
        "metrics": sorted({name for line in function.lines for name in _metrics(line)}),
        "entries": dict(sorted(function.ledger.entries.items())),
    }


def _metrics(line: str) -> list[str]:
    """Return the metrics that a line in the embedded metric format brings."""
    said = json.loads(line).get("_aws", {}) if line.startswith("{") else {}
    return [metric["Name"] for group in said.get("CloudWatchMetrics", ()) for metric in group["Metrics"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", choices=PATTERNS, help="meter one way of arriving and leave the rest as it was")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as state, contextlib.ExitStack() as exits:
        stack = exits.enter_context(local_stack(state=Path(state), emulator_port=free_port(), portal_port=free_port()))
        bench = Bench(stack, exits)
        measured = {name: metered(bench, name) for name in ([asked.only] if asked.only else PATTERNS)}
        swept = metered_sweep(bench)
    before = json.loads(asked.out.read_text()) if asked.only else {"patterns": {}, "sweep": swept}
    told_of = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": platform.machine(),
        "patterns": {**before["patterns"], **measured},
        # The more lies in the table, the more a sweep compares.
        "sweep": swept if "burst" in measured else before["sweep"],
    }
    asked.out.write_text(json.dumps(told_of, indent=1) + "\n")
    sys.stderr.write(f"{asked.out} holds what was metered.\n")


if __name__ == "__main__":
    main()
