"""Each kind of difference, made by hand: what is changed where all was right, and what the recount has to say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.recount.snapshot import Bucket, Buckets, Snapshot

Change = Callable[[Snapshot], None]

LONG_AGO, FAR_OFF = "2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Tampering:
    """A change, and words that tell the difference that it makes."""

    change: Change
    told: str


def list_tampering() -> dict[str, Tampering]:
    """Return every kind of difference by its name."""
    return {name: Tampering(change, told) for name, change, told in _list_all()}


def _list_all() -> Iterator[tuple[str, Change, str]]:
    yield from _list_uploads()
    yield from _list_sums()
    yield from _list_studies()
    yield from _list_feed()
    yield from _list_records()
    yield from _list_objects()


def _list_uploads() -> Iterator[tuple[str, Change, str]]:
    for name in (
        "n_accepted", "n_rejected", "n_expired", "n_failed", "n_deleted", "c_accepted", "c_rejected",
        "handled_rejected", "with_warnings", "duplicates", "documents", "repeats", "replaced", "held", "inside",
    ):  # fmt: skip
        yield f"an upload counts {name} once more", _add("UPLOAD#", "#COUNTS", name), f"counts {name}"
        if name not in {"held", "inside"}:
            yield f"an upload counts {name} once less", _add("UPLOAD#", "#COUNTS", name, -1), f"counts {name}"
    yield "an archive waits that does not", _set("UPLOAD#", "#COUNTS", "unsettled", 1), "counts unsettled 1"
    yield "a cause is counted twice", _add_any("UPLOAD#", "#COUNTS", "cause_"), "counts cause_"
    yield "a cause is counted that no file has", _set("UPLOAD#", "#COUNTS", "cause_0#other", 1), "counts cause_0#other"
    yield "an upload's sums are gone", _drop("UPLOAD#", "#COUNTS"), "counts n_accepted 0"
    yield "an upload declares one more", _add("UPLOAD#", "#META", "declared"), "declares"
    yield "an upload announced one less", _add("UPLOAD#", "#META", "announced", -1), "announced files"
    yield "an upload is gone", _drop("UPLOAD#", "#META"), "is not in the table itself"
    yield "an upload's sums are another clinic's", _set("UPLOAD#", "#COUNTS", "clinic_id", "x"), "of several clinics"
    yield "a batch awaits one more", _add("UPLOAD#", "#AWAITED#", "rest"), "awaits"
    yield "a batch is gone", _drop("UPLOAD#", "#AWAITED#", "clinic_state"), "awaits 0 files"
    yield "a batch stands in no list", _remove("UPLOAD#", "#AWAITED#", "clinic_state"), "that no list tells"
    yield "an upload's share of a study is wrong", _add_any("UPLOAD#", "#STUDY#", "n_"), "of study"
    yield "an upload's share of a study is gone", _drop("UPLOAD#", "#STUDY#"), "tells nothing of study"


def _list_sums() -> Iterator[tuple[str, Change, str]]:
    yield "a clinic holds a file more", _add("HOLDINGS", "", "files"), "holds"
    yield "a clinic holds other bytes", _add("HOLDINGS", "", "bytes", -7), "holds"
    yield "a clinic's holdings are gone", _drop("HOLDINGS", ""), "holds 0 files"
    for kind, called in (("MINUTES#", "Minutes"), ("HOURS#", "Hours"), ("DAYS#", "Days")):
        for name in ("n_accepted", "n_rejected", "bytes"):
            yield f"{kind} count {name} once more", _add(kind, "", name), f"{called} "
        for name in ("ms_", "code_", "dev_"):
            yield f"{kind} count one {name} once less", _add_any(kind, "", name, -1), f"{called} "
        yield f"{kind} are gone", _drop(kind, ""), f"{called} "
    yield "what was accepted again is not counted", _remove("DAYS#", "", "accepted_again"), "count accepted_again 0"
    yield "devices are counted otherwise than they are", _add("DEVICES#", "", "devices"), "not counted as so many"
    yield "a device was told that made nothing", _set("DEVICES#", "", "dev_000000000000", "x"), "The devices of"
    yield "a board counts an exam more", _add_any("BOARD#", "#COUNTS", "n_"), "states otherwise"
    yield "a board counts a label that no exam has", _count_label, "labels otherwise"
    yield "an exam carries a label that no list tells", _set("STUDY#", "#META", "labels", {"x": "y"}), "labels"


def _list_studies() -> Iterator[tuple[str, Change, str]]:
    for name in ("instances", "bytes", "numbered"):
        yield f"a study has {name} one more", _add("STUDY#", "#META", name), f"has {name}"
    yield "a study has a rejected file more", _add("STUDY#", "#META", "rejected"), "has rejected"
    for name in ("instances", "numbered"):
        yield f"a series has {name} one less", _add("STUDY#", "SERIES#", name, -1), f"has {name}"
    yield "a study is gone", _drop("STUDY#", "#META", "state"), "has instances 0"
    yield "a series is gone", _drop("STUDY#", "SERIES#"), "has instances 0"
    for name in ("modalities", "study_dates", "patients", "series", "uploads"):
        yield f"a study lost its {name}", _remove("STUDY#", "#META", name), f"holds 0 {name}"
    yield "a study got a modality", _set("STUDY#", "#META", "modalities", {"CT", "MR"}), "holds 2 modalities"
    yield "a series lost a number", _change("STUDY#", "SERIES#", "numbers", lambda held: {*list(held)[1:]}), "numbers"
    yield "a series lost its frame", _remove("STUDY#", "SERIES#", "frames_of_reference"), "frames_of_reference"
    yield "a study tells nothing of its series", _remove_any("STUDY#", "#META", "series_"), "tells of 0 series"
    gaps = _change_any("STUDY#", "#META", "series_", lambda told: {**told, "missing": 7})
    yield "a study tells other gaps than its series", gaps, "tells other numbers of series"
    yield (
        "a study's first file came earlier",
        _set("STUDY#", "#META", "first_at", LONG_AGO),
        "has first_at",
    )
    yield (
        "a study's last file came later",
        _set("STUDY#", "#META", "last_at", FAR_OFF),
        "has last_at",
    )
    yield (
        "a study was seen at no file's time",
        _set("STUDY#", "#META", "seen_at", FAR_OFF),
        "was seen last",
    )
    yield "a study tells somebody else's name", _set("STUDY#", "#META", "exam_patient_name", "x"), "a patient_name"
    yield "a study stands in another state", _set("STUDY#", "#META", "state", "complete"), "stands as complete"
    yield "a study stands in another list", _set("STUDY#", "#META", "clinic_state", "x"), "another list"
    yield "a study stands at another time", _set("STUDY#", "#META", "created_key", "x"), "another place"
    yield "a study is not found by its date", _drop("STUDY#", "VIEW#ON#"), "is not found under 1"
    yield "a study is not found by its modality", _drop("STUDY#", "VIEW#BY#"), "is not found under 1"
    yield "a study is not found by its patient", _drop("STUDY#", "VIEW#OF#"), "is not found under 1"
    yield "a study is not found by a term", _drop("STUDY#", "VIEW#FIND#"), "a term"
    yield "a study expects other images", _add("STUDY#", "#META", "expected_images"), "images, what is expected"
    yield "a study has no keys", _remove("STUDY#", "#META", "match_keys"), "has 0 keys"
    yield "a study left no mark", _drop("MATCH#", "#CAME"), "left no mark"


def _list_feed() -> Iterator[tuple[str, Change, str]]:
    yield "a feed's head stands further on", _add("CHANGES#", "~HEAD", "preceding"), "The head of the feed"
    yield "a feed's head is gone", _drop("CHANGES#", "~HEAD"), "The head of the feed"
    yield "a part of a feed is gone", _drop("CHANGES#", "0"), "lacks revision"
    yield "a part says that fewer precede it", _add("CHANGES#", "0", "preceding", -1), "other numbers"
    yield "a part begins too late", _shift_part, "a gap or an overlap"
    yield "a change is told twice", _change("CHANGES#", "0", "rows", lambda rows: [*rows, rows[0]]), "2 times"
    yield "a change is told of no file", _edit_row(file_id="01kanqzzzz0000000000000000-00000"), "no record knows"
    yield "a change is told with another state", _edit_row(after="failed"), "another after"
    yield "a change is told as from another state", _edit_row(before="failed"), "another before"
    yield "a change is told at another time", _edit_row(at=LONG_AGO), "another at"
    yield "a change is told of another upload", _edit_row(upload_id="x"), "another upload_id"
    yield "a change is told with another cause", _edit_row(codes=["x"]), "another codes"
    yield "changes are told in another order", _reverse_feed, "behind a later one"


def _list_records() -> Iterator[tuple[str, Change, str]]:
    yield "a record is a revision ahead", _edit_file("accepted", revision=9), "its timeline tells"
    yield "a record is in another state than its story", _edit_file("accepted", state="failed"), "its timeline ends"
    yield "a record took an unheard-of step", _append_step("accepted", "expired"), "which no file does"
    yield (
        "a record's steps go back in time",
        _append_step("rejected", "dealt-with", LONG_AGO),
        "older than the one before",
    )
    yield "a record is gone", _drop_file("accepted"), "which the clinic does not have"
    yield "a duplicate's first is none", _edit_file("accepted", duplicate_of="x"), "is a duplicate of file x"
    yield "an entry's archive is none", _edit_file("accepted", parent="x"), "is an entry of file x"
    yield "a file's replacement is none", _edit_file("rejected", replaced_by="x"), "was replaced by file x"
    yield "a file's successor is none", _edit_file("accepted", superseded_by="x"), "was superseded by file x"
    yield "an image is stored twice", _store_twice, "are stored as the same image"
    yield "an image holds no claim", _drop_claims, "holds no claim"
    yield "a claim is of nobody's file", _set("CLAIM#", "", "file_id", "x"), "which the clinic does not have"
    yield "a claim is of a file that was refused", _claim_rejected, "does not hold it"


def _list_objects() -> Iterator[tuple[str, Change, str]]:
    yield "an accepted object is gone", _take_object("accepted"), "nothing is there of its accepted object"
    yield "a quarantined object is gone", _take_object("quarantine"), "nothing is there of its quarantine object"
    yield "a delete marker lies over an object", _hide_object, "a delete marker lies over"
    yield "an object was written over", _write_over, "another version of its accepted object"
    yield "an object has other bytes", _resize_object, "bytes, its accepted object"
    yield "an object is of no record", _plant("accepted", "northside/2026/11/22/x"), "are of no record"
    yield "an object is another clinic's", _plant_of_other, "are of no record"
    yield "a copy of a duplicate was left", _plant_copy, "its record names it no more"
    yield "an accepted file lies in quarantine", _swap_bucket("accepted", "quarantine"), "lies in the quarantine bucket"
    yield "a rejected file lies with the accepted", _swap_bucket("rejected", "accepted"), "lies in the accepted bucket"
    yield "a deleted file stands", _plant_deleted, "was deleted, and its object still stands"
    yield "an arrival has no record", _plant("incoming", "northside/dropped/1/a.dcm"), "arrived and has no record"
    yield "a second version arrived and has no record", _arrive_again, "arrived and has no record"
    yield "a file arrived and was not judged", _arrive_unjudged, "has arrived and has no verdict"
    yield "a file names no object", _edit_file("rejected", stored=None), "names no object"


def _find(snapshot: Snapshot, kind: str, sort: str, having: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    for partition, items in snapshot.items.items():
        for name, item in items.items():
            has = not having or any(attribute.startswith(having) for attribute in item)
            if partition.startswith(kind) and name.startswith(sort) and has:
                yield partition, name, item


def _change(kind: str, sort: str, attribute: str, make: Callable[[Any], Any]) -> Change:
    def change(snapshot: Snapshot) -> None:
        found = list(_find(snapshot, kind, sort))
        _, _, item = next((one for one in found if attribute in one[2]), found[0])
        item[attribute] = make(item.get(attribute, 0))

    return change


def _change_any(kind: str, sort: str, begins: str, make: Callable[[Any], Any]) -> Change:
    def change(snapshot: Snapshot) -> None:
        _, _, item = next(_find(snapshot, kind, sort, begins))
        name = next(name for name in item if name.startswith(begins))
        item[name] = make(item[name])

    return change


def _set(kind: str, sort: str, attribute: str, value: Any) -> Change:
    return _change(kind, sort, attribute, lambda _: value)


def _add(kind: str, sort: str, attribute: str, amount: int = 1) -> Change:
    return _change(kind, sort, attribute, lambda held: held + amount)


def _add_any(kind: str, sort: str, begins: str, amount: int = 1) -> Change:
    return _change_any(kind, sort, begins, lambda held: held + amount)


def _remove(kind: str, sort: str, attribute: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        _, _, item = next(one for one in _find(snapshot, kind, sort) if attribute in one[2])
        del item[attribute]

    return change


def _remove_any(kind: str, sort: str, begins: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        _, _, item = next(_find(snapshot, kind, sort, begins))
        for name in [name for name in item if name.startswith(begins)]:
            del item[name]

    return change


def _drop(kind: str, sort: str, having: str = "") -> Change:
    def change(snapshot: Snapshot) -> None:
        # Of uploads, one with verdicts.
        found = [one for one in _find(snapshot, kind, sort, having) if sort != "#COUNTS" or one[2].get("n_accepted")]
        partition, name, _ = found[0]
        del snapshot.items[partition][name]

    return change


def _count_label(snapshot: Snapshot) -> None:
    partition, _, item = next(_find(snapshot, "BOARD#", "#COUNTS"))
    snapshot.items[partition]["#LABELS"] = {"clinic_id": item["clinic_id"], "n_label": 1}


def _list_parts(snapshot: Snapshot) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the parts of a feed that has several."""
    found = sorted(_find(snapshot, "CHANGES#northside", "0"), key=lambda one: one[1])
    assert len(found) > 1
    return found


def _shift_part(snapshot: Snapshot) -> None:
    partition, name, item = _list_parts(snapshot)[-1]
    del snapshot.items[partition][name]
    snapshot.items[partition][f"{int(name) + 1:015d}"] = {**item, "preceding": item["preceding"] + 1}


def _edit_row(**told: Any) -> Change:
    def change(snapshot: Snapshot) -> None:
        wanted = "rejected" if "codes" in told else "accepted"
        _, _, item = next(
            one for one in _find(snapshot, "CHANGES#", "0") if any(row["after"] == wanted for row in one[2]["rows"])
        )
        rows = item["rows"]
        place = next(place for place, row in enumerate(rows) if row["after"] == wanted)
        item["rows"] = [*rows[:place], {**rows[place], **told}, *rows[place + 1 :]]

    return change


def _reverse_feed(snapshot: Snapshot) -> None:
    parts = _list_parts(snapshot)
    rows = [row for _, _, item in parts for row in item["rows"]][::-1]
    for _, _, item in parts:
        item["rows"], rows = rows[: len(item["rows"])], rows[len(item["rows"]) :]


def _find_file(snapshot: Snapshot, state: str) -> dict[str, Any]:
    """Return the record of an image that was sent by itself, or of anything else in a state."""
    found = [item for _, _, item in _find(snapshot, "UPLOAD#", "FILE#") if item["state"] == state]
    plain = [one for one in found if one.get("kind") == "dicom" and not (one.get("duplicate_of") or one.get("parent"))]
    return (plain or found)[0]


def _edit_file(state: str, /, **told: Any) -> Change:
    def change(snapshot: Snapshot) -> None:
        _find_file(snapshot, state).update(told)

    return change


def _drop_file(state: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        item = _find_file(snapshot, state)
        del snapshot.items[item["pk"]][item["sk"]]

    return change


def _append_step(state: str, event: str, at: str = FAR_OFF) -> Change:
    def change(snapshot: Snapshot) -> None:
        item = _find_file(snapshot, state)
        item["timeline"] = [*item["timeline"], {"at": at, "actor": "x", "event": event}]

    return change


def _store_twice(snapshot: Snapshot) -> None:
    item = _find_file(snapshot, "accepted")
    other = next(
        one
        for _, _, one in _find(snapshot, "UPLOAD#", "FILE#")
        if one["state"] == "accepted" and one.get("duplicate_of") and one["clinic_id"] == item["clinic_id"]
    )
    other["metadata"] = {**other["metadata"], "sop_instance_uid": item["metadata"]["sop_instance_uid"]}
    other.update(duplicate_of=None, study_of=item["study_of"], study_place=item["study_place"], kind="dicom")


def _drop_claims(snapshot: Snapshot) -> None:
    for partition in [one for one in snapshot.items if one.startswith("CLAIM#") and "#sop:" in one]:
        del snapshot.items[partition]


def _claim_rejected(snapshot: Snapshot) -> None:
    item = _find_file(snapshot, "rejected")
    _, _, claim = next(_find(snapshot, f"CLAIM#{item['clinic_id']}#", ""))
    claim["file_id"] = item["file_id"]


def _bucket(snapshot: Snapshot, name: str) -> Bucket:
    assert snapshot.buckets
    return getattr(snapshot.buckets, name)


def _named_key(snapshot: Snapshot, bucket: str) -> str:
    """Return the key of an object that a record names."""
    name = _bucket(snapshot, bucket).name
    named = [item["stored"] for _, _, item in _find(snapshot, "UPLOAD#", "FILE#") if item.get("stored")]
    return next(one["key"] for one in named if one["bucket"] == name)


def _take_object(bucket: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        state = "accepted" if bucket == "accepted" else "rejected"
        del _bucket(snapshot, bucket).versions[_find_file(snapshot, state)["stored"]["key"]]

    return change


def _edit_versions(snapshot: Snapshot, key: str, **told: Any) -> None:
    versions = _bucket(snapshot, "accepted").versions
    versions[key] = [replace(one, **told) for one in versions[key]]


def _hide_object(snapshot: Snapshot) -> None:
    key, versions = _named_key(snapshot, "accepted"), _bucket(snapshot, "accepted").versions
    marker = replace(versions[key][0], version_id="marker", is_marker=True)
    versions[key] = [replace(one, is_latest=False) for one in versions[key]] + [marker]


def _write_over(snapshot: Snapshot) -> None:
    key, versions = _named_key(snapshot, "accepted"), _bucket(snapshot, "accepted").versions
    newer = replace(versions[key][0], version_id="newer")
    versions[key] = [replace(one, is_latest=False) for one in versions[key]] + [newer]


def _resize_object(snapshot: Snapshot) -> None:
    _edit_versions(snapshot, _find_file(snapshot, "accepted")["stored"]["key"], size=1)


def _plant(bucket: str, key: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        held = _bucket(snapshot, bucket).versions
        one = next(iter(held.values()))[0]
        held[key] = [replace(one, key=key, version_id="planted", size=10)]

    return change


def _plant_of_other(snapshot: Snapshot) -> None:
    key = _named_key(snapshot, "accepted")
    clinic, _, rest = key.partition("/")
    _plant("accepted", f"{'lakeview' if clinic == 'northside' else 'northside'}/{rest}")(snapshot)


def _plant_copy(snapshot: Snapshot) -> None:
    item = next(
        item
        for _, _, item in _find(snapshot, "UPLOAD#", "FILE#")
        if item.get("duplicate_of") and item["state"] == "accepted"
    )
    _plant("accepted", item["incoming"]["key"])(snapshot)


def _swap_bucket(state: str, bucket: str) -> Change:
    def change(snapshot: Snapshot) -> None:
        item = _find_file(snapshot, state)
        key = item["stored"]["key"]
        _plant(bucket, key)(snapshot)
        item["stored"] = {"bucket": _bucket(snapshot, bucket).name, "key": key, "version_id": "planted"}

    return change


def _plant_deleted(snapshot: Snapshot) -> None:
    item = next(item for _, _, item in _find(snapshot, "UPLOAD#", "FILE#") if item["state"] == "deleted")
    _plant("quarantine", item["stored"]["key"])(snapshot)


def _arrive_again(snapshot: Snapshot) -> None:
    held = _bucket(snapshot, "incoming").versions
    key = next(iter(held))
    held[key] = [*held[key], replace(held[key][0], version_id="second")]


def _arrive_unjudged(snapshot: Snapshot) -> None:
    item = next(item for _, _, item in _find(snapshot, "UPLOAD#", "FILE#") if item["state"] == "awaiting_upload")
    _plant("incoming", item["incoming"]["key"])(snapshot)


def copy_of(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot whose items and versions may be changed; what lies within their attributes may not."""
    items = {pk: {sk: dict(item) for sk, item in of.items()} for pk, of in snapshot.items.items()}
    assert snapshot.buckets
    names = ("incoming", "accepted", "quarantine")
    held = (_bucket(snapshot, name) for name in names)
    return Snapshot(items, Buckets(*(Bucket(one.name, dict(one.versions)) for one in held)))
