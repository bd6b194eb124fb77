"""The words of alerts. Opaque ids and codes only: an e-mail is no place for a name."""

from intake.ports import Alert, DueAlert
from processor.judge.catalogue import RULES

_SEVERITY = {"file.rejected": "warning", "file.failed": "error"}
_HEADLINE = {
    "file.rejected": "{files} rejected at {clinic}",
    "file.failed": "{files} could not be processed for {clinic}",
}
_INTRODUCTION = {
    "file.rejected": "The files below were checked and cannot be taken as they are.",
    "file.failed": "The fault is on our side. The files are kept, and are processed again once it is mended.",
}


def alert_message(due: DueAlert, portal_origin: str) -> Alert:
    """Write what an alert says, with a link to the upload's page under `portal_origin` (`scheme://host[:port]`)."""
    files = "1 file" if due.count == 1 else f"{due.count} files"
    headline = _HEADLINE[due.kind].format(files=files, clinic=due.clinic_id)
    lines = [
        headline + ".",
        "",
        _INTRODUCTION[due.kind],
        "",
        *_reasons(due),
        "Each file's reason, and what to do about it:",
        f"{portal_origin}/uploads/{due.upload_id}",
        "",
        f"The first of them: {portal_origin}/files/{due.first_file_id}",
        "",
        "More of the same from this upload within 15 minutes is held back and told in one message.",
    ]
    return Alert(due.kind, due.clinic_id, _SEVERITY[due.kind], f"[Silent Scalper] {headline}"[:100], "\n".join(lines))


def _reasons(due: DueAlert) -> list[str]:
    if not due.codes:
        return []
    rows = [f"- {amount} x {code}: {_cause(code)}" for code, amount in sorted(due.codes.items())]
    return ["Reasons:", *rows, ""]


def _cause(code: str) -> str:
    return RULES[code].message if code in RULES else "see the file's page"
