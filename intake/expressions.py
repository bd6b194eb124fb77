"""Writing DynamoDB update expressions (source: Amazon DynamoDB Developer Guide, "Update expressions")."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from intake.file_items import timeline_map
from intake.items import Item, wire
from intake.record import TimelineEntry
from intake.states import State


def transition(
    *,
    table: str,
    key: Item,
    sources: Collection[State],
    sets: Item,
    entries: Sequence[TimelineEntry],
    initial: Item | None = None,
    revision: int | None = None,
) -> dict[str, Any]:
    """Return the arguments of an update that moves a file's record, appends to its timeline and counts its revision.

    The record must be in one of `sources`. What `sets` sets to None is removed. With `initial`, the record may also be
    missing and is then created with those attributes; an existing record keeps its own. With `revision`, it must not
    have changed since that one.
    """
    names = {f"#{name}": name for name in (*sets, *(initial or {}), "state", "timeline", "revision")}
    values: Item = {f":{name}": value for name, value in {**(initial or {}), **sets}.items() if value is not None}
    removed = [f"#{name}" for name, value in sets.items() if value is None]
    states = {f":from_{state}": state.value for state in sources}
    values |= states | {":entries": [*map(timeline_map, entries)], ":none": [], ":zero": 0, ":one": 1}
    assignments = [
        *(f"#{name} = :{name}" for name, value in sets.items() if value is not None),
        *(f"#{name} = if_not_exists(#{name}, :{name})" for name in initial or {} if name not in sets),
        "#timeline = list_append(if_not_exists(#timeline, :none), :entries)",
        "#revision = if_not_exists(#revision, :zero) + :one",
    ]
    condition = f"#state IN ({', '.join(states)})"
    if revision is not None:
        values[":revision"] = revision
        condition += " AND #revision = :revision"
    return {
        "TableName": table,
        "Key": wire(key),
        "UpdateExpression": f"SET {', '.join(assignments)}" + (f" REMOVE {', '.join(removed)}" if removed else ""),
        "ConditionExpression": condition if initial is None else f"attribute_not_exists(#state) OR {condition}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": wire(values),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def creation(table: str, item: Item) -> dict[str, Any]:
    """Return the arguments of a put that writes an item where there is none of its keys."""
    return {"TableName": table, "Item": wire(item), "ConditionExpression": "attribute_not_exists(pk)"}


def addition(
    table: str,
    key: Item,
    sums: Counter[str],
    *,
    sets: Item | None = None,
    initial: Item | None = None,
    remove: str | None = None,
) -> dict[str, Any]:
    """Return the arguments of an update that adds `sums`, sets `sets`, and sets `initial` where there is none yet."""
    added = {name: amount for name, amount in sums.items() if amount}
    values = {**(initial or {}), **(sets or {}), **added}
    # Names may hold hyphens, which placeholders may not, so these are numbered.
    slots = {name: f"a{index}" for index, name in enumerate(values)}
    assigned = [f"#{slots[name]} = :{slots[name]}" for name in sets or {}]
    assigned += [f"#{slots[name]} = if_not_exists(#{slots[name]}, :{slots[name]})" for name in initial or {}]
    clauses = {
        "SET": assigned,
        "ADD": [f"#{slots[name]} :{slots[name]}" for name in added],
        "REMOVE": [remove] if remove else [],
    }
    return {
        "TableName": table,
        "Key": wire(key),
        "UpdateExpression": " ".join(f"{verb} {', '.join(terms)}" for verb, terms in clauses.items() if terms),
        "ExpressionAttributeNames": {f"#{slot}": name for name, slot in slots.items()},
        "ExpressionAttributeValues": wire({f":{slot}": values[name] for name, slot in slots.items()}),
    }


def addition_to_sets(table: str, key: Item, sets: Mapping[str, set[Any]]) -> dict[str, Any]:
    """Return the arguments of an update that adds members to sets of texts or numbers."""
    return {
        "TableName": table,
        "Key": wire(key),
        "UpdateExpression": "ADD " + ", ".join(f"#{name} :{name}" for name in sets),
        "ExpressionAttributeNames": {f"#{name}": name for name in sets},
        "ExpressionAttributeValues": wire({f":{name}": members for name, members in sets.items()}),
    }
