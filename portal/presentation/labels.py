"""How the pages say things: how files, clinics, people and partners stand, steps of a timeline, a metadata's keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from intake.files.dealing import Reason
from intake.files.item_keys import RANKS
from intake.files.keys import UNASSIGNED, UNKNOWN_SENDERS
from intake.files.model import FileRecord, FileSummary, Source, TimelineEntry
from intake.files.states import State
from intake.languages import mark
from intake.renditions.model import NoPreview
from intake.tenants.model import Clinic, Partner
from portal.accounts.user_pool import Standing
from portal.presentation.languages import gettext


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
        "Rejected", "cross", "bad", "The file was not accepted and is kept in quarantine. See the reason below."
    ),
    State.EXPIRED: Badge(
        "Not received", "hourglass", "wait", "The file never arrived. Upload it again if it is still needed."
    ),
    State.FAILED: Badge(
        "Failed on our side",
        "alert",
        "fault",
        "Something went wrong on our side while we checked the file. Nothing is wrong with what you sent. Our staff "
        "know about it, and you need not send it again.",
    ),
    State.DELETED: Badge(
        "Deleted",
        "bin",
        "wait",
        "The file was not accepted, and an administrator has deleted its content. This page is kept.",
    ),
}

HANDLED = Badge("Dealt with", "check", "ok", "Somebody has said that nobody need act on this file any more.")
REPLACED = Badge("Replaced", "check", "ok", "Another file of the same upload was sent instead of it, and accepted.")

REASONS = {
    Reason.NOT_NEEDED: "It is not needed",
    Reason.SENT_OTHERWISE: "It was sent another way",
    Reason.UNOBTAINABLE: "It is not available any more",
    Reason.FEWER_TAKEN: "Fewer images were taken",
    Reason.OTHER: "Another reason",
}
"""Why nobody need act on a file, or on what is missing of an upload, any more."""

WARNED = Badge("Accepted, with warnings", "warning", "warn", "The file is stored. See what we noticed below.")

STATES = {state.value: state for state in State}
"""By what the table and the pages' addresses call them."""

STANDINGS = {
    Standing.INVITED: Badge("Invited", "mail", "wait", ""),
    Standing.ACTIVE: Badge("Active", "check", "ok", ""),
    Standing.RESET: Badge("Must choose a password", "clock", "warn", ""),
    Standing.DISABLED: Badge("Disabled", "lock", "bad", ""),
}

SOURCES = {Source.WEB: "Browser", Source.API: "Partner system", Source.DIRECT: "Dropped into S3"}

NO_PREVIEW = {
    NoPreview.NO_PIXELS: "There is no image in this file.",
    NoPreview.UNKNOWN_FORMAT: "Previews are not made of this kind of file, or of how its images are compressed.",
    NoPreview.UNREADABLE: "The image could not be drawn: parts of it are damaged, or contradict each other.",
    NoPreview.TOO_LARGE: "The image is too large for a preview.",
    NoPreview.TOO_SLOW: "It would take too long to draw this image.",
    NoPreview.CRASHED: "The image could not be drawn.",
    NoPreview.PROTECTED: "The file opens with a password only.",
    NoPreview.GONE: "The content of this file is not kept any more.",
}
"""Why there is no picture of a file."""

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
    "expired": "Not received in time",
    "withdrawn": "Given up: it was not going to be sent",
    "arrived": "Arrived",
    "prolonged": "Allowed more time to arrive",
    "deleted": "Content deleted",
    "superseded": "Replaced by another file, after a review",
    "replaced": "Replaced by another file",
    "dealt-with": "Dealt with",
    "reopened": "Reopened",
    **dict.fromkeys(("retry", "reprocess"), "Asked for another check"),
    "review-proposed": "Proposed for acceptance after review",
    "review-confirmed": "A second administrator agreed",
    "review-refused": "Not accepted in spite of the review",
    "delete-ordered": "Ordered to be deleted",
}

PEOPLE = {
    "dealt-with": "Clinic staff",
    "reopened": "Clinic staff",
    "retry": "Clinic staff",
    "reprocess": "Administrator",
    "review-proposed": "Administrator",
    "review-confirmed": "Administrator",
    "delete-ordered": "Administrator",
}
"""Steps that people take, and in which part; two of the same part are told apart by the beginning of their ids."""

ACTORS = {"processor": "Automatic checks", "sweep": "Housekeeping"}

SPELLED = (
    "Acquisition date", "Acquisition datetime", "Acquisition number", "Acquisition time", "Birth date",
    "Bits allocated", "Bits per sample", "Bits stored", "Bundle type", "Burned in annotation", "Colour", "Columns",
    "Compressed", "Compression", "Content date", "Content time", "Conversion type", "Data type", "Delimiter",
    "Device serial number", "Dimensions", "Document code", "Document time", "Encoding", "Entries",
    "Frame of reference UID", "ID", "Image laterality", "Image orientation", "Image position", "Image type", "Images",
    "Imager pixel spacing", "Instance number", "Laterality", "Left out", "Left out stretches",
    "Lossy image compression", "Manufacturer", "Manufacturer model", "Message time", "Message type", "Messages",
    "Number", "Pages", "Photometric interpretation", "Process", "Protocol name", "References", "Resource type",
    "Resource types", "Rows", "Samples per pixel", "Segments", "Sending application", "Sending facility",
    "Series date", "Series description", "Series time", "Series UID", "Spacing", "Spatial unit",
    "Specific character set", "Station name", "Study description", "Study time", "Study UID", "Templates",
    "Total size", "Version", "View position", "Whole",
)  # fmt: skip
"""What `spell_key` makes of the metadata's keys that no fact has words of its own for."""

ABBREVIATIONS = {"id": "ID", "uid": "UID", "sop": "SOP", "dicom": "DICOM", "sha256": "SHA-256", "iod": "IOD"}


def choose_file_badge(file: FileRecord | FileSummary) -> Badge:
    """Return how a file shows; accepted with warnings is a badge of its own."""
    if isinstance(file, FileRecord) and file.state in RANKS and file.is_handled:
        return REPLACED if file.replaced_by else HANDLED
    return WARNED if file.state is State.ACCEPTED and file.warnings else STATE_BADGES[file.state]


def spell_key(key: str) -> str:
    """Return a metadata's key as a label: `study_instance_uid` → `Study instance UID`."""
    text = " ".join(ABBREVIATIONS.get(word, word) for word in key.replace("-", "_").split("_") if word)
    return gettext(text[:1].upper() + text[1:])


def name_event(entry: TimelineEntry) -> str:
    return gettext(EVENTS.get(entry.event) or spell_key(entry.event))


def choose_event_badge(entry: TimelineEntry) -> Badge:
    """Return the badge of the state that a step led to, or the neutral one."""
    return STATE_BADGES[STATES.get(entry.event, State.AWAITING_UPLOAD)]


def name_actor(entry: TimelineEntry) -> str:
    """Say who did it; people and clients are opaque ids in the record, so they are told by their part."""
    part = PEOPLE.get(entry.event)
    return f"{gettext(part)} {entry.actor[:8]}" if part else gettext(ACTORS.get(entry.actor, mark("Sender")))


def name_clinic(clinic_id: str, names: Mapping[str, str] | None = None) -> str:
    """Return how a clinic is called: by its name where that is known, and nobody's files by what they are."""
    return gettext(UNKNOWN_SENDERS) if clinic_id == UNASSIGNED else (names or {}).get(clinic_id, clinic_id)


def mark_clinic(clinic_id: str) -> str:
    """Return a clinic's id as an id looks, and nobody's files in words."""
    if clinic_id == UNASSIGNED:
        return gettext(UNKNOWN_SENDERS)
    return Markup('<span class="mono">{}</span>').format(clinic_id)


def name_kind(name: str | None) -> str:
    return gettext(KINDS.get(name, spell_key(name)) if name else "Not known yet")


def choose_clinic_badge(clinic: Clinic) -> Badge:
    return Badge("Active", "check", "ok", "") if clinic.active else Badge("Inactive", "hourglass", "wait", "")


def choose_partner_badge(partner: Partner, now: datetime) -> Badge:
    if not partner.works_at(now):
        return Badge("Ended", "cross", "wait", "")
    return Badge("Being replaced", "clock", "warn", "") if partner.ends_at else Badge("Active", "check", "ok", "")


WORD_FILTERS = {
    "reason": lambda reason: gettext(REASONS[reason]),
    "translate": gettext,
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
}
"""What templates say `| name` for, to tell of files, studies, clinics, people and partners."""
