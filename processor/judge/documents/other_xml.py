"""XML that is no C-CDA document: refused as a kind, unless it is an attack on those who read it."""

from intake.record import Metadata
from processor.judge.documents import xml_stream
from processor.judge.findings import Findings
from processor.judge.refusal import RefusedError
from processor.judge.window import Window

ATTACKS = frozenset({"xml-entities", "xml-too-deep", "xml-too-many-elements"})


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `readers.Reader`.
    """Read the document for its attacks only. See `readers.Reader`."""
    try:
        xml_stream.parse(window, lambda *_: None, lambda *_: None, lambda *_: None)
    except RefusedError as refusal:
        if refusal.code in ATTACKS:
            raise
