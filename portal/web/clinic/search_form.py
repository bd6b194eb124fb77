"""The search form of the lists of files and of studies: its one box, the chips that tell what is set, what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from intake.files.keys import is_upload_id
from intake.files.states import State
from portal.auth.identity import Identity
from portal.http.sessions.dependencies import Collaborators
from portal.presentation import labels
from portal.presentation.formatting import format_dicom_date
from portal.presentation.labels import STATE_BADGES, name_clinic
from portal.presentation.languages import gettext
from portal.search import files as finding
from portal.search.files import Criteria
from portal.services import Services
from portal.web.layout.pages import Staff, build_address, see_other

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


@dataclass(frozen=True, slots=True)
class Search:
    """What a list is asked for."""

    asked: finding.Criteria
    query: dict[str, str]
    """Of the address that asks for it, which identifies nobody."""
    lapsed: bool
    """Whether the address names a search that is kept no longer."""

    def build_context(self, services: Services, identity: Identity) -> dict[str, Any]:
        """Return what the form shows."""
        clinics = services.directory.clinics() if identity.is_admin else ()
        return {
            "chips": list_chips(self.asked, {clinic.clinic_id: clinic.name for clinic in clinics}),
            "carried": self.asked.to_dict(),
            "asked": self.asked,
            "lapsed": self.lapsed,
            "filtered": bool(self.asked.to_dict()),
            "modalities": labels.MODALITIES,
            "clinics": clinics,
            "today": f"{services.clock():%Y-%m-%d}",
        }


def _read_search(request: Request, identity: Staff, services: Collaborators, search: str = "") -> Search:
    """Read what the address asks for, or what is kept under its `search`."""
    kept = finding.find_kept(services, identity, search)
    asked = kept or finding.read_address(services, identity, request.query_params)
    return Search(asked, {"search": search} if kept else asked.to_dict(), lapsed=bool(search) and kept is None)


Searched = Annotated[Search, Depends(_read_search)]


def lead_to_search(path: str, services: Services, identity: Identity, fields: Mapping[str, str]) -> Response:
    """Lead to what the form asks for, by an address that identifies nobody."""
    query = finding.build_query(services, identity, finding.read_criteria(services, identity, read_box(fields)))
    return see_other(build_address(path, query))


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
