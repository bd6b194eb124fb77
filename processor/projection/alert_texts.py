"""The words of alerts about a clinic's files, uploads and exams. Opaque ids and codes only: an e-mail is no place for
a name.

Each is written in the language that is spoken (`intake.languages.speaking`): its texts, numbers and dates.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from intake.files.keys import UNASSIGNED
from intake.files.model import Upload
from intake.files.states import State
from intake.files.upload_state import count_missing
from intake.languages import format_date, format_number, mark
from intake.messaging.mails import gettext, name_clinic, ngettext, write_mail
from intake.messaging.model import Alert
from intake.operations.model import FILES, USUALLY, WEEKS, WINDOW
from intake.projections.model import DueAlert
from intake.projections.tally import measure_share
from processor.judge.rules.catalogue import RULES

_OUTCOMES = {
    State.ACCEPTED: mark("{count} accepted"),
    State.REJECTED: mark("{count} rejected"),
    State.FAILED: mark("{count} failed on our side"),
    State.EXPIRED: mark("{count} never received"),
    State.DELETED: mark("{count} deleted after review"),
}


def write_rejected(due: DueAlert, origin: str) -> Alert:
    """Tell of rejected files, with a link under `origin` (`scheme://host[:port]`), as all of these do."""
    reasons = _list_reasons(((due.codes[code], code) for code in sorted(due.codes)), gettext("see the file's page"))
    told = ngettext("{count} file rejected at {clinic}", "{count} files rejected at {clinic}", due.count)
    whence: tuple[str, ...] = ()
    if due.clinic_id == UNASSIGNED:
        told = ngettext("{count} file rejected of {clinic}", "{count} files rejected of {clinic}", due.count)
        # No clinic sees them in its lists.
        whence = (
            gettext("They arrived under a prefix that belongs to no active clinic. Administrators see them here:"),
            f"{origin}/admin/quarantine?clinic={UNASSIGNED}",
            "",
        )
    lines = [
        *whence,
        ngettext(
            "It was checked, and could not be accepted.", "They were checked, and could not be accepted.", due.count
        ),
        "",
        *([gettext("Reasons:"), *reasons, ""] if reasons else ()),
        ngettext("What to do about it:", "What to do about each file:", due.count),
        f"{origin}/uploads/{due.subject}",
        "",
        _link_file(due, origin),
        "",
        gettext("If more files of this upload are rejected within 15 minutes, you get one message about them."),
    ]
    return _write_alert(due, told, lines, origin)


def write_failed(due: DueAlert, origin: str) -> Alert:
    told = ngettext(
        "{count} file could not be checked for {clinic}", "{count} files could not be checked for {clinic}", due.count
    )
    lines = [
        ngettext(
            "The fault is on our side. The file is safe, and will be checked again once it is fixed: you need not send "
            "it again.",
            "The fault is on our side. The files are safe, and will be checked again once it is fixed: you need not "
            "send them again.",
            due.count,
        ),
        "",
        gettext("Follow it here:"),
        f"{origin}/uploads/{due.subject}",
        "",
        _link_file(due, origin),
    ]
    return _write_alert(due, told, lines, origin)


def write_completed(due: DueAlert, upload: Upload, origin: str) -> Alert:
    """Tell that an upload has its last verdict, and never that it is complete while files are missing."""
    missing = count_missing(upload)
    outcomes = [
        gettext(text).format(count=format_number(upload.counts[state]))
        for state, text in _OUTCOMES.items()
        if upload.counts.get(state)
    ]
    told = ", ".join(outcomes) or gettext("no files")
    if not missing and upload.counts.get(State.ACCEPTED) == upload.declared > 1:
        told = gettext("all {count} files accepted").format(count=format_number(upload.declared))
    headline = gettext("Upload complete at {clinic}: {told}")
    lacking: tuple[str, ...] = ()
    if missing:
        headline = ngettext(
            "Upload incomplete at {clinic}: {missing} missing, {told}",
            "Upload incomplete at {clinic}: {missing} missing, {told}",
            missing,
        )
        lacking = (
            gettext("{count} missing: expected or announced, and not here").format(count=format_number(missing)),
        )
    announced = gettext("Every file that came has its verdict ({count} announced in all):")
    lines = [
        announced.format(count=format_number(upload.declared)),
        *(f"- {line}" for line in (*outcomes, *_list_beside(upload), *lacking)),
        "",
        gettext("Its receipt:"),
        f"{origin}/uploads/{due.subject}",
    ]
    return _write_alert(due, headline, lines, origin, missing=format_number(missing), told=told)


def _list_beside(upload: Upload) -> Iterator[str]:
    """Yield what there is to tell beside the files' verdicts."""
    if upload.warnings:
        told = ngettext(
            "{count} of the accepted has warnings", "{count} of the accepted have warnings", upload.warnings
        )
        yield told.format(count=format_number(upload.warnings))
    if upload.duplicates:
        told = ngettext(
            "{count} of the accepted was here already", "{count} of the accepted were here already", upload.duplicates
        )
        yield told.format(count=format_number(upload.duplicates))
    refused = upload.containers.get(State.REJECTED)
    if refused:
        told = ngettext("{count} archive rejected", "{count} archives rejected", refused)
        yield told.format(count=format_number(refused))


def write_quiet(due: DueAlert, origin: str) -> Alert:
    hours = int(WINDOW.total_seconds() // 3600)
    usual = gettext(
        "In {usually} of the last {weeks} weeks, at least {files} files came in these hours. Today none has come. If "
        "you expected none, there is nothing to do."
    )
    lines = [
        usual.format(usually=USUALLY, weeks=WEEKS, files=FILES),
        "",
        gettext(
            "Otherwise, check the system that sends them: Is the export running? Is the network up? Are its "
            "credentials still valid?"
        ),
        "",
        gettext("The latest uploads:"),
        f"{origin}/uploads",
    ]
    return _write_alert(due, gettext("No files from {clinic} for {hours} hours"), lines, origin, hours=str(hours))


def write_exams_missing(due: DueAlert, origin: str) -> Alert:
    """Tell a clinic how many of the exams that it expected on a day did not come."""
    day = datetime.strptime(due.subject.rpartition(".")[2], "%Y%m%d").date()  # noqa: DTZ007 - a day and no moment.
    told = ngettext(
        "{count} expected exam did not come at {clinic}", "{count} expected exams did not come at {clinic}", due.count
    )
    which = ngettext(
        "Your list expects it on {day}, and no image of it arrived. See which one it is, and send it, or cancel it if "
        "it was not done:",
        "Your list expects them on {day}, and no image of them arrived. See which ones they are, and send them, or "
        "cancel those that were not done:",
        due.count,
    )
    lines = [
        which.format(day=format_date(day)),
        f"{origin}/expected?day={day}&show=absent",
        "",
        gettext("You are told once for each day, at the hour that your clinic chose on that page."),
    ]
    return _write_alert(due, told, lines, origin)


def write_late(due: DueAlert, origin: str) -> Alert:
    told = ngettext(
        "{count} file from {clinic} waiting longer than usual",
        "{count} files from {clinic} waiting longer than usual",
        due.count,
    )
    lines = [
        gettext(
            "What was sent has arrived and is safe, but has not been checked yet. It will be checked as soon as "
            "possible: you need not send it again."
        ),
        "",
        gettext("Follow it here:"),
        f"{origin}/uploads/{due.subject}",
        "",
        _link_file(due, origin),
    ]
    return _write_alert(due, told, lines, origin)


def write_scorecard(due: DueAlert, origin: str) -> Alert:
    """Tell a clinic of its last month: how many files, how many at first try, and what rejected most."""
    month, before = _describe_month(due.codes), _describe_month(due.codes, "before-")
    causes = sorted(
        ((count, name.removeprefix("cause-")) for name, count in due.codes.items() if name.startswith("cause-")),
        key=lambda cause: (-cause[0], cause[1]),
    )
    reasons = _list_reasons(causes, gettext("see the list"))
    lines = [
        gettext("The month before: {month}.").format(month=before)
        if before
        else gettext("In the month before, no file was checked."),
        "",
        *([gettext("What rejected most:"), *reasons, ""] if reasons else [gettext("No file was rejected."), ""]),
        gettext("Devices, causes and twelve weeks, each number with its files:"),
        f"{origin}/scorecard",
    ]
    return _write_alert(due, gettext("Last month at {clinic}: {month}"), lines, origin, month=month)


def _describe_month(codes: Mapping[str, int], which: str = "") -> str:
    """Return `1,204 files checked, 98.3 % accepted at first try`, or nothing where none was checked."""
    accepted, rejected, again = (codes.get(which + name, 0) for name in ("accepted", "rejected", "again"))
    first = max(0, accepted - again)
    checked = first + rejected
    if not checked:
        return ""
    told = ngettext(
        "{count} file checked, {share} % accepted at first try",
        "{count} files checked, {share} % accepted at first try",
        checked,
    )
    return told.format(count=format_number(checked), share=format_number(measure_share(first, rejected), 1))


def _list_reasons(causes: Iterable[tuple[int, str]], unknown: str) -> list[str]:
    """Return a line for each code of a rule: how many files, and what the rule says; `unknown` for one of old times."""
    return [
        f"- {format_number(count)} x {code}: {gettext(RULES[code].message) if code in RULES else unknown}"
        for count, code in causes
    ]


def _link_file(due: DueAlert, origin: str) -> str:
    told = ngettext("The file: {address}", "One of the files: {address}", due.count)
    return told.format(address=f"{origin}/files/{due.first_file_id}")


def _write_alert(due: DueAlert, headline: str, lines: list[str], origin: str, **told: str) -> Alert:
    """Write an alert whose headline may say how many, at which clinic, and what else is `told`."""
    told |= {"count": format_number(due.count), "clinic": name_clinic(due.clinic_id)}
    return write_mail(due.kind, due.clinic_id, headline.format(**told), lines, origin)
