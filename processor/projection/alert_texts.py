"""The words of alerts. Opaque ids and codes only: an e-mail is no place for a name."""

from collections.abc import Sequence

from intake.files.keys import UNASSIGNED, UNKNOWN_SENDERS
from intake.files.model import Upload
from intake.files.states import State
from intake.messaging.model import Alert, AlertKind
from intake.operations.model import FILES, USUALLY, WEEKS, WINDOW, Fault
from intake.projections.model import DueAlert
from processor.judge.rules.catalogue import RULES

_SEVERITY = {
    AlertKind.REJECTED: "warning",
    AlertKind.FAILED: "error",
    AlertKind.QUIET: "warning",
    AlertKind.LATE: "warning",
    AlertKind.DISAGREEMENT: "error",
}

FAULTS = {
    Fault.OBJECT_MISSING: "a judged file whose object is not in its bucket",
    Fault.OBJECT_UNCLAIMED: "an object that no record claims, among the accepted or the quarantined",
    Fault.ARRIVAL_UNRECORDED: "an object that arrived and of which no record tells; it is checked now",
}

_OUTCOMES = {
    State.ACCEPTED: "accepted",
    State.REJECTED: "rejected",
    State.FAILED: "failed on our side",
    State.EXPIRED: "never received",
    State.DELETED: "deleted after review",
}


def write_rejected(due: DueAlert, origin: str) -> Alert:
    """Tell of rejected files, with a link under `origin` (`scheme://host[:port]`), as all of these do."""
    causes = {code: RULES[code].message if code in RULES else "see the file's page" for code in sorted(due.codes)}
    reasons = [f"- {due.codes[code]} x {code}: {cause}" for code, cause in causes.items()]
    is_nobodys = due.clinic_id == UNASSIGNED
    # No clinic sees them in its lists.
    whence = [
        "They arrived under a prefix that no active clinic has. Administrators see them here:",
        f"{origin}/admin/quarantine?clinic={UNASSIGNED}",
        "",
    ]
    return _write_alert(
        due,
        f"{_count_files(due.count)} rejected {'of' if is_nobodys else 'at'} {_name_clinic(due)}",
        [
            *(whence if is_nobodys else ()),
            f"{'It was' if due.count == 1 else 'They were'} checked and cannot be taken as sent.",
            "",
            *(["Reasons:", *reasons, ""] if reasons else ()),
            "What each file needs, and a button to send it again:",
            f"{origin}/uploads/{due.subject}",
            "",
            f"The first of them: {origin}/files/{due.first_file_id}",
            "",
            "More rejections of this upload within 15 minutes come in one message.",
        ],
        origin,
    )


def write_failed(due: DueAlert, origin: str) -> Alert:
    return _write_alert(
        due,
        f"{_count_files(due.count)} could not be processed for {_name_clinic(due)}",
        [
            "The fault is on our side. The files are kept safe and are checked again once it is mended: there is no",
            "need to send them again.",
            "",
            "Where to follow them:",
            f"{origin}/uploads/{due.subject}",
            "",
            f"The first of them: {origin}/files/{due.first_file_id}",
        ],
        origin,
    )


def write_completed(due: DueAlert, upload: Upload, origin: str) -> Alert:
    """Tell that an upload has its last verdict."""
    outcomes = [f"{upload.counts[state]:,} {word}" for state, word in _OUTCOMES.items() if upload.counts.get(state)]
    all_is_well = upload.counts.get(State.ACCEPTED) == upload.declared
    told = (
        f"all {_count_files(upload.declared)} accepted" if all_is_well and upload.declared > 1 else ", ".join(outcomes)
    )
    warned = [f"- {upload.warnings:,} of the accepted have warnings"] if upload.warnings else []
    return _write_alert(
        due,
        f"Upload complete at {_name_clinic(due)}: {told}",
        [
            f"Every file of the upload has its verdict ({upload.declared:,} in all):",
            *(f"- {outcome}" for outcome in outcomes),
            *warned,
            "",
            "Its receipt:",
            f"{origin}/uploads/{due.subject}",
        ],
        origin,
    )


def write_quiet(due: DueAlert, origin: str) -> Alert:
    hours = int(WINDOW.total_seconds() // 3600)
    return _write_alert(
        due,
        f"No files from {_name_clinic(due)} for {hours} hours",
        [
            f"In {USUALLY} of the last {WEEKS} weeks at least {FILES} files came in these hours; now there is none.",
            "If nothing was due, there is nothing to do.",
            "",
            "Otherwise look at what sends them: is the export running, is the network up, are the credentials of the",
            "sending system still valid?",
            "",
            "What came last:",
            f"{origin}/uploads",
        ],
        origin,
    )


def write_late(due: DueAlert, origin: str) -> Alert:
    return _write_alert(
        due,
        f"{_count_files(due.count)} of {_name_clinic(due)} waiting longer than usual",
        [
            "What was sent has arrived and is safe, but has no verdict yet. It is checked as soon as this can be done:",
            "there is no need to send it again.",
            "",
            "Where to follow it:",
            f"{origin}/uploads/{due.subject}",
            "",
            f"One of the files: {origin}/files/{due.first_file_id}",
        ],
        origin,
    )


def write_disagreement(due: DueAlert, origin: str) -> Alert:
    """Tell operations that objects and records contradict each other; no object's key is told."""
    return _write_alert(
        due,
        f"Objects and records of {_name_clinic(due)} disagree",
        [
            *(f"- {amount} x {code}: {FAULTS[Fault(code)]}" for code, amount in sorted(due.codes.items())),
            "",
            f"One of the files: {due.first_file_id}",
            "Each is told of once. Which objects are meant stands in the table, under the key INCIDENTS.",
        ],
        origin,
    )


def write_review(due: DueAlert, origin: str) -> Alert:
    """Tell admins that rejected files were proposed to be accepted."""
    waits = "waits" if due.count == 1 else "wait"
    return _write_alert(
        due,
        f"{_count_files(due.count)} of {_name_clinic(due)} {waits} for a second admin",
        [
            "An administrator proposed to accept what was rejected. Another one has to look at it, and decide.",
            "",
            "What waits for a decision:",
            f"{origin}/admin/reviews",
            "",
            "More proposals for this clinic within 15 minutes come in one message.",
        ],
        origin,
    )


def _write_alert(due: DueAlert, headline: str, lines: Sequence[str], origin: str) -> Alert:
    body = [
        f"{headline}.",
        "",
        *lines,
        "",
        "--",
        "This message names no patient and no file on purpose; sign in to see them.",
        f"Who gets which messages, and how to stop them: {origin}/settings/notifications",
    ]
    severity = _SEVERITY.get(AlertKind(due.kind), "info")
    return Alert(due.kind, due.clinic_id, severity, f"[Silent Scalper] {headline}"[:100], "\n".join(body))


def _name_clinic(due: DueAlert) -> str:
    return UNKNOWN_SENDERS.lower() if due.clinic_id == UNASSIGNED else due.clinic_id


def _count_files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
