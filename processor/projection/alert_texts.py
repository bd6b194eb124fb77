"""The words of alerts. Opaque ids and codes only: an e-mail is no place for a name."""

from collections.abc import Iterator, Mapping, Sequence

from intake.files.keys import UNASSIGNED, UNKNOWN_SENDERS
from intake.files.model import Upload
from intake.files.states import State
from intake.files.upload_state import count_missing
from intake.messaging.model import Alert, AlertKind
from intake.operations.model import FILES, USUALLY, WEEKS, WINDOW, Fault
from intake.projections.model import DueAlert, measure_share
from processor.judge.rules.catalogue import RULES

_SEVERITY = {
    AlertKind.REJECTED: "warning",
    AlertKind.FAILED: "error",
    AlertKind.QUIET: "warning",
    AlertKind.LATE: "warning",
    AlertKind.EXAMS_MISSING: "warning",
    AlertKind.DISAGREEMENT: "error",
}

FAULTS = {
    Fault.OBJECT_MISSING: "a checked file whose object is not in its bucket",
    Fault.OBJECT_UNCLAIMED: "an object in accepted or quarantine that has no record",
    Fault.ARRIVAL_UNRECORDED: "an object that arrived without a record; it is being checked now",
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
        "They arrived under a prefix that belongs to no active clinic. Administrators see them here:",
        f"{origin}/admin/quarantine?clinic={UNASSIGNED}",
        "",
    ]
    return _write_alert(
        due,
        f"{_count_files(due.count)} rejected {'of' if is_nobodys else 'at'} {_name_clinic(due)}",
        [
            *(whence if is_nobodys else ()),
            f"{'It was' if due.count == 1 else 'They were'} checked, and could not be accepted.",
            "",
            *(["Reasons:", *reasons, ""] if reasons else ()),
            "What to do about each file:",
            f"{origin}/uploads/{due.subject}",
            "",
            f"The first of them: {origin}/files/{due.first_file_id}",
            "",
            "If more files of this upload are rejected within 15 minutes, you get one message about them.",
        ],
        origin,
    )


def write_failed(due: DueAlert, origin: str) -> Alert:
    return _write_alert(
        due,
        f"{_count_files(due.count)} could not be checked for {_name_clinic(due)}",
        [
            "The fault is on our side. The files are safe, and will be checked again once it is fixed: you need not",
            "send them again.",
            "",
            "See how they are doing:",
            f"{origin}/uploads/{due.subject}",
            "",
            f"The first of them: {origin}/files/{due.first_file_id}",
        ],
        origin,
    )


def write_completed(due: DueAlert, upload: Upload, origin: str) -> Alert:
    """Tell that an upload has its last verdict, and never that it is complete while files are missing."""
    missing = count_missing(upload)
    outcomes = [f"{upload.counts[state]:,} {word}" for state, word in _OUTCOMES.items() if upload.counts.get(state)]
    all_is_well = not missing and upload.counts.get(State.ACCEPTED) == upload.declared > 1
    told = f"all {_count_files(upload.declared)} accepted" if all_is_well else ", ".join(outcomes) or "no files"
    headline = (
        f"Upload incomplete at {_name_clinic(due)}: {missing:,} missing, {told}"
        if missing
        else (f"Upload complete at {_name_clinic(due)}: {told}")
    )
    return _write_alert(
        due,
        headline,
        [
            f"Every file that came has its verdict ({upload.declared:,} announced in all):",
            *(f"- {line}" for line in (*outcomes, *_list_beside(upload))),
            *([f"- {missing:,} missing: expected or announced, and not here"] if missing else ()),
            "",
            "Its receipt:",
            f"{origin}/uploads/{due.subject}",
        ],
        origin,
    )


def _list_beside(upload: Upload) -> Iterator[str]:
    """Yield what there is to tell beside the files' verdicts."""
    if upload.warnings:
        yield f"{upload.warnings:,} of the accepted have warnings"
    if upload.duplicates:
        yield f"{upload.duplicates:,} of the accepted were here already"
    refused = upload.containers.get(State.REJECTED)
    if refused:
        yield f"{refused:,} {'archive' if refused == 1 else 'archives'} rejected"


def write_quiet(due: DueAlert, origin: str) -> Alert:
    hours = int(WINDOW.total_seconds() // 3600)
    return _write_alert(
        due,
        f"No files from {_name_clinic(due)} for {hours} hours",
        [
            f"In {USUALLY} of the last {WEEKS} weeks, at least {FILES} files came in these hours. Today none has come.",
            "If you expected none, there is nothing to do.",
            "",
            "Otherwise, check the system that sends them: Is the export running? Is the network up? Are its",
            "credentials still valid?",
            "",
            "The latest uploads:",
            f"{origin}/uploads",
        ],
        origin,
    )


def write_exams_missing(due: DueAlert, origin: str) -> Alert:
    """Tell a clinic how many of the exams that it expected on a day did not come."""
    day = due.subject.rpartition(".")[2]
    exams = "1 expected exam" if due.count == 1 else f"{due.count:,} expected exams"
    return _write_alert(
        due,
        f"{exams} did not come at {_name_clinic(due)}",
        [
            "No image arrived of what your list expects for the day. Look which ones these are, and send them, or",
            "cancel what was not done:",
            f"{origin}/expected?day={day[:4]}-{day[4:6]}-{day[6:]}&show=absent",
            "",
            "You are told once for each day, at the hour that your clinic chose on that page.",
        ],
        origin,
    )


def write_late(due: DueAlert, origin: str) -> Alert:
    return _write_alert(
        due,
        f"{_count_files(due.count)} from {_name_clinic(due)} waiting longer than usual",
        [
            "What was sent has arrived and is safe, but has not been checked yet. It will be checked as soon as",
            "possible: you need not send it again.",
            "",
            "See how it is doing:",
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
        f"Objects and records of {_name_clinic(due)} do not match",
        [
            *(f"- {amount} x {code}: {FAULTS[Fault(code)]}" for code, amount in sorted(due.codes.items())),
            "",
            f"One of the files: {due.first_file_id}",
            "You are told about each of them once. The table lists the objects under the key INCIDENTS.",
        ],
        origin,
    )


def write_scorecard(due: DueAlert, origin: str) -> Alert:
    """Tell a clinic of its last month: how many files, how many at first try, and what rejected most."""
    month, before = _describe_month(due.codes), _describe_month(due.codes, "before-")
    causes = sorted(
        ((count, name.removeprefix("cause-")) for name, count in due.codes.items() if name.startswith("cause-")),
        key=lambda cause: (-cause[0], cause[1]),
    )
    reasons = [
        f"- {count:,} x {code}: {RULES[code].message if code in RULES else 'see the list'}" for count, code in causes
    ]
    return _write_alert(
        due,
        f"Last month at {_name_clinic(due)}: {month}",
        [
            f"The month before: {before}." if before else "In the month before, no file was checked.",
            "",
            *(["What rejected most:", *reasons, ""] if reasons else ["No file was rejected.", ""]),
            "Devices, causes and twelve weeks, each number with its files:",
            f"{origin}/scorecard",
        ],
        origin,
    )


def _describe_month(codes: Mapping[str, int], which: str = "") -> str:
    """Return `1,204 files checked, 98.3 % accepted at first try`, or nothing where none was checked."""
    accepted, rejected, again = (codes.get(which + name, 0) for name in ("accepted", "rejected", "again"))
    first = max(0, accepted - again)
    if not first + rejected:
        return ""
    return f"{_count_files(first + rejected)} checked, {measure_share(first, rejected):.1f} % accepted at first try"


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
        "To protect patients, this message names no patient and no file. Sign in to see them.",
        f"Change or stop these messages: {origin}/settings/notifications",
    ]
    severity = _SEVERITY.get(AlertKind(due.kind), "info")
    return Alert(due.kind, due.clinic_id, severity, f"[Silent Scalper] {headline}"[:100], "\n".join(body))


def _name_clinic(due: DueAlert) -> str:
    return UNKNOWN_SENDERS.lower() if due.clinic_id == UNASSIGNED else due.clinic_id


def _count_files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
