"""A clinic's people, as its leads tend them: the list, an invitation, and what may be done to an account."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.accounts.user_pool import name_group
from portal.admin import reach, staff
from portal.admin.clinics import find_clinic
from portal.errors import FieldsError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.web.admin.accounts import tell_deed
from portal.web.layout.pages import Fields, Lead, render_form, see_other

HOME = "/people"

router = APIRouter(prefix=HOME)


@router.get("")
def people_page(request: Request, identity: Lead, services: Collaborators) -> Response:
    clinic_id = identity.own_clinic()
    people = services.people.list_members(name_group(clinic_id))
    return render(request, "people.html", people=people, leads=reach.list_leads(services, clinic_id))


@router.get("/invite")
def invite(request: Request, identity: Lead, services: Collaborators) -> Response:
    return render_form(request, "admin/invite.html", clinic=find_clinic(services, identity.own_clinic()), home=HOME)


@router.post("/invite")
def send_invitation(request: Request, identity: Lead, services: Collaborators, fields: Fields) -> Response:
    clinic_id = identity.own_clinic()
    try:
        person = staff.invite(services, identity, clinic_id, fields)
    except FieldsError as refused:
        clinic = find_clinic(services, clinic_id)
        return render_form(request, "admin/invite.html", clinic=clinic, home=HOME, values=fields, faults=refused.faults)
    return see_other(f"{HOME}/{person.username}?done=invited")


@router.get("/{username}")
def person_page(request: Request, identity: Lead, services: Collaborators, username: str, done: str = "") -> Response:
    person, groups = reach.find_person(services, identity, username)
    return render(
        request,
        "admin/person.html",
        home=HOME,
        person=person,
        clinic=services.directory.clinic(identity.own_clinic()),
        is_admin=False,
        is_lead=reach.is_lead(groups),
        myself=person.subject == identity.subject,
        offered=staff.list_offered(identity, person, groups),
        done=tell_deed(person, groups, done),
    )


@router.post("/{username}/{deed}")
def act(identity: Lead, services: Collaborators, username: str, deed: str) -> Response:
    person = staff.act(services, identity, username, deed)
    return see_other(f"{HOME}/{person.username}?done={deed}")
