"""Whom somebody may tend: admins everybody, a clinic's leads who is in their clinic and nowhere else.

Anybody else is, to a lead, somebody who does not exist (docs/adr/0047-a-clinics-leads.md).
"""

from intake.errors import NotFoundError
from portal.accounts.user_pool import Person, Standing, name_group, name_lead_group
from portal.admin.clinics import find_clinic, require_active
from portal.auth.identity import ADMIN_GROUP, CLINIC_GROUP, LEAD_GROUP, Identity
from portal.errors import ForbiddenError
from portal.services import Services

LEADS_DEEDS = frozenset({"remind", "disable", "enable", "make-lead", "end-lead"})
"""What leads may do. A password and an authenticator app are reset by admins, who can make sure of who asks."""

_WORKING = frozenset({Standing.ACTIVE, Standing.RESET})


def list_working(services: Services, group: str) -> list[Person]:
    """Return those of a group who can work now."""
    return [person for person in services.people.list_members(group) if person.standing in _WORKING]


def check_still_leads(services: Services, identity: Identity) -> None:
    """Ask the user pool before a lead changes anything. Raises ForbiddenError for who is none any more.

    Their token may be taken for some seconds longer: enough to make themselves a lead again, or somebody else.
    """
    if not identity.is_admin:
        leads = list_working(services, name_lead_group(identity.own_clinic()))
        if identity.subject not in {person.subject for person in leads}:
            raise ForbiddenError("They are no lead any more.")


def find_person(services: Services, identity: Identity, username: str) -> tuple[Person, frozenset[str]]:
    """Return somebody whom the identity may tend, and their groups. Raises NotFoundError for everybody else.

    A lead reaches who is in their own clinic and in no other group: no admin, and nobody of another clinic.
    """
    person, groups = services.people.find_person(username)
    if not identity.is_admin:
        clinic_id = identity.own_clinic()
        own = {name_group(clinic_id), name_lead_group(clinic_id)}
        if not identity.is_lead or name_group(clinic_id) not in groups or not groups <= own:
            raise NotFoundError("There is nobody of that name.")
    return person, groups


def check_place(services: Services, identity: Identity, clinic_id: str | None) -> None:
    """Admins invite to anywhere, a lead to their own clinic while it works. Raises NotFoundError, ForbiddenError."""
    if identity.is_admin:
        if clinic_id is not None:
            find_clinic(services, clinic_id)
        return
    if not identity.is_lead or clinic_id != identity.own_clinic():
        raise ForbiddenError("Leads invite to their own clinic.")
    require_active(services, identity.own_clinic())


def find_guarded(identity: Identity, groups: frozenset[str], deed: str) -> str:
    """Return the group that an act may not leave without anybody who can work; empty where there is none.

    Admins may leave a clinic without a lead: they tend its people then.
    """
    if ADMIN_GROUP in groups:
        return ADMIN_GROUP if deed in {"disable", "reset-password", "reset-mfa"} else ""
    leads = next((group for group in groups if group.startswith(LEAD_GROUP)), "")
    return leads if identity.is_lead and deed in {"disable", "end-lead"} else ""


def list_leads(services: Services, clinic_id: str) -> frozenset[str]:
    """Return the user names of a clinic's leads."""
    return frozenset(person.username for person in services.people.list_members(name_lead_group(clinic_id)))


def is_lead(groups: frozenset[str]) -> bool:
    """Say whether somebody of these groups is a lead of the clinic that they are in."""
    clinic_id = find_clinic_id(groups)
    return clinic_id is not None and name_lead_group(clinic_id) in groups


def find_clinic_id(groups: frozenset[str]) -> str | None:
    """Return the clinic of somebody's groups, or None for an admin or somebody lost."""
    return next((group.removeprefix(CLINIC_GROUP) for group in sorted(groups) if group.startswith(CLINIC_GROUP)), None)
