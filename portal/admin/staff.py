"""What is done to accounts: inviting, disabling, making a lead … Nobody locks out themselves, or the last one.

Admins tend everybody. A clinic's leads tend those who are in their clinic and nowhere else, with fewer acts
(`reach`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intake.errors import ConflictError, NotFoundError
from portal import audit
from portal.accounts.user_pool import People, Person, Standing, is_email_address, name_group, name_lead_group
from portal.admin.reach import (
    LEADS_DEEDS,
    check_place,
    check_still_leads,
    find_clinic_id,
    find_guarded,
    find_person,
    is_lead,
    list_working,
)
from portal.auth.identity import ADMIN_GROUP, Identity
from portal.auth.rate_limit import INVITATIONS_A_DAY, count_invitation
from portal.errors import FieldsError, ProtectedAccountError, TooManyRequestsError
from portal.presentation.languages import gettext
from portal.services import Services

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done to an account."""

    action: str
    do: Callable[[People, Person, str], None]
    """The text is the clinic of the person; empty for an admin."""
    locks_out: bool
    """Whether it keeps its subject from working, for a while at least."""
    done: str
    """What is said when it is done, behind the person's name; `{seconds}` are what a session ends within."""


ACTS: Mapping[str, Act] = {
    "remind": Act("person.remind", lambda people, who, _: people.remind(who), False, "was sent the invitation again."),
    "disable": Act(
        "person.disable",
        lambda people, who, _: people.disable(who),
        True,
        "can no longer sign in, and is signed out everywhere within {seconds} seconds.",
    ),
    "enable": Act("person.enable", lambda people, who, _: people.enable(who), False, "can sign in again."),
    "reset-password": Act(
        "person.reset-password",
        lambda people, who, _: people.reset_password(who),
        True,
        "was sent a code for a new password.",
    ),
    "reset-mfa": Act(
        "person.reset-mfa",
        lambda people, who, _: people.forget_second_factor(who),
        True,
        "sets up an authenticator app anew at the next sign-in.",
    ),
    "make-lead": Act(
        "person.promote",
        lambda people, who, clinic_id: _make_lead(people, who, name_lead_group(clinic_id)),
        False,
        "is now a lead, within 15 minutes or from the next sign-in on.",
    ),
    "end-lead": Act(
        "person.demote",
        lambda people, who, clinic_id: people.leave(who, name_lead_group(clinic_id)),
        True,
        "is no longer a lead, and is signed out everywhere within {seconds} seconds.",
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
    """Invite somebody to a clinic's staff, or to the admins. Raises NotFoundError, FieldsError, ForbiddenError.

    The same form sent again finds the account it made, and one that belongs to nobody yet is taken up: a crash between
    making an account and giving it a group leaves no trace.
    """
    check_place(services, identity, clinic_id)
    check_still_leads(services, identity)
    email, name = fields.get("email", "").strip().lower(), " ".join(fields.get("name", "").split())
    _check_fields(email, name)
    group, concerns = name_group(clinic_id), clinic_id or ""
    if not identity.is_admin:
        # Before it is looked up: whether an address has an account is not to be found out by trying many.
        _count_invitation(services, concerns)
    standing = services.people.find_by_email(email)
    if standing is not None and _is_member(services, identity, standing, clinic_id):
        return standing
    services.people.create_group(group)
    if standing is None:
        audit.note(services, identity, "person.invite", clinic_id=concerns, group=group)
    try:
        person = standing or services.people.invite(email, name)
    except ConflictError as error:
        raise FieldsError({"email": gettext("This address was not accepted. Check it, or use another.")}) from error
    audit.note(services, identity, "person.join", clinic_id=concerns, subject=person.subject, group=group)
    services.people.join(person, group)
    return person


def act(services: Services, identity: Identity, username: str, deed: str) -> Person:
    """Do one of ACTS. Raises NotFoundError, ForbiddenError, ProtectedAccountError, and ConflictError.

    The last is raised for what makes no sense now.
    """
    person, groups = find_person(services, identity, username)
    if deed not in ACTS or not (identity.is_admin or deed in LEADS_DEEDS):
        raise NotFoundError("There is no such act.")
    check_still_leads(services, identity)
    if deed not in list_offered(identity, person, groups):
        return _leave_as_is(services, person, groups, deed)
    chosen, clinic_id, guarded = ACTS[deed], find_clinic_id(groups) or "", find_guarded(identity, groups, deed)
    if chosen.locks_out:
        _protect(services, identity, person, guarded)
    if deed == "remind" and not identity.is_admin:
        count_invitation(services, clinic_id)
    audit.note(services, identity, chosen.action, clinic_id=clinic_id, subject=person.subject)
    # Sessions end before and after what is done to the account: should the one fail, the other has ended them, and none
    # that began between the two is left.
    if chosen.locks_out:
        _end_sign_ins(services, person)
    chosen.do(services.people, person, clinic_id)
    if chosen.locks_out:
        _end_sign_ins(services, person)
    if guarded and not list_working(services, guarded):
        # Another one was locked out at the same moment, by the one whom this one locks out.
        _undo(services, person, guarded, deed)
        raise ProtectedAccountError("At least one must remain.")
    return person


def list_offered(identity: Identity, person: Person, groups: frozenset[str]) -> tuple[str, ...]:
    """Return the acts that make sense for somebody, of those that the identity may do."""
    deeds = OFFERED[person.standing]
    clinic_id = find_clinic_id(groups)
    if clinic_id and ADMIN_GROUP not in groups and person.standing is not Standing.DISABLED:
        deeds += ("end-lead" if name_lead_group(clinic_id) in groups else "make-lead",)
    return tuple(deed for deed in deeds if identity.is_admin or deed in LEADS_DEEDS)


def _count_invitation(services: Services, clinic_id: str) -> None:
    try:
        count_invitation(services, clinic_id)
    except TooManyRequestsError as error:
        told = gettext("{count} invitations were sent today. Send more tomorrow (UTC), or ask your administrator.")
        raise FieldsError({"email": told.format(count=INVITATIONS_A_DAY)}) from error


def _leave_as_is(services: Services, person: Person, groups: frozenset[str], deed: str) -> Person:
    """Take what holds already for done. Raises ConflictError for what makes no sense now."""
    if person.standing is not Standing.DISABLED and deed == ("make-lead" if is_lead(groups) else "end-lead"):
        return person
    if deed == {Standing.DISABLED: "disable", Standing.ACTIVE: "enable"}.get(person.standing):
        if deed == "disable":
            # Whoever disabled them may have come no further than the user pool.
            _end_sign_ins(services, person)
        return person
    raise ConflictError("The account is not in a state for that.")


def _protect(services: Services, identity: Identity, person: Person, guarded: str) -> None:
    if person.subject == identity.subject:
        raise ProtectedAccountError("You cannot lock yourself out.")
    others = [one for one in list_working(services, guarded) if one.subject != person.subject] if guarded else []
    if guarded and not others:
        raise ProtectedAccountError("The last one must stay.")


def _undo(services: Services, person: Person, guarded: str, deed: str) -> None:
    if deed == "disable":
        services.people.enable(person)
    elif deed == "end-lead":
        services.people.join(person, guarded)


def _make_lead(people: People, person: Person, group: str) -> None:
    people.create_group(group)
    people.join(person, group)


def _end_sign_ins(services: Services, person: Person) -> None:
    services.revocations.end_sign_ins(person.subject, services.clock())


def _is_member(services: Services, identity: Identity, person: Person, clinic_id: str | None) -> bool:
    """Say whether somebody is where they are to be. Raises FieldsError for somebody who is elsewhere."""
    _, groups = services.people.find_person(person.username)
    if name_group(clinic_id) in groups:
        return True
    if groups and not identity.is_admin:
        # Where else somebody works is none of a lead's business.
        told = gettext("This address cannot be invited: an account belongs to one place. Ask your administrator.")
        raise FieldsError({"email": told})
    if groups:
        where = find_clinic_id(groups)
        told = gettext(
            "This address already has an account at the clinic {clinic}. An account belongs to one place."
            if where
            else "This address already has an account as an admin. An account belongs to one place."
        )
        raise FieldsError({"email": told.format(clinic=where)})
    return False


def _check_fields(email: str, name: str) -> None:
    faults = {}
    if not email:
        faults["email"] = gettext("Enter an email address.")
    elif not is_email_address(email):
        faults["email"] = gettext("Enter an email address in the usual form, such as name@clinic.example.")
    if len(name) > MAX_NAME or not name.isprintable():
        faults["name"] = gettext("The name must be {most} characters or fewer, without control characters.").format(
            most=MAX_NAME
        )
    if faults:
        raise FieldsError(faults)
