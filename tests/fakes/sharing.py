"""Links to studies."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from intake.errors import ConflictError
from intake.sharing.model import MOST_OPENINGS, MOST_TAKINGS, StudyLink


@dataclass
class FakeStudyLinks:
    """Links by id."""

    links: dict[str, StudyLink] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def create(self, link: StudyLink) -> None:
        self.calls.append("create")
        if link.link_id in self.links:
            raise ConflictError(link.link_id)
        self.links[link.link_id] = link

    def list_of_study(self, clinic_id: str, study_id: str) -> tuple[StudyLink, ...]:
        found = [one for one in self.links.values() if (one.clinic_id, one.study_id) == (clinic_id, study_id)]
        return tuple(sorted(found, key=lambda link: (link.created_at, link.link_id), reverse=True))

    def revoke(self, clinic_id: str, link_id: str, at: datetime) -> bool:
        link = self.links.get(link_id)
        if link is None or link.clinic_id != clinic_id or link.revoked_at is not None:
            return False
        self.links[link_id] = replace(link, revoked_at=at)
        return True

    def begin_try(self, link_id: str, at: datetime) -> StudyLink | None:
        self.calls.append("begin_try")
        link = self.links.get(link_id)
        if link is None or not link.is_open_at(at) or link.opened >= MOST_OPENINGS:
            return None
        self.links[link_id] = replace(link, tries=link.tries + 1)
        return self.links[link_id]

    def count_opening(self, link: StudyLink) -> None:
        standing = self.links[link.link_id]
        self.links[link.link_id] = replace(standing, tries=standing.tries - 1, opened=standing.opened + 1)

    def find_open(self, link_id: str, at: datetime) -> StudyLink | None:
        link = self.links.get(link_id)
        return link if link and link.is_open_at(at) else None

    def count_taking(self, link: StudyLink) -> bool:
        standing = self.links[link.link_id]
        if standing.taken >= MOST_TAKINGS or standing.revoked_at is not None:
            return False
        self.links[link.link_id] = replace(standing, taken=standing.taken + 1)
        return True
