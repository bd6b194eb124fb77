"""What our functions really write: their handlers run under the environment that the template gives them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
FUNCTIONS = {
    "judge": "JudgeFunction",
    "projector": "ProjectorFunction",
    "exporter": "ExporterFunction",
    "sweep": "SweepFunction",
    "rebuild": "RebuildFunction",
    "renderer": "RendererFunction",
}


@dataclass(frozen=True, order=True)
class Emitted:
    """A metric as CloudWatch makes it from what was written."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]


def lines_of(template, service, work="") -> list[dict[str, Any]]:
    """Run a function's handler in a process of its own, and return what it logs."""
    variables = template.named_by(FUNCTIONS[service])["Environment"]["Variables"]
    environment = {name: value if isinstance(value, str) else "given-by-aws" for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.infra.observability.emit", work or service],
        cwd=ROOT,
        env={**os.environ, **environment, "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "a-function"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def documents_of(lines) -> list[dict[str, Any]]:
    return [line for line in lines if "_aws" in line]


def metrics_of(document) -> set[Emitted]:
    """Read a document as CloudWatch does (its page "Specification: Embedded metric format")."""
    return {
        Emitted(
            directive["Namespace"],
            metric["Name"],
            metric["Unit"],
            tuple(sorted((name, document[name]) for name in dimensions)),
        )
        for directive in document["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
