"""What admins do to clinics: create, describe, deactivate, and say how their files are judged."""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from intake.errors import ConflictError, NotFoundError
from intake.files.keys import is_clinic_id
from intake.files.model import timestamp
from intake.languages import ENGLISH, LANGUAGES, mark, speaking
from intake.tenants.model import Clinic, ProfileChange, profile_version
from portal import audit
from portal.accounts.user_pool import name_group
from portal.admin.profiles import Profile, describe_changes, keep_valid
from portal.auth.identity import Identity
from portal.errors import ClinicInactiveError, FieldsError
from portal.presentation.languages import gettext
from portal.services import Services

MAX_NAME = 80
MAX_CONTACT = 200

SHOWN, HIDDEN = "shown", "hidden"
"""What lists do with names of patients."""

_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})

_TAKEN = frozenset({"new"})
"""Ids that would stand in the way of the pages' own addresses."""

SLUG_HINT = mark("Use lower-case letters, digits and hyphens inside, such as northside-imaging.")
ID_TAKEN = mark("Another clinic has this id already. Choose another one.")


def find_clinic(services: Services, clinic_id: str) -> Clinic:
    """Raises NotFoundError."""
    found = services.directory.clinic(clinic_id) if is_clinic_id(clinic_id) else None
    if found is None:
        raise NotFoundError("There is no such clinic.")
    return found


def create(services: Services, identity: Identity, fields: Mapping[str, str]) -> Clinic:
    """Create a clinic and its group. The same form sent again finds its clinic. Raises FieldsError."""
    clinic_id = fields.get("clinic_id", "").strip()
    faults = _find_faults(fields)
    if not is_clinic_id(clinic_id) or clinic_id in _TAKEN:
        trouble = gettext("This id cannot be used." if clinic_id else "Enter an id.")
        faults["clinic_id"] = f"{trouble} {gettext(SLUG_HINT)}"
    if faults:
        raise FieldsError(faults)
    language = fields.get("language", ENGLISH)
    made = Clinic(clinic_id, *_read_fields(fields), created_at=services.clock(), language=language)
    standing = services.directory.clinic(clinic_id)
    if standing is not None and (standing.name, standing.contact) != (made.name, made.contact):
        raise FieldsError({"clinic_id": gettext(ID_TAKEN)})
    if standing is None:
        audit.note(services, identity, "clinic.create", clinic_id=clinic_id, subject=clinic_id)
    # The group comes first: a clinic without one could invite nobody, a group without a clinic harms nobody.
    services.people.create_group(name_group(clinic_id))
    if standing is None:
        try:
            services.directory.create_clinic(made)
        except ConflictError as error:
            raise FieldsError({"clinic_id": gettext(ID_TAKEN)}) from error
    return standing or made


def tell_names(clinic: Clinic) -> str:
    """Return whether a clinic's lists name patients, as its form's field says it."""
    return SHOWN if clinic.shows_names else HIDDEN


def describe(services: Services, identity: Identity, clinic_id: str, fields: Mapping[str, str]) -> None:
    """Change a clinic's name, its contact, whether lists name patients, and the language of its mails.

    Raises NotFoundError, FieldsError.
    """
    standing = find_clinic(services, clinic_id)
    faults = _find_faults(fields)
    if faults:
        raise FieldsError(faults)
    name, contact = _read_fields(fields)
    shows_names = fields.get("names", tell_names(standing)) == SHOWN
    language = fields.get("language", standing.language)
    changed = replace(standing, name=name, contact=contact, shows_names=shows_names, language=language)
    if changed == standing:
        return
    detail = {"name": f"{standing.name} → {name}"} if name != standing.name else {}
    if contact != standing.contact:
        detail["contact"] = "changed"
    if shows_names != standing.shows_names:
        detail["names"] = tell_names(changed)
    if language != standing.language:
        detail["language"] = f"{standing.language} → {language}"
    audit.note(services, identity, "clinic.describe", clinic_id=clinic_id, subject=clinic_id, **detail)
    services.directory.save_clinic(changed)


def choose_mail_language(services: Services, identity: Identity, clinic_id: str, language: str) -> None:
    """Have a clinic's mails written in a language; what is none of ours changes nothing. Raises NotFoundError."""
    standing = find_clinic(services, clinic_id)
    if language not in LANGUAGES or language == standing.language:
        return
    told = f"{standing.language} → {language}"
    audit.note(services, identity, "clinic.language", clinic_id=clinic_id, subject=clinic_id, language=told)
    # Not the whole clinic: an admin may be deactivating it just now.
    services.directory.choose_mail_language(clinic_id, language)


def set_active(services: Services, identity: Identity, clinic_id: str, *, active: bool) -> None:
    """Let a clinic announce files, or no more. Raises NotFoundError."""
    standing = find_clinic(services, clinic_id)
    if standing.active == active:
        return
    action = "clinic.activate" if active else "clinic.deactivate"
    audit.note(services, identity, action, clinic_id=clinic_id, subject=clinic_id)
    services.directory.save_clinic(replace(standing, active=active))


def require_active(services: Services, clinic_id: str) -> None:
    """Raises ClinicInactiveError, also for a clinic that nobody entered: whatever it sent would be refused."""
    known = services.known_clinics.get(clinic_id)
    if known is None or not known.active:
        raise ClinicInactiveError("The clinic was deactivated, or is not known.")


def save_profile(services: Services, identity: Identity, clinic_id: str, *, seen: str, profile: Profile) -> None:
    """Replace the profile whose version was `seen`. Raises NotFoundError.

    Raises ConflictError where somebody else changed it meanwhile.
    """
    find_clinic(services, clinic_id)
    standing = services.directory.profile(clinic_id)
    with speaking(ENGLISH):  # What is noted is no page.
        changed = describe_changes(standing, profile)
    if not changed:
        return
    if seen != profile_version(standing):
        raise ConflictError("The profile is not the one that the form was made from.")
    audit.note(services, identity, "clinic.profile", clinic_id=clinic_id, subject=clinic_id, **changed)
    at = services.clock()
    change = ProfileChange(
        change_id=f"{timestamp(at)}.{secrets.token_hex(4)}",
        at=at,
        by=identity.subject,
        by_name=identity.display_name,
        before=standing,
        after=profile,
    )
    services.directory.change_profile(clinic_id, change)


def restore_profile(
    services: Services, identity: Identity, clinic_id: str, change_id: str, *, seen: str, before: bool
) -> None:
    """Have the profile say again what it said after a change, or before it. Raises NotFoundError, ConflictError.

    What rules of today no longer allow is left out, as if the form had been sent.
    """
    find_clinic(services, clinic_id)
    change = services.directory.profile_change(clinic_id, change_id)
    wanted = (change.before if before else change.after) or {}
    save_profile(services, identity, clinic_id, seen=seen, profile=keep_valid(wanted))


def _read_fields(fields: Mapping[str, str]) -> tuple[str, str]:
    return _join_lines(fields.get("name", "")), _join_lines(fields.get("contact", ""))


def _join_lines(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _find_faults(fields: Mapping[str, str]) -> dict[str, str]:
    name, contact = _read_fields(fields)
    faults = {}
    if not name:
        faults["name"] = gettext("Enter the clinic's name.")
    elif len(name) > MAX_NAME or not _is_printable(name):
        faults["name"] = gettext("The name must be {most} characters or fewer, without control characters.").format(
            most=MAX_NAME
        )
    if len(contact) > MAX_CONTACT or not _is_printable(contact):
        told = gettext("The contact must be {most} characters or fewer, without control characters.")
        faults["contact"] = told.format(most=MAX_CONTACT)
    if fields.get("language", ENGLISH) not in LANGUAGES:
        faults["language"] = gettext("Choose one of the languages.")
    return faults


def _is_printable(text: str) -> bool:
    return not any(unicodedata.category(character) in _UNPRINTABLE for character in text)
