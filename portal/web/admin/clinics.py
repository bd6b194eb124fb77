"""Clinics: the list, each clinic's page, and the forms to create, describe and deactivate one and edit its profile."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.errors import ConflictError
from intake.files.keys import UNASSIGNED
from intake.languages import mark
from intake.rules import catalogue
from intake.tenants.model import Clinic, profile_version
from portal.accounts.user_pool import name_group
from portal.admin import clinics, partners, profiles
from portal.admin.last_month import Tally, Trial
from portal.admin.reach import list_leads
from portal.errors import FieldsError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.presentation.languages import gettext
from portal.services import Services
from portal.web.layout.pages import Admin, Fields, render_form, see_other

router = APIRouter(prefix="/admin/clinics")


DONE: Mapping[str, str] = {
    "created": "The clinic was created. Invite its staff, or give a partner's system access.",
    "described": "The clinic's details were saved. Pages change within five minutes.",
    "profile": "The profile was saved. It applies to files that are checked from one minute from now.",
    "deactivated": "The clinic was deactivated. It can no longer send files.",
    "activated": "The clinic was activated. It can send files again.",
    "revoked": "The client was revoked. It has no access from 20 seconds from now.",
    "repeated": "This client was already created, and its secret was shown then. If it is lost, rotate the client.",
}

LEVELS = {"off": "Do nothing", "warn": "Warn", "reject": "Reject", "shadow": "Count only"}

CHANGES = 100
"""Changes of a profile that its history shows."""

OVERTAKEN = mark("Somebody else has just changed this profile. You now see their version: please look again.")


@router.get("")
def clinics_page(request: Request, services: Collaborators) -> Response:
    found = sorted(services.directory.clinics(), key=lambda clinic: (not clinic.active, clinic.name.casefold()))
    working = [one.clinic_id for one in services.directory.partners() if one.works_at(services.clock())]
    numbers = {clinic.clinic_id: working.count(clinic.clinic_id) for clinic in found}
    return render(request, "admin/clinics.html", clinics=found, clients=numbers, nobody=UNASSIGNED)


@router.get("/new")
def new_clinic(request: Request) -> Response:
    return render_form(request, "admin/clinic_new.html")


@router.post("/new")
def create_clinic(request: Request, identity: Admin, services: Collaborators, fields: Fields) -> Response:
    try:
        made = clinics.create(services, identity, fields)
    except FieldsError as refused:
        return render_form(request, "admin/clinic_new.html", values=fields, faults=refused.faults)
    return see_other(f"/admin/clinics/{made.clinic_id}?done=created")


@router.get("/{clinic_id}")
def clinic_page(request: Request, services: Collaborators, clinic_id: str, done: str = "") -> Response:
    clinic = clinics.find_clinic(services, clinic_id)
    uploads = services.records.uploads(clinic_id, None, 1).rows
    return render(
        request,
        "admin/clinic.html",
        clinic=clinic,
        last_upload=uploads[0].created_at if uploads else None,
        profile=profiles.summarize_profile(services.directory.profile(clinic_id)),
        people=services.people.list_members(name_group(clinic_id)),
        leads=list_leads(services, clinic_id),
        partners=partners.list_partners(services, clinic_id),
        now=services.clock(),
        done=DONE.get(done, ""),
    )


@router.get("/{clinic_id}/edit")
def edit_clinic(request: Request, services: Collaborators, clinic_id: str) -> Response:
    clinic = clinics.find_clinic(services, clinic_id)
    values = {"name": clinic.name, "contact": clinic.contact, **_read_choices(clinic)}
    return render_form(request, "admin/clinic_edit.html", clinic=clinic, values=values)


@router.post("/{clinic_id}/edit")
def describe_clinic(
    request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields
) -> Response:
    try:
        clinics.describe(services, identity, clinic_id, fields)
    except FieldsError as refused:
        clinic = clinics.find_clinic(services, clinic_id)
        values = {**_read_choices(clinic), **fields}
        return render_form(request, "admin/clinic_edit.html", clinic=clinic, values=values, faults=refused.faults)
    return see_other(f"/admin/clinics/{clinic_id}?done=described")


def _read_choices(clinic: Clinic) -> dict[str, str]:
    """Return what a clinic's form lets choose, as its fields say it."""
    return {"names": clinics.tell_names(clinic), "language": clinic.language}


@router.post("/{clinic_id}/deactivate")
def deactivate_clinic(identity: Admin, services: Collaborators, clinic_id: str) -> Response:
    clinics.set_active(services, identity, clinic_id, active=False)
    return see_other(f"/admin/clinics/{clinic_id}?done=deactivated")


@router.post("/{clinic_id}/activate")
def activate_clinic(identity: Admin, services: Collaborators, clinic_id: str) -> Response:
    clinics.set_active(services, identity, clinic_id, active=True)
    return see_other(f"/admin/clinics/{clinic_id}?done=activated")


@router.get("/{clinic_id}/profile")
def profile_page(request: Request, services: Collaborators, clinic_id: str) -> Response:
    return _render_profile_form(request, services, clinic_id)


@router.post("/{clinic_id}/profile")
def save_profile(
    request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields
) -> Response:
    try:
        entered = profiles.read_profile(fields)
        clinics.save_profile(services, identity, clinic_id, seen=fields.get("version", ""), profile=entered)
    except FieldsError as refused:
        return _render_profile_form(request, services, clinic_id, fields=fields, faults=refused.faults)
    except ConflictError:
        return _render_profile_form(request, services, clinic_id, faults={"kinds": gettext(OVERTAKEN)})
    return see_other(f"/admin/clinics/{clinic_id}?done=profile")


@router.post("/{clinic_id}/profile/try")
def try_profile(request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields) -> Response:
    """Show the form with what a profile would have done: the one that was entered, or an earlier one."""
    clinics.find_clinic(services, clinic_id)
    try:
        wanted, entered = _read_wanted(services, clinic_id, fields)
    except FieldsError as refused:
        return _render_profile_form(request, services, clinic_id, fields=fields, faults=refused.faults)
    trial = Trial(services, identity, clinic_id, wanted)
    tally = trial.count_on(fields.get("so_far", ""))
    changes = profiles.describe_changes(services.directory.profile(clinic_id), wanted)
    return _render_profile_form(
        request,
        services,
        clinic_id,
        fields=entered,
        wanted=wanted,
        tally=tally,
        so_far="" if tally.complete else trial.seal(tally),
        changes=changes,
        rules=catalogue().rules,
    )


def _read_wanted(
    services: Services, clinic_id: str, fields: Mapping[str, str]
) -> tuple[profiles.Profile, Mapping[str, str]]:
    """Return the profile that is to be tried, and the form's fields. Raises FieldsError, NotFoundError."""
    if "change" not in fields:
        return profiles.read_profile(fields), fields
    change = services.directory.profile_change(clinic_id, fields["change"])
    earlier = (change.before if fields.get("which") == "before" else change.after) or {}
    wanted = profiles.keep_valid(earlier)
    return wanted, {**_write_fields(wanted), "version": fields.get("version", "")}


@router.get("/{clinic_id}/profile/history")
def profile_history(request: Request, services: Collaborators, clinic_id: str, said: str = "") -> Response:
    clinic, standing = clinics.find_clinic(services, clinic_id), services.directory.profile(clinic_id)
    return render(
        request,
        "admin/profile_history.html",
        clinic=clinic,
        version=profile_version(standing),
        summary=profiles.summarize_profile(standing),
        overtaken=said == "overtaken",
        changes=[
            (
                change,
                profiles.describe_changes(change.before, change.after),
                profile_version(change.before),
                profile_version(change.after),
            )
            for change in services.directory.profile_changes(clinic_id, CHANGES)
        ],
    )


@router.post("/{clinic_id}/profile/restore")
def restore_profile(identity: Admin, services: Collaborators, clinic_id: str, fields: Fields) -> Response:
    change_id, seen = fields.get("change", ""), fields.get("version", "")
    try:
        clinics.restore_profile(
            services, identity, clinic_id, change_id, seen=seen, before=fields.get("which") == "before"
        )
    except ConflictError:
        return see_other(f"/admin/clinics/{clinic_id}/profile/history?said=overtaken")
    return see_other(f"/admin/clinics/{clinic_id}?done=profile")


def _render_profile_form(
    request: Request,
    services: Services,
    clinic_id: str,
    *,
    fields: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    wanted: profiles.Profile | None = None,
    tally: Tally | None = None,
    **found: Any,  # noqa: ANN401 — whatever a trial shows beside its tally.
) -> Response:
    """Show the profile as it stands, or what was entered where that was tried or cannot be taken."""
    clinic, profile = clinics.find_clinic(services, clinic_id), services.directory.profile(clinic_id)
    values = _write_fields(profile) if fields is None else fields
    return render_form(
        request,
        "admin/profile.html",
        clinic=clinic,
        values=values,
        faults=faults,
        kinds=catalogue().kinds,
        chapters=profiles.list_chapters(wanted or profile),
        conflicts=profiles.CONFLICTS,
        levels=LEVELS,
        tally=tally,
        **found,
    )


def _write_fields(profile: profiles.Profile | None) -> dict[str, Any]:
    """Return a profile as its form's fields."""
    written = profile or {}
    kinds = written.get("kinds")
    chosen = catalogue().kinds if kinds is None else kinds
    sizes = {f"max-{kind}": f"{limit // profiles.MEGABYTE}" for kind, limit in written.get("max_bytes", {}).items()}
    levels = {f"rule-{code}": level for code, level in written.get("rules", {}).items()}
    others = {"conflicts": written.get("conflicts", profiles.USUAL), "version": profile_version(profile)}
    return {f"kind-{kind}": "on" for kind in chosen} | sizes | levels | others
