"""The links to one study, as its clinic makes and closes them."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.languages import mark
from intake.sharing.model import MOST_OPENINGS, MOST_TAKINGS, MOST_TRIES, StudyLink
from portal.auth.identity import Identity
from portal.errors import FieldsError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.presentation.labels import Badge
from portal.presentation.languages import gettext
from portal.retrieval import sharing
from portal.services import Services
from portal.web.layout.pages import Fields, Staff, see_other

router = APIRouter(prefix="/studies/{study_id}/links")

OPEN = Badge("Open", "check", "ok", "It works.")
REVOKED = Badge("Closed", "cross", "wait", "Somebody of the clinic closed it.")
LAPSED = Badge("Expired", "clock", "wait", "Its time is over.")
LOCKED = Badge("Locked", "warning", "warn", "The wrong code was entered too often.")
USED_UP = Badge("Used up", "clock", "wait", "It was opened, or the exam downloaded, as often as a link allows.")

DONE = {"closed": mark("The link was closed. Downloads that have begun end within 15 minutes.")}


@router.get("")
def links_page(request: Request, identity: Staff, services: Collaborators, study_id: str, done: str = "") -> Response:
    return _render_page(request, identity, services, study_id, done=gettext(DONE.get(done, "")))


@router.post("")
def create(request: Request, identity: Staff, services: Collaborators, study_id: str, fields: Fields) -> Response:
    """Show the link and its code, this once. Raises NotFoundError, TooManyRequestsError."""
    try:
        made = sharing.create_link(services, identity, study_id, fields.get("days", ""))
    except FieldsError as refused:
        return _render_page(request, identity, services, study_id, faults=refused.faults)
    return _render_page(request, identity, services, study_id, made=made)


@router.post("/{link_id}/revoke")
def revoke(identity: Staff, services: Collaborators, study_id: str, link_id: str) -> Response:
    sharing.revoke_link(services, identity, study_id, link_id)
    return see_other(f"/studies/{study_id}/links?done=closed")


def _render_page(
    request: Request,
    identity: Identity,
    services: Services,
    study_id: str,
    *,
    done: str = "",
    made: sharing.NewLink | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    at = services.clock()
    study = sharing.find_shared(services, identity, study_id)
    return render(
        request,
        "sharing.html",
        status=422 if faults else 200,
        study=study,
        links=[(link, _choose_badge(link, at)) for link in sharing.list_links(services, identity, study_id)],
        days=sharing.DAYS,
        made=made,
        # The token stands behind the number sign: browsers send that to nobody.
        address=f"{services.settings.portal_origin}/shared#{made.token}" if made else "",
        done=done,
        faults=faults or {},
        tries=MOST_TRIES,
        at=at,
    )


def _choose_badge(link: StudyLink, at: datetime) -> Badge:
    if link.revoked_at is not None:
        return REVOKED
    if at >= link.expires_at:
        return LAPSED
    if not link.is_open_at(at):
        return LOCKED
    return USED_UP if link.opened >= MOST_OPENINGS or link.taken >= MOST_TAKINGS else OPEN
