"""What a clinic sends on to whoever can fix its files: the vendor of the device that wrote them, or IT.

It may go by e-mail, so it tells codes, tags and the device, and neither a patient nor a file's name.
"""

from collections.abc import Iterable

from intake.files.model import FileRecord, Finding, Metadata, Upload, Whose
from intake.files.states import State
from intake.languages import mark
from intake.rules import whose
from portal.presentation.formatting import format_count, format_utc
from portal.presentation.labels import STATE_BADGES
from portal.presentation.languages import gettext
from portal.web.layout.receipts import Cause

OUTCOMES = {state: badge.label.lower() for state, badge in STATE_BADGES.items()} | {
    State.ACCEPTED: mark("accepted with a warning"),
    State.EXPIRED: mark("not received"),
    State.FAILED: mark("failed on our side"),
    State.REJECTED: mark("rejected"),
}

MADE_BY = ("manufacturer", "manufacturer_model")


def name_recipient(code: str) -> str:
    """Say who can do something about a finding, where the clinic itself cannot."""
    return gettext("the vendor" if whose(code) is Whose.VENDOR else "IT")


def write_cause_message(cause: Cause, upload: Upload) -> str:
    """Return what to send on about files that share a cause."""
    outcome = gettext(OUTCOMES[cause.state])
    return _write_message(
        f"{format_count(cause.count, 'file')} {outcome}",
        cause,
        ", ".join(cause.where),
        _name_devices(record.metadata for record in cause.files),
        gettext("Upload: {id}, started {when}").format(id=upload.upload_id, when=format_utc(upload.created_at)),
    )


def write_finding_message(finding: Finding, record: FileRecord) -> str:
    """Return what to send on about one finding in a file."""
    return _write_message(
        f"{format_count(1, 'file')} {gettext(OUTCOMES[record.state])}",
        finding,
        finding.where,
        _name_devices([record.metadata]),
        gettext("File: {id}, sent {when}").format(id=record.file_id, when=format_utc(record.created_at)),
    )


def _write_message(outcome: str, problem: Cause | Finding, where: str, devices: str, reference: str) -> str:
    told = {
        gettext("What to do"): gettext(problem.remedy),
        gettext("Code"): problem.code,
        gettext("Where"): where,
        gettext("Device"): devices,
    }
    lines = (f"{label}: {text}" for label, text in told.items() if text)
    return "\n".join([f"Silent Scalper, {outcome}: {gettext(problem.message)}", *lines, reference])


def _name_devices(files: Iterable[Metadata]) -> str:
    """Return the makes and models of the devices that wrote files, each once."""
    words = (" ".join(str(one[key]) for key in MADE_BY if one.get(key)) for one in files)
    return ", ".join(filter(None, dict.fromkeys(words)))


SUPPORT_FILTERS = {
    "cause_message": write_cause_message,
    "finding_message": write_finding_message,
    "recipient": name_recipient,
}
"""What templates say `| name` for, to offer such a message."""
