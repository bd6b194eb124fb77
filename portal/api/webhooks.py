"""`/api/v1/webhooks`: be called when something happens."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from intake.messaging.model import Delivery, EventKind, Webhook
from portal.api.dependencies import HookKeeper, IdempotencyKey
from portal.api.problem_responses import problem_responses
from portal.http.sessions.dependencies import Collaborators
from portal.notifications import webhooks
from portal.notifications.webhook_urls import LONGEST, PATTERN
from portal.services import Services
from portal.uploads.requests import UPLOAD_ID, Request

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST,
        json_schema_extra={"pattern": PATTERN},
        description="An https address on the public internet.",
        examples=["https://ris.example.org/hooks/scalper"],
    ),
]


class NewWebhook(Request):
    """An address to be called."""

    url: Url
    events: list[EventKind] = Field(
        min_length=1,
        max_length=len(EventKind),
        description="What to be called for.",
        examples=[[EventKind.UPLOAD_COMPLETED, EventKind.FILE_REJECTED]],
    )


class Confirmation(Request):
    """What Amazon SNS sent to the address."""

    token: str = Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[!-~]+$",
        description="`Token` of the message.",
        examples=["2336412f37"],
    )


class WebhookView(BaseModel):
    """An address that is called."""

    webhook_id: str = Field(examples=[UPLOAD_ID])
    url: str = Field(examples=["https://ris.example.org/hooks/scalper"])
    events: list[EventKind]
    state: Delivery = Field(
        description="`pending` until the address has confirmed, `active`, or `lapsed` when it did not within two days."
    )
    topic_arn: str = Field(
        description="`TopicArn` of every message that is ours. Refuse others, however well they are signed.",
        examples=["arn:aws:sns:eu-central-1:111122223333:events"],
    )
    created_at: datetime


class WebhookList(BaseModel):
    """A clinic's webhooks, oldest first."""

    webhooks: list[WebhookView]


class Fired(BaseModel):
    """A test event that is on its way."""

    event_id: str = Field(examples=[f"test.{UPLOAD_ID}"])


@router.post(
    "",
    summary="Be called",
    status_code=201,
    responses=problem_responses(
        "invalid-request",
        "webhook-url",
        "too-many-webhooks",
        "idempotency-key-reused",
        "malformed-body",
        "body-too-large",
    ),
)
def create(
    body: NewWebhook,
    identity: HookKeeper,
    services: Collaborators,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> WebhookView:
    """Have an address called with your clinic's events.

    Amazon SNS first asks the address to confirm: send the `Token` of its message to `confirm`. A clinic may have ten
    webhooks. `webhook_id` joins the query of the address, so that you can tell for which one you are called.
    """
    made = webhooks.create(services, identity, body.url, body.events, idempotency_key)
    response.headers["Location"] = f"{router.prefix}/{made.webhook_id}"
    return _show_webhook(services, made)


@router.get("", summary="List webhooks", responses=problem_responses())
def index(identity: HookKeeper, services: Collaborators) -> WebhookList:
    """List your clinic's webhooks, oldest first."""
    return WebhookList(
        webhooks=[_show_webhook(services, webhook) for webhook in webhooks.list_webhooks(services, identity)]
    )


@router.get("/{webhook_id}", summary="Read a webhook", responses=problem_responses("not-found"))
def read(webhook_id: str, identity: HookKeeper, services: Collaborators) -> WebhookView:
    """Read a webhook, and whether it is active."""
    return _show_webhook(services, webhooks.find_webhook(services, identity, webhook_id))


@router.post(
    "/{webhook_id}/confirm",
    summary="Confirm a webhook",
    responses=problem_responses("not-found", "token-not-given", "invalid-request", "malformed-body", "body-too-large"),
)
def confirm(webhook_id: str, body: Confirmation, identity: HookKeeper, services: Collaborators) -> WebhookView:
    """Confirm with the token that the address was sent: it is yours then, and is called from now on."""
    return _show_webhook(services, webhooks.confirm(services, identity, webhook_id, body.token))


@router.post("/{webhook_id}/test", summary="Fire a test event", responses=problem_responses("not-found", "conflict"))
def fire_test(webhook_id: str, identity: HookKeeper, services: Collaborators) -> Fired:
    """Have this webhook, and no other, called with a `webhook.test` event."""
    return Fired(event_id=webhooks.fire_test(services, identity, webhook_id))


@router.delete(
    "/{webhook_id}",
    summary="Delete a webhook",
    status_code=204,
    response_class=Response,
    responses=problem_responses("not-found"),
)
def delete(webhook_id: str, identity: HookKeeper, services: Collaborators) -> None:
    """Delete a webhook: from now on it is not called."""
    webhooks.delete(services, identity, webhook_id)


def _show_webhook(services: Services, webhook: Webhook) -> WebhookView:
    told = {"state": webhooks.read_state(services, webhook), "topic_arn": services.settings.event_topic_arn}
    return WebhookView.model_validate({**asdict(webhook), **told})
