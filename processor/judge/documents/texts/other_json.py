"""JSON whose first bytes name no FHIR resource: one after all, an attack on those who read it, or not taken."""

from intake.files.model import Metadata
from processor.judge.documents import whole
from processor.judge.documents.texts import json_text
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `readers.Reader`.
    """Look for the resource's type, which may stand anywhere, and hold the text against the budgets.

    See `readers.Reader`.
    """
    if window.size > whole.MAX_WHOLE:
        return
    data = whole.read_whole(window)
    json_text.check_depth(data)
    # Only of the outermost object does the type make a resource: what is kept of those within it tells nothing.
    if b"resourceType" in data and "resourceType" in _list_outermost_keys(data):
        raise OtherKindError("fhir")


def _list_outermost_keys(data: bytes) -> frozenset[str]:
    """Return the keys of the outermost object; none where the text is no JSON object."""
    try:
        value = json_text.parse(data, lambda pairs: frozenset(key for key, _ in pairs))
    except UnreadableFileError:
        return frozenset()
    return value if isinstance(value, frozenset) else frozenset()
