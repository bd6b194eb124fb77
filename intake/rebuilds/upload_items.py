"""The items of one upload, each held against what its records make of it, and the write that mends it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from intake.files.item_keys import (
    COUNTS,
    META,
    STUDY_OF_UPLOAD,
    build_created_key,
    index_in_lists,
    list_in_uploads,
    study_of_upload_key,
    upload_key,
)
from intake.files.model import Source, timestamp
from intake.files.states import State
from intake.projections import contributions
from intake.records.pending import BATCH
from intake.recounts.comparison import add_missing, compare_counts
from intake.recounts.history import begins_alone
from intake.recounts.model import Difference, Mending
from intake.recounts.recount import UploadRecount
from intake.studies.study_items import WRITES
from intake.table.expressions import clinic, update
from intake.table.items import Item, expiry, moment


def compare_upload(standing: Mapping[str, Item], recount: UploadRecount) -> list[Mending]:
    """Return every item of an upload; first its counts, which each counting transaction of it writes to."""
    return [
        _compare_counts(standing.get(COUNTS, {}), recount),
        _compare_meta(standing.get(META, {}), recount),
        *_compare_filed(standing, recount),
        *_compare_batches(standing, recount),
    ]


def _compare_counts(item: Item, recount: UploadRecount) -> Mending:
    expected = recount.sums.get(contributions.COUNTS, Counter())
    differences = compare_counts(f"upload {recount.upload_id}", item, expected)
    write = update(
        upload_key(recount.upload_id, COUNTS),
        clinic(recount.first["clinic_id"]),
        sums={**add_missing(differences), WRITES: 1},
        initial={"updated_at": recount.last_at} if recount.last_at else {},
        condition="#writes = :writes" if WRITES in item else "attribute_not_exists(#writes)",
        names={"#writes": WRITES},
        values={":writes": item[WRITES]} if WRITES in item else {},
        new=True,
    )
    return Mending(write, differences)


def _compare_meta(item: Item, recount: UploadRecount) -> Mending:
    first, owner = recount.first, clinic(recount.first["clinic_id"])
    key, subject = upload_key(recount.upload_id), f"upload {recount.upload_id}"
    declared = recount.announced + recount.sums.get(contributions.DECLARED, Counter())["declared"]
    standing = item.get("declared", 0)
    differences = [Difference(subject, "declared", standing, declared)] if standing != declared else []
    # One that was lost, and that an archive's entries were declared in since, tells nothing else.
    facts = _describe_upload(recount) if "upload_id" not in item else {}
    if facts and not differences:
        differences = [Difference(subject, "its own item", 0, 1)]
    write = update(
        key,
        owner,
        sets=facts,
        sums={"declared": declared - standing},
        condition="declared = :standing" if "declared" in item else "attribute_not_exists(declared)",
        values={":standing": standing} if "declared" in item else {},
        new=True,
    )
    return Mending(write, differences if declared or first else [])


def _describe_upload(recount: UploadRecount) -> Item:
    """Return what an upload's records still tell of it. What its sender said of it (a reference, a note) is gone."""
    first = recount.first
    is_direct = begins_alone(first)
    told = {} if is_direct else {"announced": recount.announced, "announced_at": first["created_at"]}
    at = moment(first["timeline"][0]["at"] if is_direct else first["created_at"])
    return {
        **list_in_uploads(first["clinic_id"], recount.upload_id),
        "created_key": build_created_key(at, recount.upload_id),
        "upload_id": recount.upload_id,
        "clinic_id": first["clinic_id"],
        "created_at": timestamp(at),
        "created_by": first["created_by"],
        "source": Source.DIRECT.value if is_direct else first["source"],
        **told,
    }


def _compare_filed(standing: Mapping[str, Item], recount: UploadRecount) -> Iterator[Mending]:
    begins = f"{contributions.FILED}#"
    expected = {name.removeprefix(begins): sums for name, sums in recount.sums.items() if name.startswith(begins)}
    parts = {sort: one for sort, one in standing.items() if sort.startswith(STUDY_OF_UPLOAD)}
    there = {sort.removeprefix(STUDY_OF_UPLOAD): one for sort, one in parts.items()}
    for study_id in sorted({*expected, *there}):
        subject = f"study {study_id} of upload {recount.upload_id}"
        differences = compare_counts(subject, there.get(study_id, {}), expected.get(study_id, Counter()))
        facts = {name: text for name, text in recount.facts.get(f"{begins}{study_id}", {}).items() if text}
        write = update(
            study_of_upload_key(recount.upload_id, study_id),
            clinic(recount.first["clinic_id"]),
            sums=add_missing(differences),
            initial={"study_id": study_id, **facts},
            new=True,
        )
        yield Mending(write, differences)


def _compare_batches(standing: Mapping[str, Item], recount: UploadRecount) -> Iterator[Mending]:
    there = {moment(sort.removeprefix(BATCH)): one for sort, one in standing.items() if sort.startswith(BATCH)}
    for at in sorted({*there, *recount.awaited}):
        yield _compare_batch(at, there.get(at, {}), sorted(recount.awaited.get(at, ())), recount)


def _compare_batch(at: datetime, item: Item, awaited: list[str], recount: UploadRecount) -> Mending:
    clinic_id, upload_id = recount.first["clinic_id"], recount.upload_id
    rest = item.get("rest", 0)
    differences = [Difference(f"upload {upload_id}", f"awaited of {timestamp(at)}", rest, len(awaited))]
    facts: Item = {"clinic_state": None, "state_shard": None, "created_key": None, "expires": expiry()}
    if awaited:
        facts = {
            "clinic_id": clinic_id,
            "upload_id": upload_id,
            "created_at": timestamp(at),
            **index_in_lists(clinic_id, upload_id, State.AWAITING_UPLOAD),
            "created_key": build_created_key(at, awaited[0]),
            "last": awaited[-1],
            "expires": None,
        }
    write = update(
        upload_key(upload_id, f"{BATCH}{timestamp(at)}"),
        clinic(clinic_id),
        sets={"rest": len(awaited), **facts},
        condition="rest = :rest" if item else "attribute_not_exists(pk)",
        values={":rest": rest} if item else {},
        new=True,
    )
    return Mending(write, differences if rest != len(awaited) else [])
