"""Who is told of what, by e-mail: a clinic's staff for their clinic, admins for every clinic and for operations.

The recipient confirms to SNS, and may stop it there. Filter policies per topic: SNS allows 200, unless AWS raises it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from intake.errors import ConflictError, LimitError, NotFoundError
from intake.messaging.model import (
    EVERYTHING,
    OF_OPERATIONS,
    OPERATIONS,
    AlertKind,
    Standing,
    Subscription,
    filter_policy,
)
from intake.phrases import Phrase
from portal.accounts.user_pool import is_email_address
from portal.admin.clinics import find_clinic
from portal.audit import note
from portal.auth.identity import Identity
from portal.auth.rate_limit import count_confirmation
from portal.errors import SubscriptionError
from portal.services import Services

EMAIL = "email"
MOST = 20
"""Addresses of one owner."""
ASK_AGAIN = timedelta(minutes=5)
"""A recipient is not asked more often than this: whoever it is has not agreed yet."""
ONE_REQUEST = timedelta(hours=4)
"""An address that is removed and added again within this time is not asked anew: what it was sent still counts."""

CLINIC_KINDS = tuple(kind for kind in AlertKind if kind not in OF_OPERATIONS)
OPERATIONS_KINDS = (*AlertKind, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription and whether SNS delivers."""

    subscription: Subscription
    standing: Standing


def find_owner(services: Services, identity: Identity, owner: str | None) -> str:
    """Return whose subscriptions are meant. Raises NotFoundError for what is not the identity's to see."""
    if identity.clinic_id is not None:
        if owner not in {None, identity.clinic_id}:
            raise NotFoundError("there is no such clinic")
        return identity.clinic_id
    if owner in {None, OPERATIONS}:
        return OPERATIONS
    return find_clinic(services, str(owner)).clinic_id


def list_kinds(owner: str) -> tuple[str, ...]:
    """Return what an owner may be told."""
    return OPERATIONS_KINDS if owner == OPERATIONS else CLINIC_KINDS


def list_subscriptions(services: Services, owner: str) -> tuple[Shown, ...]:
    """Return an owner's subscriptions as they stand: one call of SNS for each, at most `MOST`."""
    return tuple(Shown(one, _read_standing(services, one)) for one in services.subscriptions.list_by_owner(owner))


def subscribe(services: Services, identity: Identity, owner: str, endpoint: str, kinds: Iterable[str]) -> Subscription:
    """Have an address told; the same one again changes what it is told. Raises SubscriptionError."""
    address, wanted = _parse_address(endpoint), _check_kinds(owner, kinds)
    address_id = services.ids.address(EMAIL, address)
    known = services.subscriptions.find(owner, address_id)
    if known is not None and not known.removed:
        return _change_kinds(services, identity, known, wanted)
    if len(services.subscriptions.list_by_owner(owner)) >= MOST:
        told = Phrase("There are already {count} addresses, which is the limit. Remove one first.", count=MOST)
        raise SubscriptionError(told)
    at = services.clock()
    asked_before = known is not None and at - known.asked_at < ONE_REQUEST
    fresh = Subscription(
        owner=owner,
        subscription_id=address_id,
        protocol=EMAIL,
        endpoint=address,
        kinds=wanted,
        created_at=at,
        created_by=identity.subject,
        asked_at=known.asked_at if known is not None and asked_before else at,
        arn=known.arn if known is not None else "",
    )
    _note(services, identity, "subscription.add", fresh)
    # Kept first: what SNS delivers must never be without an owner who can stop it.
    services.subscriptions.save(fresh)
    try:
        return _deliver(services, fresh, ask=not asked_before)
    except SubscriptionError:
        services.subscriptions.save(replace(fresh, removed=True))
        raise


def change(services: Services, identity: Identity, owner: str, wanted_id: str, kinds: Iterable[str]) -> Subscription:
    """Change what an address is told. Raises NotFoundError, SubscriptionError."""
    return _change_kinds(services, identity, _find_own(services, owner, wanted_id), _check_kinds(owner, kinds))


def ask_again(services: Services, identity: Identity, owner: str, wanted_id: str) -> Subscription:
    """Ask the recipient once more to confirm. Raises NotFoundError, SubscriptionError when it is too soon."""
    subscription = _find_own(services, owner, wanted_id)
    standing = _read_standing(services, subscription)
    if standing is Standing.CONFIRMED:
        return subscription
    at = services.clock()
    if standing is Standing.PENDING and at - subscription.asked_at < ASK_AGAIN:
        raise SubscriptionError(
            Phrase(
                "The message was sent less than five minutes ago. Check the spam folder too, or try again in a moment."
            )
        )
    _note(services, identity, "subscription.ask", subscription)
    arn = subscription.arn if standing is Standing.PENDING else ""
    return _deliver(services, replace(subscription, asked_at=at, arn=arn), ask=True)


def remove(services: Services, identity: Identity, owner: str, wanted_id: str) -> None:
    """Tell an address nothing more; one that was removed already is no error. Raises NotFoundError."""
    subscription = services.subscriptions.find(owner, wanted_id)
    if subscription is None:
        raise NotFoundError("there is no such subscription")
    if subscription.removed:
        return
    _note(services, identity, "subscription.remove", subscription)
    # SNS first: should it fail, the row stays, and can be removed again.
    others = _list_others(services, subscription)
    if subscription.arn and not all(other.removed for other in others):
        services.subscribers.set_policy(subscription.arn, filter_policy(others))
    elif subscription.arn:
        services.subscribers.unsubscribe(subscription.arn)
    services.subscriptions.save(replace(subscription, removed=True))


def _change_kinds(services: Services, identity: Identity, known: Subscription, wanted: frozenset[str]) -> Subscription:
    if known.kinds == wanted and known.arn:
        return known
    changed = replace(known, kinds=wanted)
    _note(services, identity, "subscription.change", changed)
    services.subscriptions.save(changed)
    return _deliver(services, changed, ask=False)


def _deliver(services: Services, subscription: Subscription, *, ask: bool) -> Subscription:
    """Have SNS deliver what the address's owners want, and ask its recipient where that is due."""
    others = _list_others(services, subscription)
    policy = filter_policy([subscription, *others])
    arn = subscription.arn or next((other.arn for other in others if other.arn), "")
    known = bool(arn) and services.subscribers.set_policy(arn, policy)
    if not known or (ask and services.subscribers.find_standing(arn) is Standing.PENDING):
        arn = _ask_recipient(services, subscription, policy)
    for other in others:
        if other.arn != arn and not other.removed:
            services.subscriptions.save(replace(other, arn=arn))
    delivered = replace(subscription, arn=arn)
    services.subscriptions.save(delivered)
    return delivered


def _ask_recipient(services: Services, subscription: Subscription, policy: dict[str, object]) -> str:
    """Have SNS ask the recipient, which is a mail to somebody who has agreed to nothing. Raises SubscriptionError."""
    count_confirmation(services, subscription.owner, subscription.subscription_id)
    try:
        return services.subscribers.subscribe(subscription.protocol, subscription.endpoint, policy)
    except LimitError as error:
        told = Phrase("The system has reached its limit of addresses. Tell your administrator.")
        raise SubscriptionError(told) from error
    except ConflictError as error:
        raise SubscriptionError(Phrase("The address was not accepted. Check it, or try again later.")) from error


def _list_others(services: Services, subscription: Subscription) -> list[Subscription]:
    sharing = services.subscriptions.list_by_address(subscription.subscription_id)
    return [other for other in sharing if other.owner != subscription.owner]


def _find_own(services: Services, owner: str, wanted_id: str) -> Subscription:
    found = services.subscriptions.find(owner, wanted_id)
    if found is None or found.removed:
        raise NotFoundError("there is no such subscription")
    return found


def _read_standing(services: Services, subscription: Subscription) -> Standing:
    return services.subscribers.find_standing(subscription.arn) if subscription.arn else Standing.GONE


def _parse_address(text: str) -> str:
    address = text.strip().lower()
    local = address.partition("@")[0]
    if not is_email_address(address) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise SubscriptionError(Phrase("Enter an email address, such as name@example.org."), "email")
    return address


def _check_kinds(owner: str, kinds: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(kinds)
    if not wanted or not wanted <= set(list_kinds(owner)):
        raise SubscriptionError(Phrase("Choose at least one kind of message."), "kinds")
    return wanted


def _note(services: Services, identity: Identity, action: str, subscription: Subscription) -> None:
    clinic_id = "" if subscription.owner == OPERATIONS else subscription.owner
    kinds = " ".join(sorted(subscription.kinds))
    note(services, identity, action, clinic_id=clinic_id, subject=subscription.subscription_id, kinds=kinds)
