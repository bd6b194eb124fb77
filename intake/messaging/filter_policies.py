"""Which messages an address gets, as SNS's filter policies say it: pure."""

from collections.abc import Iterable

from intake.messaging.model import EVERYTHING, OPERATIONS, FilterPolicy, Subscription

NOBODYS: FilterPolicy = {"clinic_id": ["-"]}
"""Matches no message: no clinic is called so."""

ALL: FilterPolicy = {}
"""Matches every message."""


def filter_policy(wanted: Iterable[Subscription]) -> FilterPolicy:
    """Return one policy for all that the owners of an address want: SNS takes one subscription for each address."""
    standing = [one for one in sorted(wanted, key=lambda one: one.owner) if one.kinds and not one.removed]
    if any(one.owner == OPERATIONS and EVERYTHING in one.kinds for one in standing):
        return ALL
    parts = [_select(one) for one in standing]
    if not parts:
        return NOBODYS
    return parts[0] if len(parts) == 1 else {"$or": parts}


def _select(subscription: Subscription) -> FilterPolicy:
    kinds = sorted(map(str, subscription.kinds))
    if subscription.owner == OPERATIONS:
        return {"kind": kinds}
    return {"clinic_id": [subscription.owner], "kind": kinds}
