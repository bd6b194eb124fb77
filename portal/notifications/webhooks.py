"""A clinic's webhooks: who may have which, and what becomes of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from intake.errors import ConflictError
from intake.files.keys import new_upload_id
from intake.messaging.model import Delivery, Event, Webhook
from portal.auth.identity import Identity
from portal.auth.rate_limit import count_hook
from portal.errors import TokenNotGivenError, TooManyWebhooksError, WebhookUrlError
from portal.notifications.webhook_urls import is_allowed
from portal.services import Services
from portal.uploads.idempotency import bind_key

MOST = 10
"""Of one clinic. SNS allows 200 subscriptions with filter policies for a topic, unless AWS grants more."""


def create(
    services: Services, identity: Identity, url: str, events: Sequence[str], idempotency_key: str | None = None
) -> Webhook:
    """Have an address called with a clinic's events, once it has confirmed.

    Raises ClinicError, WebhookUrlError, TooManyWebhooksError, TooManyRequestsError, IdempotencyError.
    """
    clinic_id = identity.own_clinic()
    if not is_allowed(url, loopback=services.settings.loopback_webhooks):
        raise WebhookUrlError("This address is not one that may be called.")
    wanted = tuple(sorted(set(events)))
    webhook_id = new_upload_id()
    if idempotency_key is not None:
        digest = hashlib.sha256("\0".join(("webhook", url, *wanted)).encode()).hexdigest()
        webhook_id = bind_key(services, clinic_id, idempotency_key, digest, webhook_id)
    held = services.webhooks.list_by_clinic(clinic_id)
    standing = next((webhook for webhook in held if webhook.webhook_id == webhook_id), None)
    if standing is not None:
        return standing
    if len(held) >= MOST:
        raise TooManyWebhooksError("The clinic has as many webhooks as it may.")
    # Whoever made and deleted them one after the other could have strangers called as often as they like.
    count_hook(services, clinic_id)
    webhook = Webhook(webhook_id, clinic_id, url, wanted, services.clock(), identity.subject)
    # Written first: what SNS calls must be known here, so that it can be ended.
    services.webhooks.save(webhook)
    return _save_subscription(services, webhook, services.hook_subscriptions.subscribe(webhook))


def confirm(services: Services, identity: Identity, webhook_id: str, token: str) -> Webhook:
    """Confirm with the token that the address was sent. Raises NotFoundError, TokenNotGivenError."""
    webhook = find_webhook(services, identity, webhook_id)
    subscription = services.hook_subscriptions.confirm(webhook, token)
    if subscription is None:
        raise TokenNotGivenError("The token is not one that this address was sent.")
    return _save_subscription(services, webhook, subscription)


def find_webhook(services: Services, identity: Identity, webhook_id: str) -> Webhook:
    """Raises NotFoundError."""
    return services.webhooks.find(identity.own_clinic(), webhook_id)


def list_webhooks(services: Services, identity: Identity) -> tuple[Webhook, ...]:
    return services.webhooks.list_by_clinic(identity.own_clinic())


def read_state(services: Services, webhook: Webhook) -> Delivery:
    return services.hook_subscriptions.state(webhook)


def fire_test(services: Services, identity: Identity, webhook_id: str) -> str:
    """Call one webhook with a test event, and return the event's id. Raises NotFoundError, ConflictError."""
    webhook = find_webhook(services, identity, webhook_id)
    if read_state(services, webhook) is not Delivery.ACTIVE:
        raise ConflictError("the webhook is not confirmed")
    event_id = f"test.{new_upload_id()}"
    event = Event(event_id, webhook.test_kind, webhook.clinic_id, services.clock(), {"webhook_id": webhook_id})
    services.events.publish([event])
    return event_id


def delete(services: Services, identity: Identity, webhook_id: str) -> None:
    """End a webhook: nothing is delivered from now on. Raises NotFoundError."""
    webhook = find_webhook(services, identity, webhook_id)
    services.hook_subscriptions.unsubscribe(webhook)
    services.webhooks.remove(webhook)


def _save_subscription(services: Services, webhook: Webhook, subscription: str | None) -> Webhook:
    if subscription is None:
        return webhook
    known = replace(webhook, subscription=subscription)
    services.webhooks.save(known)
    return known
