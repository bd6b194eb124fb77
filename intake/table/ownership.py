"""Whose an item of the table is: every write states it (docs/adr/0031-every-write-states-whose-it-is.md).

What builds a write (`intake/table/expressions.py`) takes an owner and cannot be called without one. The write then goes
through only where the item is that owner's, or where there is none yet, and it leaves the owner in the item.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns an item, and the attribute that says so."""

    name: str
    attribute: str = "clinic_id"


SYSTEM = Owner("", "")
"""The owner of what belongs to no clinic and to nobody: how far rounds are, notes on messages, the table's secret."""

NO_CLINIC = Owner("-")
"""The owner of an entry of the audit log that concerns no clinic, or all: keys of its index cannot be empty."""


def clinic(clinic_id: str) -> Owner:
    """Return a clinic as an owner; also the one that owns what is nobody's."""
    return Owner(clinic_id)


def account(name: str) -> Owner:
    """Return whoever gave an order or asked for a subscription: a clinic, a person, or the admins together."""
    return Owner(name, "owner")
