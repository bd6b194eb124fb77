"""What moves a file's record from state to state: one write, on the condition of what it was."""

from collections.abc import Collection, Sequence
from datetime import datetime

from intake.files.item_keys import file_key, index_by_content, index_by_state
from intake.files.keys import KeyedIds
from intake.files.model import (
    FileRecord,
    FileSummary,
    Finding,
    ObjectVersion,
    Source,
    TimelineEntry,
    timestamp,
)
from intake.files.outcomes import PastVerdict, Verdict
from intake.files.states import State
from intake.records.file_items import file_item, finding_attributes, object_map, past_map, timeline_map
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item, pack


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
    past: PastVerdict | None = None,
    expired_at: datetime | None = None,
) -> Write:
    """Return the update that moves a file's record, appends to its timeline and counts its revision.

    The record must be the clinic's and in one of `sources`; and it must have reserved the bucket and key of `incoming`,
    the object that settles it, where an object does. What `sets` sets to None is removed. With `initial`, the record
    may also be missing and is then created with those attributes; an existing record keeps its own. With `revision`,
    it must not have changed since that one; `past` is what it counted until then. With `expired_at`, its time to arrive
    must be over then.
    """
    states = {f":from_{state}": state.value for state in sources}
    conditions = [f"#state IN ({', '.join(states)})"]
    names = {"#state": "state", "#timeline": "timeline", "#revision": "revision"}
    values: Item = {**states, ":entries": [*map(timeline_map, entries)], ":none": [], ":zero": 0, ":one": 1}
    if incoming is not None:
        conditions.append("#incoming.#bucket = :bucket AND #incoming.#key = :key")
        names |= {"#incoming": "incoming", "#bucket": "bucket", "#key": "key"}
        values |= {":bucket": incoming.bucket, ":key": incoming.key}
    if revision is not None:
        conditions.append("#revision = :revision")
        values[":revision"] = revision
    if expired_at is not None:
        conditions.append("expires_at <= :expired_at")
        values[":expired_at"] = timestamp(expired_at)
    appended = {"timeline": ":entries"}
    if past is not None:
        appended["past"] = ":past"
        names |= {"#past": "past"}
        values[":past"] = [past_map(past)]
    return update(
        file_key(file_id),
        clinic(clinic_id),
        sets=sets,
        initial=initial,
        also=[
            *(f"#{name} = list_append(if_not_exists(#{name}, :none), {more})" for name, more in appended.items()),
            "#revision = if_not_exists(#revision, :zero) + :one",
        ],
        condition=" AND ".join(conditions),
        values=values,
        names=names,
        or_missing="" if initial is None else "#state",
    )


def state_attributes(
    file: FileRecord | FileSummary | Verdict, state: State, at: datetime, findings: tuple[Finding, ...] = ()
) -> Item:
    """Return what every move of a record sets. What was said of the trouble that it was in before holds no longer."""
    place = index_by_state(file.clinic_id, file.file_id, state, findings)
    said = {"replaced_by": None, "dealt_with": None}
    return {**place, **said, "state": state.value, "updated_at": timestamp(at)}


def verdict_attributes(verdict: Verdict, ids: KeyedIds) -> Item:
    """Return what a verdict sets in its file's record."""
    timings = {"arrival_to_verdict": verdict.waited_ms, "judging": verdict.judging_ms}
    return {
        **state_attributes(verdict, verdict.state, verdict.decided_at, verdict.findings),
        **index_by_content(verdict.clinic_id, verdict.file_id, verdict.metadata, ids),
        "size": verdict.size,
        **({"sha256": verdict.sha256} if verdict.sha256 else {}),
        "incoming": object_map(verdict.incoming),
        "stored": object_map(verdict.stored),
        "kind": verdict.kind,
        **({"duplicate_of": verdict.duplicate_of} if verdict.duplicate_of else {}),
        "conflicts_with": verdict.conflicts_with or verdict.replaces,
        **finding_attributes(verdict.findings),
        "shadow": list(verdict.shadow) or None,
        **({"scan": verdict.scan.value} if verdict.scan else {}),
        "metadata": pack(verdict.metadata),
        "rules_version": verdict.rules_version,
        "profile_version": verdict.profile_version,
        **({} if verdict.again and verdict.again.judged else {"timings": timings}),
    }


def arrival_attributes(verdict: Verdict) -> Item:
    """Return what a record has that begins with its object's arrival instead of a reservation."""
    record = FileRecord(
        clinic_id=verdict.clinic_id,
        upload_id=verdict.upload_id,
        file_id=verdict.file_id,
        name=verdict.name,
        size=verdict.size,
        sha256=verdict.sha256,
        state=verdict.state,
        source=Source.DIRECT,
        created_at=verdict.arrived_at,
        created_by="s3",
        updated_at=verdict.decided_at,
        expires_at=verdict.arrived_at,
        incoming=verdict.incoming,
    )
    return initial_attributes(record)


def initial_attributes(record: FileRecord) -> Item:
    """Return what only the beginning of a record sets."""
    left_out = {"pk", "sk", "timeline", "revision"}
    return {name: value for name, value in file_item(record).items() if value is not None and name not in left_out}
