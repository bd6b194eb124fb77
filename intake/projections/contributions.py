"""What one revision of a record adds to each sum, and the difference between two: the one place that knows.

A sum is named within what a file belongs to: `counts` and `declared` of its upload, `holding` of its clinic,
`filed#{study}`, `study#{study}` and `series#{study}#{series}`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from intake.files.item_keys import read_series_id
from intake.files.metadata import read_study_uid, short_text
from intake.files.model import Source
from intake.files.states import State
from intake.projections.counting import ARCHIVE, IMAGE, describe_counted
from intake.projections.model import Change, Filed, Snapshot, StudyNames
from intake.studies.model import instance
from intake.table.items import Item

COUNTS = "counts"
DECLARED = "declared"
HOLDING = "holding"
FILED = "filed"
STUDY = "study"
SERIES = "series"

Numbers = dict[str, dict[str, int]]
"""Name of a sum → attribute → what is added to it; nothing stands in it that adds nothing."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What is added to sums, and what their items tell besides."""

    numbers: Numbers = field(default_factory=dict)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name of a sum → attribute → text."""


def describe_snapshot(item: Item) -> Snapshot:
    """Return what sums are made of, by a record's item."""
    state, metadata = State(item["state"]), item.get("metadata", {})
    study_id = item.get("study_of") or ""
    is_accepted, is_archive = state is State.ACCEPTED, item.get("kind") == ARCHIVE
    is_troubled = state in {State.REJECTED, State.FAILED} and not (item.get("replaced_by") or item.get("dealt_with"))
    is_instance = is_accepted and item.get("kind") == IMAGE
    # The ids are in the record: no key is needed to count.
    ids = study_id, read_series_id(item.get("study_place", "")), item.get("patient_key", "")
    return Snapshot(
        state,
        size=item["size"],
        warnings=item.get("warnings", 0),
        counted=describe_counted(item),
        cause=str(item.get("trouble", "")).rpartition("#")[0],
        filed=Filed(study_id, short_text(metadata, "modality"), short_text(metadata, "study_date"))
        if study_id
        else None,
        trouble=StudyNames(study_id, read_study_uid(metadata)) if study_id and is_troubled else None,
        instance=instance(metadata, *ids)
        if is_instance and not item.get("duplicate_of") and not item.get("superseded_by")
        else None,
        duplicate=bool(item.get("duplicate_of")),
        unsettled=is_accepted and is_archive and not item.get("settled"),
        entries=metadata.get("entries", 0) if is_archive and (is_accepted or item.get("settled")) else 0,
        dropped=item["source"] == Source.DIRECT and not item.get("parent"),
    )


def contribute(snapshot: Snapshot | None) -> Contribution:
    """Return what a revision adds to all sums. What still awaits its upload adds nothing: an upload knows how many."""
    if snapshot is None or snapshot.state is State.AWAITING_UPLOAD:
        return Contribution()
    is_holding = snapshot.state is State.ACCEPTED and not snapshot.duplicate
    numbers: dict[str, Counter[str]] = {
        COUNTS: _count_in_upload(snapshot),
        # Those that nobody announced: what was dropped into S3, and what archives hold.
        DECLARED: Counter(declared=snapshot.entries + snapshot.dropped),
        HOLDING: Counter(files=1, bytes=snapshot.size) if is_holding else Counter(),
    }
    facts: dict[str, dict[str, str]] = {}
    if filed := snapshot.filed:
        name = f"{FILED}#{filed.study_id}"
        numbers[name] = Counter({f"n_{snapshot.state}": 1})
        facts[name] = {"modality": filed.modality, "study_date": filed.study_date}
    if one := snapshot.instance:
        study, series = f"{STUDY}#{one.study_id}", f"{SERIES}#{one.study_id}#{one.series_id}"
        numbered = int(one.number is not None)
        numbers[study] = Counter(instances=1, bytes=snapshot.size, numbered=numbered)
        numbers[series] = Counter(instances=1, numbered=numbered)
        facts |= {study: {"study_uid": one.study_uid}, series: {"series_uid": one.series_uid}}
    if trouble := snapshot.trouble:
        name = f"{STUDY}#{trouble.study_id}"
        numbers.setdefault(name, Counter())["rejected"] += 1
        facts[name] = {"study_uid": trouble.study_uid}
    return Contribution(_drop_zeros(numbers), facts)


def subtract(new: Contribution, old: Contribution) -> Contribution:
    """Return what is to be added to sums that hold `old`, so that they hold `new` instead."""
    numbers: dict[str, Counter[str]] = {}
    for name in {**old.numbers, **new.numbers}:
        counts = Counter(new.numbers.get(name, {}))
        counts.subtract(old.numbers.get(name, {}))
        numbers[name] = counts
    return Contribution(_drop_zeros(numbers), old.facts | new.facts)


def compare_images(change: Change) -> Contribution:
    """Return what a change adds to sums that hold what its record was before."""
    return subtract(contribute(change.new), contribute(change.old))


def list_studies(numbers: Numbers) -> Iterator[str]:
    """Yield the ids of the studies whose sums change."""
    yield from (name.removeprefix(f"{STUDY}#") for name in numbers if name.startswith(f"{STUDY}#"))


def _drop_zeros(numbers: Mapping[str, Mapping[str, int]]) -> Numbers:
    dropped = {name: {what: n for what, n in counts.items() if n} for name, counts in numbers.items()}
    return {name: counts for name, counts in dropped.items() if counts}


def _count_in_upload(snapshot: Snapshot) -> Counter[str]:
    counts = Counter(_list_sums(snapshot))
    counts["held"] = snapshot.entries
    counts["unsettled"] = int(snapshot.unsettled)
    if snapshot.cause:
        counts[f"cause_{snapshot.cause}"] = 1
    return counts


def _list_sums(snapshot: Snapshot) -> Iterator[str]:
    """Yield the sums of its upload that a file stands in."""
    counted, state = snapshot.counted, snapshot.state
    yield f"{'c' if counted.container else 'n'}_{state}"
    if counted.inside:
        yield "inside"
    if counted.handled:
        yield f"handled_{state}"
    if counted.container:
        return
    if snapshot.warnings and state is State.ACCEPTED:
        yield "with_warnings"
    if counted.duplicate:
        yield "duplicates"
    if counted.place:
        yield counted.place.value
