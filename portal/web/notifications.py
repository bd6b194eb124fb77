"""The settings page of who is told of what by e-mail, and in which language: forms that work without scripts."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from intake.languages import ENGLISH
from intake.messaging.model import EVERYTHING, OPERATIONS, AlertKind, Standing
from portal.admin import clinics
from portal.errors import SubscriptionError
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.notifications import subscriptions
from portal.presentation.labels import Badge
from portal.services import Services
from portal.web.layout.pages import Lead, Staff, see_other

router = APIRouter(prefix="/settings")

Kinds = Annotated[list[str], Form(max_length=20)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of message, as people choose it."""

    kind: str
    label: str
    hint: str


CHOICES = {
    choice.kind: choice
    for choice in (
        Choice(AlertKind.REJECTED, "Rejected files", "What was wrong, once per upload within 15 minutes"),
        Choice(AlertKind.COMPLETED, "Completed uploads", "When every file of an upload has been checked"),
        Choice(AlertKind.FAILED, "Files that failed on our side", "Nothing to do: we are fixing it"),
        Choice(AlertKind.QUIET, "Nothing arrives", "When no file has come for 6 hours, although files usually come"),
        Choice(AlertKind.LATE, "Files that wait", "When checking takes longer than usual: we are looking into it"),
        Choice(AlertKind.SCORECARD, "Monthly scorecard", "On the first of each month: checked, rejected, and why"),
        Choice(AlertKind.EXAMS_MISSING, "Expected exams that did not come", "Once a day, at the hour the clinic chose"),
        Choice(AlertKind.DISAGREEMENT, "Files and records that disagree", "What regular checks find, once for each"),
        Choice(AlertKind.REVIEW, "Waiting for a second admin", "When somebody proposes to accept a rejected file"),
        Choice(
            EVERYTHING,
            "Everything, and alarms of the system",
            "All of these, and failed messages, long queues, failing functions",
        ),
    )
}
STANDING_BADGES = {
    Standing.CONFIRMED: Badge("Confirmed", "check", "ok", "Messages are delivered."),
    Standing.PENDING: Badge("Waiting for confirmation", "clock", "wait", ""),
    Standing.GONE: Badge("Stopped", "cross", "warn", "The recipient stopped the messages, or did not confirm in time."),
}
DONE = {
    "added": "The address was added. If it was not confirmed before, its owner has been asked to confirm.",
    "changed": "The change was saved.",
    "asked": "A request to confirm was sent.",
    "removed": "The address was removed and gets no more messages.",
    "language": "The language was saved. It is that of the next message.",
}
"""What a form's redirect says has been done."""


@router.get("/notifications")
@router.get("/notifications/{owner}")
def settings_page(
    request: Request, identity: Staff, services: Collaborators, owner: str | None = None, done: str = ""
) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    return _render_page(request, services, whose, done=DONE.get(done, ""))


@router.get("/notifications/{owner}/_list")
def list_again(request: Request, identity: Staff, services: Collaborators, owner: str) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    return render(request, "_subscriptions.html", **_build_view(services, whose))


@router.post("/notifications/{owner}")
def add(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    owner: str,
    email: Annotated[str, Form(max_length=1000)] = "",
    kinds: Kinds = [],  # noqa: B006  # FastAPI copies defaults.
) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    try:
        subscriptions.subscribe(services, identity, whose, email, kinds)
    except SubscriptionError as error:
        return _render_page(request, services, whose, error=error, email=email, chosen=kinds)
    return _lead_back(whose, "added")


@router.post("/notifications/{owner}/{subscription_id}/kinds")
def change(
    request: Request,
    identity: Staff,
    services: Collaborators,
    *,
    owner: str,
    subscription_id: str,
    kinds: Kinds = [],  # noqa: B006  # FastAPI copies defaults.
) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    try:
        subscriptions.change(services, identity, whose, subscription_id, kinds)
    except SubscriptionError as error:
        return _render_page(request, services, whose, error=error)
    return _lead_back(whose, "changed")


@router.post("/notifications/{owner}/{subscription_id}/ask")
def ask_again(request: Request, identity: Staff, services: Collaborators, owner: str, subscription_id: str) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    try:
        subscriptions.ask_again(services, identity, whose, subscription_id)
    except SubscriptionError as error:
        return _render_page(request, services, whose, error=error)
    return _lead_back(whose, "asked")


@router.post("/notifications/{owner}/{subscription_id}/remove")
def remove(identity: Staff, services: Collaborators, owner: str, subscription_id: str) -> Response:
    whose = subscriptions.find_owner(services, identity, owner)
    subscriptions.remove(services, identity, whose, subscription_id)
    return _lead_back(whose, "removed")


@router.post("/language")
def choose_mail_language(identity: Lead, services: Collaborators, language: Annotated[str, Form()] = "") -> Response:
    owner = identity.own_clinic()
    clinics.choose_mail_language(services, identity, owner, language)
    return _lead_back(owner, "language")


def _lead_back(owner: str, done: str) -> Response:
    return see_other(f"/settings/notifications/{owner}?done={done}")


def _render_page(
    request: Request,
    services: Services,
    owner: str,
    *,
    done: str = "",
    error: SubscriptionError | None = None,
    email: str = "",
    chosen: list[str] | None = None,
) -> Response:
    entered = services.directory.clinics()
    return render(
        request,
        "notifications.html",
        status=422 if error else 200,
        done=done,
        error=error,
        email=email,
        chosen=[AlertKind.REJECTED, AlertKind.FAILED] if chosen is None else chosen,
        clinics=entered,
        mail_language=next((one.language for one in entered if one.clinic_id == owner), ENGLISH),
        operations=OPERATIONS,
        most=subscriptions.MOST,
        **_build_view(services, owner),
    )


def _build_view(services: Services, owner: str) -> dict[str, Any]:
    rows = subscriptions.list_subscriptions(services, owner)
    return {
        "owner": owner,
        "path": f"/settings/notifications/{owner}",
        "rows": rows,
        "badges": STANDING_BADGES,
        "choices": [CHOICES[kind] for kind in subscriptions.list_kinds(owner)],
        "waiting": any(row.standing is Standing.PENDING for row in rows),
    }
