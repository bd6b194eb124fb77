"""The one box of a search: what is typed in it, and the chips that tell what is set."""

from collections.abc import Mapping
from dataclasses import dataclass

from intake.files.keys import is_upload_id
from intake.files.states import State
from portal.presentation.formatting import format_dicom_date
from portal.presentation.labels import STATE_BADGES, name_clinic
from portal.presentation.languages import gettext
from portal.search.files import Criteria

WITHIN = {"name": "File name", "patient": "Patient ID", "reference": "Upload reference"}
"""What of a file the text is looked for in; admins may ask none of these."""

DAYS = ("since", "until")


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that is set, and the criteria that taking it away leaves out."""

    label: str
    text: str
    without: str
    """Criteria's names, separated by spaces."""


def read_box(fields: Mapping[str, str]) -> dict[str, str]:
    """Return a form's criteria: what was set before, less what is taken away, and what is typed in the box."""
    asked = {name: value for name, value in fields.items() if name not in fields.get("without", "").split()}
    text = fields.get("text", "").strip()
    return asked | {_find_criterion(text, fields.get("within", "")): text} if text else asked


def list_chips(asked: Criteria, clinics: Mapping[str, str]) -> list[Chip]:
    """Return what is set, as chips; `clinics` are names by ids."""
    told = [
        Chip("File name", asked.name, "name"),
        Chip("Patient ID", asked.patient, "patient"),
        Chip("Upload reference", asked.reference, "reference"),
        Chip("Clinic", name_clinic(asked.clinic, clinics), "clinic"),
        Chip("State", gettext(STATE_BADGES[State(asked.state)].label) if asked.state else "", "state"),
        Chip("Modality", asked.modality, "modality"),
        Chip("Cause", asked.code, "code"),
        Chip("Device", gettext("one device") if asked.device else "", "device"),
        Chip("Sent", write_days(asked.since, asked.until), " ".join(DAYS)),
        Chip("Study", gettext("one study") if asked.study else "", "study"),
        Chip("Upload", gettext("one upload") if asked.upload else "", "upload"),
    ]
    return [chip for chip in told if chip.text]


def write_days(since: str, until: str) -> str:
    """Return days as a person says them: `22 Nov 2026`, `from 1 Nov 2026`, `1 Nov 2026 to 22 Nov 2026`."""
    first, last = (format_dicom_date(day.replace("-", "")) for day in (since, until))
    if first and last:
        return first if first == last else gettext("{first} to {last}").format(first=first, last=last)
    if first:
        return gettext("from {first}").format(first=first)
    return gettext("until {last}").format(last=last) if last else ""


def _find_criterion(text: str, within: str) -> str:
    """Return what a text asks for: a UID and an upload's id are known by their form, wherever they are typed."""
    if is_upload_id(text):
        return "upload"
    if text.count(".") > 1 and text.replace(".", "").isdecimal():
        return "study"
    return within if within in WITHIN else "name"
