"""The study board: the one state of each study, how many are in each, where each is listed, and labels (ADR 0043)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Story

_DAY = re.compile(r"[0-9]{8}")


def check_board(snapshot: Snapshot) -> Iterator[str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        clinic = item["clinic_id"]
        yield from _check_state(study, item)
        counts[clinic].update(f"n_{item[name]}" for name in ("state",) if name in item)
        labels[clinic].update(f"n_{label}" for label in item.get("labels", ()))
        yield from _check_labels(snapshot, study, item)
    for sort, wanted, what in (("#COUNTS", counts, "states"), ("#LABELS", labels, "labels")):
        boards = {clinic: item for clinic, _, item in snapshot.list_kind("BOARD#", sort)}
        for clinic in sorted({*wanted, *boards}):
            kept = {name: n for name, n in boards.get(clinic, {}).items() if name.startswith("n_") and n}
            if kept != dict(+wanted[clinic]):
                yield f"The board of {clinic} counts {sum(kept.values())} {what} otherwise than its exams tell them."


def _check_state(study: str, item: dict[str, Any]) -> Iterator[str]:
    wanted, clinic = find_state(item), item["clinic_id"]
    listed = f"{clinic}#studies#in#{wanted}" if wanted else None
    if item.get("state") != wanted:
        yield f"Study {study} stands as {item.get('state')}, what is kept of it makes it {wanted}."
    elif item.get("clinic_state") != listed or item.get("trouble_of") != listed:
        yield f"Study {study} stands in another list than that of its state."
    if "seen_at" in item and item.get("created_key") != f"{item['seen_at']}#{study}":
        yield f"Study {study} stands at another place of its list than its last file gave it."


def find_state(item: dict[str, Any]) -> str | None:
    """Return the state of a study that grows no more, by its item; None where nothing is left of it."""
    instances, rejected = item.get("instances", 0), max(0, item.get("rejected", 0))
    if not (instances or rejected):
        return None
    digests = [value for name, value in item.items() if name.startswith("series_")]
    known = sum(one["numbers"] for one in digests)
    repeated = not any(one.get("open") for one in digests) and item.get("numbered", 0) > known
    contradicts = len(item.get("patients", ())) > 1 or any(one.get("marks") for one in digests) or repeated
    if rejected or contradicts:
        return "problem"
    lacks = item.get("expected_images", 0) - instances
    return "missing" if lacks > 0 or any(one.get("missing") for one in digests) else "complete"


def _check_labels(snapshot: Snapshot, study: str, item: dict[str, Any]) -> Iterator[str]:
    partition = snapshot.items[f"STUDY#{study}"]
    listed = {sort[11:] for sort, one in partition.items() if sort.startswith("VIEW#LABEL#") and "clinic_key" in one}
    if listed != {*item.get("labels", ())}:
        yield f"Study {study} is listed under {len(listed)} labels, it carries {len(item.get('labels', ()))}."


def check_views(snapshot: Snapshot) -> Iterator[str]:
    """Look whether each study is found under what its images state, and under the terms that it says it is."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for story in snapshot.stories.values():
        if story.was_instance:
            wanted[story.study_id] |= set(_list_views(story))
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        partition = snapshot.items[f"STUDY#{study}"]
        lacking = {view for view in wanted[study] if "clinic_key" not in partition.get(f"VIEW#{view}", {})}
        if lacking:
            yield f"Study {study} is not found under {len(lacking)} of the dates, modalities and patients of its files."
        terms = {sort[10:] for sort in partition if sort.startswith("VIEW#FIND#")}
        if {*item.get("found_by", ())} - terms:
            yield f"Study {study} is not found under a term that it says it is found by."


def _list_views(story: Story) -> Iterator[str]:
    stated = str(story.metadata.get("study_date", ""))[:16].strip()
    day = stated if _DAY.fullmatch(stated) else "00000000"
    modality = str(story.metadata.get("modality", "")).strip().upper()[:16]
    yield f"ON#{day}"
    if modality:
        yield f"BY#{modality}#{day}"
    if story.item.get("patient_key"):
        yield f"OF#{story.item['patient_key']}#{day}"
