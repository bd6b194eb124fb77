"""Partners' machine clients: creating one, its page with its usage, rotating and revoking it.

The answer that shows a secret is no redirect, since the secret stands nowhere but in it.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.admin import clinics, partners
from portal.errors import FieldsError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.services import Services
from portal.web.layout.dependencies import Admin, Fields
from portal.web.layout.forms import new_request_key, render_form, see_other

router = APIRouter(prefix="/admin/clinics/{clinic_id}/partners")


@router.get("/new")
def new_partner(request: Request, services: Collaborators, clinic_id: str) -> Response:
    values = {"upload": "on", "read": "on", "request_key": new_request_key()}
    return render_form(
        request, "admin/partner_new.html", clinic=clinics.find_clinic(services, clinic_id), values=values
    )


@router.post("/new")
def create_partner(
    request: Request, identity: Admin, services: Collaborators, clinic_id: str, fields: Fields
) -> Response:
    try:
        made = partners.create(services, identity, clinic_id, fields)
    except FieldsError as refused:
        clinic = clinics.find_clinic(services, clinic_id)
        return render_form(request, "admin/partner_new.html", clinic=clinic, values=fields, faults=refused.faults)
    return _show_secret(request, services, clinic_id, made)


@router.get("/{client_id}")
def partner_page(
    request: Request,
    services: Collaborators,
    clinic_id: str,
    client_id: str,
) -> Response:
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


@router.post("/{client_id}/rotate")
def rotate_partner(
    request: Request, identity: Admin, services: Collaborators, *, clinic_id: str, client_id: str, fields: Fields
) -> Response:
    made = partners.rotate(services, identity, clinic_id, client_id, fields.get("request_key", ""))
    return _show_secret(request, services, clinic_id, made, replaced=client_id)


@router.post("/{client_id}/revoke")
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
