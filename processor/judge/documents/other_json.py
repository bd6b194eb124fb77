"""JSON that is no FHIR resource: refused as a kind, unless it is an attack on those who read it."""

from intake.record import Metadata
from processor.judge.documents import json_text, whole
from processor.judge.findings import Findings
from processor.judge.window import Window


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `readers.Reader`.
    """Hold the text against the budgets. See `readers.Reader`."""
    if window.size <= whole.MAX_WHOLE:
        json_text.check_depth(whole.content(window))
