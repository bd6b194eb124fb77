"""How the pages say things: how files, clinics, people and partners stand, steps of a timeline, a metadata's keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from intake.files.keys import UNASSIGNED, UNKNOWN_SENDERS
from intake.files.model import FileRecord, FileSummary, Source, TimelineEntry, Upload
from intake.files.states import State
from intake.studies.model import Study
from intake.tenants.model import Clinic, Partner
from portal.accounts.user_pool import Standing
from portal.presentation.formatting import format_count, format_dicom_date


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state shows: its word, its icon's shape and its tone. Never by colour alone."""

    label: str
    icon: str
    tone: str
    explanation: str


STATE_BADGES: dict[State, Badge] = {
    State.AWAITING_UPLOAD: Badge(
        "Waiting", "clock", "wait", "The file is expected. Once it has arrived, the verdict takes a few seconds."
    ),
    State.ACCEPTED: Badge("Accepted", "check", "ok", "The file passed every check and is stored."),
    State.REJECTED: Badge(
        "Rejected", "cross", "bad", "The file was not accepted and is kept in quarantine. The cause is told below."
    ),
    State.EXPIRED: Badge(
        "Not received", "hourglass", "wait", "The file never arrived. Upload it again if it is still needed."
    ),
    State.FAILED: Badge(
        "Failed on our side",
        "alert",
        "fault",
        "Something went wrong on our side while checking the file. Nothing is wrong with what you sent, our staff "
        "has been told, and you need not send it again.",
    ),
    State.DELETED: Badge(
        "Deleted",
        "bin",
        "wait",
        "The file was not accepted, and an administrator has deleted its content. What is told here is kept.",
    ),
}

WARNED = Badge("Accepted, with warnings", "warning", "warn", "The file is stored. What we noticed stands below.")

STATES = {state.value: state for state in State}
"""By what the table and the pages' addresses call them."""

SETTLED = frozenset(State) - {State.AWAITING_UPLOAD}
"""States of files that are waited for no longer."""

IN_PROGRESS = Badge("In progress", "clock", "wait", "")
COMPLETE = Badge("Complete", "check", "ok", "")
COMPLETE_WARNED = Badge("Complete, with warnings", "warning", "warn", "")
INCOMPLETE = Badge("Not all received", "hourglass", "wait", "")
ATTENTION = Badge("Needs attention", "cross", "bad", "")

STANDINGS = {
    Standing.INVITED: Badge("Invited", "mail", "wait", ""),
    Standing.ACTIVE: Badge("Active", "check", "ok", ""),
    Standing.RESET: Badge("Must choose a password", "clock", "warn", ""),
    Standing.DISABLED: Badge("Disabled", "lock", "bad", ""),
}

SOURCES = {Source.WEB: "Browser", Source.API: "Partner system", Source.DIRECT: "Dropped into S3"}

KINDS = {
    "dicom": "DICOM",
    "pdf": "PDF document",
    "zip": "ZIP archive",
    "xml": "XML document",
    "hl7v2": "HL7 v2 message",
    "fhir": "FHIR resource",
    "ccda": "C-CDA document",
    "nifti": "NIfTI volume",
    "json": "JSON",
    "csv": "CSV table",
    "jpeg": "JPEG image",
    "png": "PNG image",
    "tiff": "TIFF image",
    "unknown": "Not recognised",
}

MODALITIES = ("CR", "CT", "DX", "IO", "MG", "MR", "NM", "OP", "OT", "PT", "RF", "SC", "SR", "US", "XA")
"""The modalities that are offered for choice (PS3.3 C.7.3.1.1.1); any other may be typed."""

EVENTS = {
    "reserved": "Announced",
    "unpacked": "Found in an archive",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "failed": "Failed on our side",
    "expired": "Given up: it never arrived",
    "arrived": "Arrived",
    "prolonged": "Given more time to arrive",
    "deleted": "Content deleted",
    "superseded": "Another file took its place, after a review",
    **dict.fromkeys(("retry", "reprocess"), "Asked for another check"),
    "review-proposed": "Proposed for acceptance after review",
    "review-confirmed": "A second administrator agreed",
    "review-refused": "Not accepted in spite of the review",
    "delete-ordered": "Ordered to be deleted",
}

PEOPLE = {
    "retry": "Clinic staff",
    "reprocess": "Administrator",
    "review-proposed": "Administrator",
    "review-confirmed": "Administrator",
    "delete-ordered": "Administrator",
}
"""Steps that people take, and in which part; two of the same part are told apart by the beginning of their ids."""

ACTORS = {"processor": "Automatic checks", "sweep": "Housekeeping"}

ABBREVIATIONS = {"id": "ID", "uid": "UID", "sop": "SOP", "dicom": "DICOM", "sha256": "SHA-256", "iod": "IOD"}


def choose_file_badge(file: FileRecord | FileSummary) -> Badge:
    """Return how a file shows; accepted with warnings is a badge of its own."""
    return WARNED if file.state is State.ACCEPTED and file.warnings else STATE_BADGES[file.state]


def count_waiting(upload: Upload) -> int:
    """Return how many announced files have no verdict yet; right even while the counts lag behind."""
    return max(0, upload.declared - sum(number for state, number in upload.counts.items() if state in SETTLED))


def choose_upload_badge(upload: Upload) -> Badge:
    if upload.counts.get(State.REJECTED) or upload.counts.get(State.FAILED):
        return ATTENTION
    if count_waiting(upload) or not upload.declared:
        return IN_PROGRESS
    if upload.counts.get(State.EXPIRED):
        return INCOMPLETE
    return COMPLETE_WARNED if upload.warnings else COMPLETE


def name_upload(upload: Upload) -> str:
    if upload.reference:
        return upload.reference
    return "Files dropped into S3" if upload.source is Source.DIRECT else "Upload without a reference"


def needs_attention(upload: Upload) -> bool:
    return any(upload.counts.get(state) for state in (State.REJECTED, State.FAILED, State.EXPIRED))


def describe_upload(upload: Upload) -> str:
    """Return how far an upload has come, as one sentence."""
    accepted, left = upload.counts.get(State.ACCEPTED, 0), count_waiting(upload)
    if not upload.declared:
        return "No files announced yet"
    if left:
        return f"{upload.declared - left:,} of {format_count(upload.declared, 'file')} checked"
    if accepted == upload.declared:
        return "1 file, accepted" if accepted == 1 else f"All {accepted:,} files accepted"
    others = [
        (State.REJECTED, "rejected"),
        (State.FAILED, "failed on our side"),
        (State.EXPIRED, "not received"),
        (State.DELETED, "deleted"),
    ]
    told = [f"{upload.counts[state]:,} {word}" for state, word in others if upload.counts.get(state)]
    return f"{accepted:,} of {format_count(upload.declared, 'file')} accepted, " + ", ".join(told)


def name_study(study: Study) -> str:
    """Return `CT, PT · 22 Nov 2026`; what the files do not state is said so."""
    dates = sorted(study.study_dates)
    told = format_dicom_date(dates[0]) if len(dates) == 1 else f"{len(dates)} dates" if dates else "without a date"
    return f"{', '.join(sorted(study.modalities)) or 'Study'}, {told}"


def spell_key(key: str) -> str:
    """Return a metadata's key as a label: `study_instance_uid` → `Study instance UID`."""
    text = " ".join(ABBREVIATIONS.get(word, word) for word in key.replace("-", "_").split("_") if word)
    return text[:1].upper() + text[1:]


def name_event(entry: TimelineEntry) -> str:
    return EVENTS.get(entry.event) or spell_key(entry.event)


def choose_event_badge(entry: TimelineEntry) -> Badge:
    """Return the badge of the state that a step led to, or the neutral one."""
    return STATE_BADGES[STATES.get(entry.event, State.AWAITING_UPLOAD)]


def name_actor(entry: TimelineEntry) -> str:
    """Say who did it; people and clients are opaque ids in the record, so they are told by their part."""
    part = PEOPLE.get(entry.event)
    return f"{part} {entry.actor[:8]}" if part else ACTORS.get(entry.actor, "Sender")


def name_clinic(clinic_id: str, names: Mapping[str, str] | None = None) -> str:
    """Return how a clinic is called: by its name where that is known, and nobody's files by what they are."""
    return UNKNOWN_SENDERS if clinic_id == UNASSIGNED else (names or {}).get(clinic_id, clinic_id)


def mark_clinic(clinic_id: str) -> str:
    """Return a clinic's id as an id looks, and nobody's files in words."""
    if clinic_id == UNASSIGNED:
        return UNKNOWN_SENDERS
    return Markup('<span class="mono">{}</span>').format(clinic_id)


def name_kind(name: str | None) -> str:
    return KINDS.get(name, spell_key(name)) if name else "Not known yet"


def choose_clinic_badge(clinic: Clinic) -> Badge:
    return Badge("Active", "check", "ok", "") if clinic.active else Badge("Inactive", "hourglass", "wait", "")


def choose_partner_badge(partner: Partner, now: datetime) -> Badge:
    if not partner.works_at(now):
        return Badge("Ended", "cross", "wait", "")
    return Badge("Being replaced", "clock", "warn", "") if partner.ends_at else Badge("Active", "check", "ok", "")


WORD_FILTERS = {
    "actor": name_actor,
    "clinic_badge": choose_clinic_badge,
    "clinic_mark": mark_clinic,
    "clinic_name": name_clinic,
    "event": name_event,
    "event_badge": choose_event_badge,
    "kind": name_kind,
    "file_badge": choose_file_badge,
    "partner_badge": choose_partner_badge,
    "standing": STANDINGS.__getitem__,
    "state_badge": lambda state: STATE_BADGES[State(state)],
    "study_title": name_study,
    "upload_line": describe_upload,
    "upload_badge": choose_upload_badge,
    "upload_needs_attention": needs_attention,
    "upload_title": name_upload,
}
"""What templates say `| name` for, to tell of files, uploads, studies, clinics, people and partners."""
