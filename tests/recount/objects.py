"""Every object and every version in the buckets, held against the records that name them, and the other way round."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.recount.snapshot import Bucket, Buckets, Snapshot, Version
from tests.recount.stories import Story

_NO_FILES = ("malware-protection-resource-validation-object",)
_OWN = re.compile(r"[^/]+/\d{4}/\d\d/\d\d/[0-9a-z]{26}/(?P<file>[0-9a-z]{26}-(?:[0-9]{5}|[0-9a-z]{26}))")


def check_objects(snapshot: Snapshot, is_carrier: Callable[[str], bool], *, copied_once: bool) -> Iterator[str]:
    """Compare objects and records. `is_carrier` says by its key whether an arrival is none that anybody means to
    send: such a one has no record. `copied_once`: S3 copies nothing over what stands there."""
    buckets = snapshot.buckets
    if buckets is None:
        return
    for story in snapshot.stories.values():
        yield from (f"File {story.file_id} {what}" for what in _check_record(story, snapshot, buckets, copied_once))
    yield from _check_stored(snapshot, buckets.accepted)
    yield from _check_stored(snapshot, buckets.quarantine)
    yield from _check_arrivals(snapshot, buckets.incoming, is_carrier)


def _check_record(story: Story, snapshot: Snapshot, buckets: Buckets, copied_once: bool) -> Iterator[str]:
    """Look whether the very version stands that a record names, and none of a file that has to wait for it."""
    incoming, stored, moved = story.item["incoming"], story.item.get("stored"), _find_moved(story, snapshot)
    stored = moved or stored
    bucket = buckets.find(stored["bucket"]) if stored else None
    if story.state == "awaiting_upload":
        if buckets.incoming.name == incoming["bucket"] and buckets.incoming.find_current(incoming["key"]):
            yield "has arrived and has no verdict."
    elif story.state == "deleted":
        if stored and bucket and bucket.find_current(stored["key"]):
            yield f"was deleted, and its object still stands in the {_call(bucket, buckets)} bucket."
    elif story.state in {"accepted", "rejected"}:
        if not stored or bucket is None:
            # What a test made by hand, of other buckets, has no objects here.
            if incoming["bucket"] == buckets.incoming.name:
                yield f"is {story.state} and names no object of the stack."
        else:
            yield from _check_named(story, stored, bucket, _call(bucket, buckets), copied_once)
            if not moved:
                yield from _check_side(story, stored, bucket, buckets)


def _find_moved(story: Story, snapshot: Snapshot) -> dict[str, Any] | None:
    """Return where a duplicate archive's bytes are that moved with its first's verdict (ADR 0042)."""
    first = snapshot.stories.get(story.duplicate_of) if story.kind == "zip" else None
    return first.item.get("stored") if first and first.state == "rejected" else None


def _check_named(story: Story, stored: dict[str, Any], bucket: Bucket, where: str, copied_once: bool) -> Iterator[str]:
    found = bucket.find_current(stored["key"])
    if found is None:
        hidden = bucket.has_version(stored["key"], stored.get("version_id") or "null")
        trouble = "a delete marker lies over" if hidden else "nothing is there of"
        yield f"is {story.state}, and {trouble} its {where} object."
    elif not (_is_named(stored, found) or (not copied_once and bucket.has_version(found.key, stored["version_id"]))):
        yield f"names another version of its {where} object than the newest."
    elif stored["key"].endswith(f"/{story.file_id}") and found.size != story.item["size"]:
        yield f"has {story.item['size']} bytes, its {where} object {found.size}."


def _is_named(stored: dict[str, Any], found: Version) -> bool:
    return stored.get("version_id") in {None, found.version_id}


def _check_side(story: Story, stored: dict[str, Any], bucket: Bucket, buckets: Buckets) -> Iterator[str]:
    """Look whether a file's bytes lie where its verdict sends them; a damaged entry's lie in its archive."""
    in_archive = bool(story.parent) and not stored["key"].endswith(f"/{story.file_id}")
    side = buckets.accepted if story.state == "accepted" else buckets.quarantine
    if bucket is not side and not in_archive:
        yield f"is {story.state}, and its object lies in the {_call(bucket, buckets)} bucket."


def _check_stored(snapshot: Snapshot, bucket: Bucket) -> Iterator[str]:
    """Look whether a record claims each object, and whose each version once was."""
    assert snapshot.buckets
    where = _call(bucket, snapshot.buckets)
    for key, versions in bucket.versions.items():
        match = _OWN.fullmatch(key)
        owner = snapshot.stories.get(match["file"]) if match else None
        if owner is None or not key.startswith(f"{owner.clinic_id}/"):
            yield f"{len(versions)} versions of an object {_name(key)} in the {where} bucket are of no record."
        elif bucket.find_current(key) and not _claims(owner, bucket, key, snapshot.buckets):
            yield f"An object of file {owner.file_id} stands in the {where} bucket, and its record names it no more."


def _claims(story: Story, bucket: Bucket, key: str, buckets: Buckets) -> bool:
    stored = story.item.get("stored") or {}
    if story.state in {"accepted", "rejected"} and (stored.get("bucket"), stored.get("key")) == (bucket.name, key):
        return True
    # Quarantine keeps what was rejected once, also when it was accepted later.
    was_rejected = any(step.after == "rejected" for step in story.steps)
    return bucket is buckets.quarantine and story.state == "accepted" and was_rejected


def _check_arrivals(snapshot: Snapshot, bucket: Bucket, is_carrier: Callable[[str], bool]) -> Iterator[str]:
    told = {
        (story.item["incoming"]["key"], story.item["incoming"].get("version_id"))
        for story in snapshot.stories.values()
        if story.item["incoming"]["bucket"] == bucket.name
    }
    for key, versions in bucket.versions.items():
        for one in versions:
            if not (one.is_marker or _is_no_file(one) or is_carrier(key)) and (key, one.version_id) not in told:
                # Of a file that failed or expired before it was looked at, the record knows the key alone.
                match = _OWN.fullmatch(key)
                known = snapshot.stories.get(match["file"]) if match else None
                if known is None or (key, None) not in told:
                    yield f"A version of an object {_name(key)} arrived and has no record."


def _is_no_file(one: Version) -> bool:
    return one.key in _NO_FILES or (one.size == 0 and one.key.endswith("/"))


def _name(key: str) -> str:
    """Return what may be said of a key: only one that the system made tells nothing else."""
    match = _OWN.fullmatch(key)
    return f"of {match['file']}" if match else f"that begins with {key.partition('/')[0][:12]!r}"


def _call(bucket: Bucket, buckets: Buckets) -> str:
    names = {buckets.incoming.name: "incoming", buckets.accepted.name: "accepted"}
    return names.get(bucket.name, "quarantine")
