"""Building writes of a table: each states whose the item is that it changes, and changes no other's.

What builds a write takes an owner and cannot be called without one. The write then goes through only where the item is
that owner's, or where there is none yet, and it leaves the owner in the item
(docs/adr/0031-every-write-states-whose-it-is.md). No other module builds one, and a test keeps it so.

Source: Amazon DynamoDB Developer Guide, "Update expressions", "Condition expressions".
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intake.table.items import Item


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


@dataclass(frozen=True, slots=True)
class Write:
    """One put or update of an item."""

    action: Literal["Put", "Update"]
    request: dict[str, Any]
    """As DynamoDB takes it, but for the table's name, and with items and values as plain ones."""


def creation(item: Item, owner: Owner) -> Write:
    """Return the put that writes an item where there is none of its keys."""
    return Write(
        "Put",
        {
            "Item": _add_owner(item, owner),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    )


def replacement(
    item: Item, owner: Owner, *, condition: str = "", values: Item | None = None, new: bool = True
) -> Write:
    """Return the put that writes an item over its owner's, where the condition holds, or, if `new`, where none is."""
    mine, whose, owned = _require_owner(owner, strict=False)
    conditions = _join_conditions(mine, condition, or_missing="pk" if condition and new else "")
    given = {**(values or {}), **owned}
    return Write(
        "Put",
        {
            "Item": _add_owner(item, owner),
            **conditions,
            **({"ExpressionAttributeNames": whose} if whose else {}),
            **({"ExpressionAttributeValues": given} if given else {}),
        },
    )


def update(
    key: Item,
    owner: Owner,
    *,
    sets: Item | None = None,
    initial: Item | None = None,
    sums: Mapping[str, int] | None = None,
    members: Mapping[str, set[Any]] | None = None,
    remove: Sequence[str] = (),
    also: Sequence[str] = (),
    condition: str = "",
    values: Item | None = None,
    names: Mapping[str, str] | None = None,
    new: bool = False,
    or_missing: str = "",
) -> Write:
    """Return the update of an owner's item; with `new`, it may also be missing, or be of times that told no owner.

    It sets `sets` (None removes), sets `initial` where there is none yet, adds `sums` and set `members`, and assigns
    what `also` says. Placeholders for attributes are their names, those that `condition` needs stand in `names`.
    Where the item has no attribute `or_missing`, no condition has to hold.
    """
    mine, whose, owned = _require_owner(owner, strict=not new)
    first = {**(_name_owner(owner) if new else {}), **(initial or {})}
    added: Item = {**{name: amount for name, amount in (sums or {}).items() if amount}, **(members or {})}
    expression, placeholders, given = _write_expression(sets or {}, first, added, remove, also)
    return Write(
        "Update",
        {
            "Key": key,
            "UpdateExpression": expression,
            **_join_conditions(mine, condition, or_missing=or_missing),
            "ExpressionAttributeNames": {**placeholders, **whose, **(names or {})},
            "ExpressionAttributeValues": {**given, **(values or {}), **owned},
        },
    )


def addition(
    key: Item,
    sums: Counter[str],
    owner: Owner,
    *,
    sets: Item | None = None,
    initial: Item | None = None,
    remove: Sequence[str] = (),
) -> Write:
    """Return the update that adds `sums`, sets `sets`, and sets `initial` where there is none yet."""
    return update(key, owner, sets=sets, initial=initial, sums=sums, remove=remove, new=True)


_SET = re.compile(r"(#\w+) = (?:if_not_exists\(#\w+, (:\w+)\)|(:\w+))")
_ADD = re.compile(r"(#\w+) (:\w+)")


def foresee(update: Write, standing: Item) -> Item:
    """Return an item as an update would leave it: what is set, set at first and added, by the update's own values."""
    item = {**update.request["Key"], **standing}
    names, values = update.request["ExpressionAttributeNames"], update.request["ExpressionAttributeValues"]
    sets, _, rest = update.request["UpdateExpression"].partition("ADD ")
    for name, first, value in _SET.findall(sets):
        if not first or names[name] not in item:
            item[names[name]] = values[first or value]
    for name, value in _ADD.findall(rest.partition(" REMOVE ")[0]):
        more, known = values[value], item.get(names[name])
        item[names[name]] = more if known is None else known | more if isinstance(more, set) else known + more
    return item


def _write_expression(
    sets: Item, initial: Item, added: Item, remove: Sequence[str], also: Sequence[str]
) -> tuple[str, dict[str, str], Item]:
    """Return an update's expression, what its placeholders stand for, and their values.

    Names may hold hyphens, which placeholders may not, so these are numbered.
    """
    slots = {name: f"a{index}" for index, name in enumerate(dict.fromkeys((*sets, *initial, *added, *remove)))}
    kept = {name: value for name, value in sets.items() if value is not None}
    begun = {name: value for name, value in initial.items() if name not in sets}
    clauses = {
        "SET": [
            *(f"#{slots[name]} = :{slots[name]}" for name in kept),
            *(f"#{slots[name]} = if_not_exists(#{slots[name]}, :{slots[name]})" for name in begun),
            *also,
        ],
        "ADD": [f"#{slots[name]} :{slots[name]}" for name in added],
        "REMOVE": [f"#{slots[name]}" for name in (*remove, *(name for name in sets if name not in kept))],
    }
    expression = " ".join(f"{verb} {', '.join(terms)}" for verb, terms in clauses.items() if terms)
    values = {f":{slots[name]}": value for name, value in {**kept, **begun, **added}.items()}
    return expression, {f"#{slot}": name for name, slot in slots.items()}, values


def _join_conditions(*terms: str, or_missing: str) -> dict[str, str]:
    said = [term for term in terms if term]
    # DynamoDB refuses parentheses that part nothing.
    told = " AND ".join(f"({term})" for term in said) if len(said) > 1 else "".join(said)
    if or_missing:
        told = f"attribute_not_exists({or_missing}) OR ({told})"
    return {"ConditionExpression": told, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if told else {}


def _require_owner(owner: Owner, *, strict: bool) -> tuple[str, dict[str, str], Item]:
    """Return the condition that an item is its owner's, or, if not `strict`, nobody else's."""
    if owner == SYSTEM:
        return "", {}, {}
    mine = "#whose = :whose" if strict else "attribute_not_exists(#whose) OR #whose = :whose"
    return mine, {"#whose": owner.attribute}, {":whose": owner.name}


def _name_owner(owner: Owner) -> Item:
    return {} if owner == SYSTEM else {owner.attribute: owner.name}


def _add_owner(item: Item, owner: Owner) -> Item:
    """Return an item that says whose it is. Raises ValueError for one that says that it is another's."""
    mark = _name_owner(owner)
    if any(item.get(name, whose) != whose for name, whose in mark.items()):
        raise ValueError("the item is another owner's")
    return {**item, **mark}
