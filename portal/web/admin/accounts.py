"""Accounts of staff, of admins and of partners' machines: creating each, its page, and what can be done to it.

The answer that shows a partner's secret is no redirect, since the secret stands nowhere but in it.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.accounts.user_pool import Person, Standing
from portal.admin import clinics, partners, reach, staff
from portal.auth.identity import ADMIN_GROUP, Identity
from portal.auth.lookups import ENDS_WITHIN
from portal.errors import FieldsError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.presentation.languages import gettext
from portal.services import Services
from portal.web.layout.pages import Admin, Fields, new_request_key, render_form, see_other

router = APIRouter(prefix="/admin")

PARTNERS = "/clinics/{clinic_id}/partners"

DEEDS = {"invited": "was invited by email. The temporary password in it works for three days."} | {
    deed: act.done for deed, act in staff.ACTS.items()
}
"""What was done to somebody, as their page says it after their name."""

LED_TO = {"disable": Standing.DISABLED, "enable": Standing.ACTIVE}
"""Deeds that are told only of whom they still hold for."""

LED_TO_LEAD = {"make-lead": True, "end-lead": False}


@router.get("/admins")
def admins_page(request: Request, services: Collaborators) -> Response:
    return render(request, "admin/admins.html", people=services.people.list_members(ADMIN_GROUP))


@router.get("/admins/invite")
def invite_admin(request: Request) -> Response:
    return render_form(request, "admin/invite.html", home="", clinic=None)


@router.post("/admins/invite")
def send_admin_invitation(request: Request, identity: Admin, services: Collaborators, fields: Fields) -> Response:
    return _send_invitation(request, identity, services, None, fields)


@router.get("/clinics/{clinic_id}/invite")
def invite_staff(request: Request, services: Collaborators, clinic_id: str) -> Response:
    return render_form(request, "admin/invite.html", home="", clinic=clinics.find_clinic(services, clinic_id))


@router.post("/clinics/{clinic_id}/invite")
def send_staff_invitation(
    request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields
) -> Response:
    return _send_invitation(request, identity, services, clinic_id, fields)


def _send_invitation(
    request: Request, identity: Identity, services: Services, clinic_id: str | None, fields: Mapping[str, str]
) -> Response:
    try:
        person = staff.invite(services, identity, clinic_id, fields)
    except FieldsError as refused:
        clinic = clinics.find_clinic(services, clinic_id) if clinic_id else None
        return render_form(request, "admin/invite.html", home="", clinic=clinic, values=fields, faults=refused.faults)
    return see_other(f"/admin/people/{person.username}?done=invited")


@router.get("/people/{username}")
def person_page(request: Request, identity: Admin, services: Collaborators, username: str, done: str = "") -> Response:
    person, groups = reach.find_person(services, identity, username)
    clinic_id = reach.find_clinic_id(groups)
    return render(
        request,
        "admin/person.html",
        home="",
        person=person,
        clinic=services.directory.clinic(clinic_id) if clinic_id else None,
        is_admin=ADMIN_GROUP in groups,
        is_lead=reach.is_lead(groups),
        myself=person.subject == identity.subject,
        offered=staff.list_offered(identity, person, groups),
        done=tell_deed(person, groups, done),
    )


def tell_deed(person: Person, groups: frozenset[str], done: str) -> str:
    """Return what was done to somebody, where it still holds: its address may be opened again much later."""
    if person.standing is not LED_TO.get(done, person.standing) or reach.is_lead(groups) is not LED_TO_LEAD.get(
        done, reach.is_lead(groups)
    ):
        return ""
    return f"{person.shown} {gettext(DEEDS[done]).format(seconds=ENDS_WITHIN)}" if done in DEEDS else ""


@router.post("/people/{username}/{deed}")
def act(identity: Admin, services: Collaborators, username: str, deed: str) -> Response:
    person = staff.act(services, identity, username, deed)
    return see_other(f"/admin/people/{person.username}?done={deed}")


@router.get(PARTNERS + "/new")
def new_partner(request: Request, services: Collaborators, clinic_id: str) -> Response:
    values = {"upload": "on", "read": "on", "request_key": new_request_key()}
    return render_form(
        request, "admin/partner_new.html", clinic=clinics.find_clinic(services, clinic_id), values=values
    )


@router.post(PARTNERS + "/new")
def create_partner(
    request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields
) -> Response:
    try:
        made = partners.create(services, identity, clinic_id, fields)
    except FieldsError as refused:
        clinic = clinics.find_clinic(services, clinic_id)
        return render_form(request, "admin/partner_new.html", clinic=clinic, values=fields, faults=refused.faults)
    return _show_secret(request, services, clinic_id, made)


@router.get(PARTNERS + "/{client_id}")
def partner_page(request: Request, services: Collaborators, clinic_id: str, client_id: str) -> Response:
    used, cut = partners.count_usage(services, clinic_id)
    return render(
        request,
        "admin/partner.html",
        clinic=clinics.find_clinic(services, clinic_id),
        partner=partners.find_partner(services, clinic_id, client_id),
        used=used.get(client_id, partners.Usage()),
        cut=partners.LOOKED_AT if cut else 0,
        now=services.clock(),
        grace=partners.GRACE.days,
        request_key=new_request_key(),
    )


@router.post(PARTNERS + "/{client_id}/rotate")
def rotate_partner(
    request: Request, identity: Admin, services: Collaborators, *, clinic_id: str, client_id: str, fields: Fields
) -> Response:
    made = partners.rotate(services, identity, clinic_id, client_id, fields.get("request_key", ""))
    return _show_secret(request, services, clinic_id, made, replaced=client_id)


@router.post(PARTNERS + "/{client_id}/revoke")
def revoke_partner(identity: Admin, services: Collaborators, clinic_id: str, client_id: str) -> Response:
    partners.revoke(services, identity, clinic_id, client_id)
    return see_other(f"/admin/clinics/{clinic_id}?done=revoked")


def _show_secret(
    request: Request, services: Services, clinic_id: str, made: partners.Made, replaced: str = ""
) -> Response:
    """Show the secret, this once."""
    if made.credentials is None:
        return see_other(f"/admin/clinics/{clinic_id}?done=repeated")
    return render(
        request,
        "admin/partner_secret.html",
        clinic=clinics.find_clinic(services, clinic_id),
        partner=made.partner,
        credentials=made.credentials,
        token_url=f"{services.settings.sign_in_url}/oauth2/token",
        api_url=services.settings.portal_origin,
        replaced=replaced,
        grace=partners.GRACE.days,
    )
