"""What admins do to accounts: invite, remind, disable, enable, reset. Nobody locks out himself, or the last admin."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intake.errors import ConflictError, NotFoundError
from portal import audit
from portal.accounts.user_pool import People, Person, Standing, is_email_address, name_group
from portal.admin.clinics import find_clinic
from portal.auth.identity import ADMIN_GROUP, CLINIC_GROUP, Identity
from portal.auth.lookups import ENDS_WITHIN
from portal.errors import FieldsError, ProtectedAccountError
from portal.services import Services

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an admin may do to an account."""

    action: str
    do: Callable[[People, Person], None]
    locks_out: bool
    """Whether it keeps its subject from working, for a while at least."""
    done: str
    """What is said when it is done, behind the person's name."""


ACTS: Mapping[str, Act] = {
    "remind": Act("person.remind", lambda people, who: people.remind(who), False, "was sent the invitation again."),
    "disable": Act(
        "person.disable",
        lambda people, who: people.disable(who),
        True,
        f"can no longer sign in, and is signed out everywhere within {ENDS_WITHIN} seconds.",
    ),
    "enable": Act("person.enable", lambda people, who: people.enable(who), False, "can sign in again."),
    "reset-password": Act(
        "person.reset-password",
        lambda people, who: people.reset_password(who),
        True,
        "was sent a code for a new password.",
    ),
    "reset-mfa": Act(
        "person.reset-mfa",
        lambda people, who: people.forget_second_factor(who),
        True,
        "sets up an authenticator app anew at the next sign-in.",
    ),
}

OFFERED: Mapping[Standing, tuple[str, ...]] = {
    Standing.INVITED: ("remind", "disable"),
    Standing.ACTIVE: ("reset-password", "reset-mfa", "disable"),
    Standing.RESET: ("reset-mfa", "disable"),
    Standing.DISABLED: ("enable",),
}
"""What makes sense for whom."""


def invite(services: Services, identity: Identity, clinic_id: str | None, fields: Mapping[str, str]) -> Person:
    """Invite somebody to a clinic's staff, or to the admins. Raises NotFoundError, FieldsError.

    The same form sent again finds the account it made, and one that belongs to nobody yet is taken up: a crash between
    making an account and giving it a group leaves no trace.
    """
    if clinic_id is not None:
        find_clinic(services, clinic_id)
    email, name = fields.get("email", "").strip().lower(), " ".join(fields.get("name", "").split())
    _check_fields(email, name)
    standing = services.people.find_by_email(email)
    if standing is not None and _is_member(services, standing, clinic_id):
        return standing
    group, concerns = name_group(clinic_id), clinic_id or ""
    services.people.create_group(group)
    if standing is None:
        audit.note(services, identity, "person.invite", clinic_id=concerns, group=group)
    try:
        person = standing or services.people.invite(email, name)
    except ConflictError as error:
        raise FieldsError({"email": "This address was not accepted. Check it, or use another."}) from error
    audit.note(services, identity, "person.join", clinic_id=concerns, subject=person.subject, group=group)
    services.people.join(person, group)
    return person


def act(services: Services, identity: Identity, username: str, deed: str) -> Person:
    """Do one of ACTS. Raises NotFoundError, ProtectedAccountError, and ConflictError for what makes no sense now."""
    person, groups = services.people.find_person(username)
    if deed not in ACTS:
        raise NotFoundError("There is no such act.")
    if deed not in OFFERED[person.standing]:
        if deed == {Standing.DISABLED: "disable", Standing.ACTIVE: "enable"}.get(person.standing):
            if deed == "disable":
                # Whoever disabled them may have come no further than the user pool.
                _end_sign_ins(services, person)
            return person
        raise ConflictError("The account is not in a state for that.")
    chosen = ACTS[deed]
    if chosen.locks_out:
        _protect(services, identity, person, groups)
    audit.note(services, identity, chosen.action, clinic_id=find_clinic_id(groups) or "", subject=person.subject)
    # Sessions end before and after what is done to the account: should the one fail, the other has ended them, and none
    # that began between the two is left.
    if chosen.locks_out:
        _end_sign_ins(services, person)
    chosen.do(services.people, person)
    if chosen.locks_out:
        _end_sign_ins(services, person)
    if deed == "disable" and ADMIN_GROUP in groups and not _list_admins(services):
        # Another admin was disabled at the same moment, by the one whom this one disables.
        services.people.enable(person)
        raise ProtectedAccountError("At least one admin must remain.")
    return person


def find_clinic_id(groups: frozenset[str]) -> str | None:
    """Return the clinic of somebody's groups, or None for an admin or somebody lost."""
    return next((group.removeprefix(CLINIC_GROUP) for group in sorted(groups) if group.startswith(CLINIC_GROUP)), None)


def _protect(services: Services, identity: Identity, person: Person, groups: frozenset[str]) -> None:
    if person.subject == identity.subject:
        raise ProtectedAccountError("You cannot lock yourself out.")
    if ADMIN_GROUP in groups and not [admin for admin in _list_admins(services) if admin.subject != person.subject]:
        raise ProtectedAccountError("The last admin must stay.")


def _end_sign_ins(services: Services, person: Person) -> None:
    services.revocations.end_sign_ins(person.subject, services.clock())


def _list_admins(services: Services) -> list[Person]:
    """Return the admins who can administer now."""
    members = services.people.list_members(ADMIN_GROUP)
    return [person for person in members if person.standing in {Standing.ACTIVE, Standing.RESET}]


def _is_member(services: Services, person: Person, clinic_id: str | None) -> bool:
    """Say whether somebody is where they are to be. Raises FieldsError for somebody who is elsewhere."""
    _, groups = services.people.find_person(person.username)
    if name_group(clinic_id) in groups:
        return True
    if groups:
        where = find_clinic_id(groups)
        whose = f"at the clinic {where}" if where else "as an admin"
        raise FieldsError({"email": f"This address already has an account {whose}. An account belongs to one place."})
    return False


def _check_fields(email: str, name: str) -> None:
    faults = {}
    if not email:
        faults["email"] = "Enter an email address."
    elif not is_email_address(email):
        faults["email"] = "Enter an email address in the usual form, such as name@clinic.example."
    if len(name) > MAX_NAME or not name.isprintable():
        faults["name"] = f"The name must be {MAX_NAME} characters or fewer, without control characters."
    if faults:
        raise FieldsError(faults)
