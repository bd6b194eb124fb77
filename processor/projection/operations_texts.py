"""The words of alerts that admins alone are told: of disagreements, and of what waits for a second admin."""

from intake.languages import format_number, mark
from intake.messaging.mails import gettext, name_clinic, ngettext, write_mail
from intake.messaging.model import Alert
from intake.operations.model import Fault
from intake.projections.model import DueAlert

FAULTS = {
    Fault.OBJECT_MISSING: mark("a checked file whose object is not in its bucket"),
    Fault.OBJECT_UNCLAIMED: mark("an object in accepted or quarantine that has no record"),
    Fault.ARRIVAL_UNRECORDED: mark("an object that arrived without a record; it is being checked now"),
    Fault.SUMS_DIFFER: mark("an upload whose counts are not what the records of its files make them"),
}


def write_disagreement(due: DueAlert, origin: str) -> Alert:
    """Tell operations that objects, counts and records contradict each other; no object's key is told."""
    found = (
        f"- {format_number(count)} x {code}: {gettext(FAULTS[Fault(code)])}"
        for code, count in sorted(due.codes.items())
    )
    return write_mail(
        due.kind,
        due.clinic_id,
        _name_disagreement(due).format(clinic=name_clinic(due.clinic_id)),
        [*found, "", *_say_which(due, origin)],
        origin,
    )


def _name_disagreement(due: DueAlert) -> str:
    if {*due.codes} == {Fault.SUMS_DIFFER}:
        return gettext("Counts and records of {clinic} do not match")
    return gettext("Objects and records of {clinic} do not match")


def _say_which(due: DueAlert, origin: str) -> list[str]:
    """Return what tells one of the objects and one of the uploads, and what is to be done about counts."""
    told = []
    if {*due.codes} - {Fault.SUMS_DIFFER}:
        told.append(gettext("One of the files: {address}").format(address=due.first_file_id))
    told.append(gettext("You are told about each of them once. The table lists the objects under the key INCIDENTS."))
    if Fault.SUMS_DIFFER in due.codes:
        upload = due.first_upload_id
        told += [
            "",
            gettext("One of the uploads: {upload}").format(upload=upload),
            gettext("No file is at risk. See what differs: scalper audit --upload {upload}").format(upload=upload),
            gettext("Then have it counted anew: scalper rebuild --upload {upload}, or on this page:").format(
                upload=upload
            ),
            f"{origin}/admin/rebuilds",
        ]
    return told


def write_review(due: DueAlert, origin: str) -> Alert:
    """Tell admins that rejected files were proposed to be accepted."""
    told = ngettext(
        "{count} file of {clinic} waits for a second admin",
        "{count} files of {clinic} wait for a second admin",
        due.count,
    )
    return write_mail(
        due.kind,
        due.clinic_id,
        told.format(count=format_number(due.count), clinic=name_clinic(due.clinic_id)),
        [
            gettext(
                "An administrator proposed to accept what was rejected. Another one has to look at it, and decide."
            ),
            "",
            gettext("What waits for a decision:"),
            f"{origin}/admin/reviews",
            "",
            gettext("More proposals for this clinic within 15 minutes come in one message."),
        ],
        origin,
    )
