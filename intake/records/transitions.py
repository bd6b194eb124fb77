"""Moving files' records from state to state."""

from collections.abc import Collection, Sequence
from datetime import datetime

from intake.files.index_keys import by_state
from intake.files.item_keys import file_key
from intake.files.model import FileRecord, FileSummary, Finding, ObjectVersion, TimelineEntry, timestamp
from intake.files.states import State
from intake.records.file_items import timeline_map
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item


def transition(
    file_id: str,
    clinic_id: str,
    *,
    incoming: ObjectVersion | None,
    sources: Collection[State],
    sets: Item,
    entries: Sequence[TimelineEntry],
    initial: Item | None = None,
    revision: int | None = None,
) -> Write:
    """Return the update that moves a file's record, appends to its timeline and counts its revision.

    The record must be the clinic's and in one of `sources`; and it must have reserved the bucket and key of `incoming`,
    the object that settles it, where an object does. What `sets` sets to None is removed. With `initial`, the record
    may also be missing and is then created with those attributes; an existing record keeps its own. With `revision`,
    it must not have changed since that one.
    """
    states = {f":from_{state}": state.value for state in sources}
    conditions = [f"#state IN ({', '.join(states)})"]
    values: Item = {**states, ":entries": [*map(timeline_map, entries)], ":none": [], ":zero": 0, ":one": 1}
    if incoming is not None:
        conditions.append("#incoming.#bucket = :bucket AND #incoming.#key = :key")
        values |= {":bucket": incoming.bucket, ":key": incoming.key}
    if revision is not None:
        conditions.append("#revision = :revision")
        values[":revision"] = revision
    return update(
        file_key(file_id),
        clinic(clinic_id),
        sets=sets,
        initial=initial,
        also=[
            "#timeline = list_append(if_not_exists(#timeline, :none), :entries)",
            "#revision = if_not_exists(#revision, :zero) + :one",
        ],
        condition=" AND ".join(conditions),
        values=values,
        names={"#state": "state", "#timeline": "timeline", "#revision": "revision", **_place_names(incoming)},
        or_missing="" if initial is None else "#state",
    )


def state_attributes(
    file: FileRecord | FileSummary, state: State, at: datetime, findings: tuple[Finding, ...] = ()
) -> Item:
    """Return what every move of a record sets."""
    place = by_state(file.clinic_id, file.file_id, state, findings)
    return {**place, "state": state.value, "updated_at": timestamp(at)}


def _place_names(incoming: ObjectVersion | None) -> dict[str, str]:
    return {} if incoming is None else {"#incoming": "incoming", "#bucket": "bucket", "#key": "key"}
