"""The search form of the lists of files and of studies: what it asks for, and what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from portal.auth.identity import Identity
from portal.http.sessions.dependencies import Collaborators
from portal.presentation import labels
from portal.search import files as finding
from portal.services import Services
from portal.web.clinic.search_box import list_chips, read_box
from portal.web.layout.pages import Staff, build_address, see_other


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
