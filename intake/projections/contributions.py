"""What one revision of a record adds to each sum, and the difference between two: the one place that knows.

A sum is named within what a file belongs to: `counts` and `declared` of its upload, `holding` of its clinic,
`filed#{study}`, `study#{study}` and `series#{study}#{series}`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from intake.files.states import State
from intake.projections.model import Change, Snapshot
from intake.studies.model import Instance

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


def find_new_instance(change: Change) -> Instance | None:
    """Return what a change brought to a study, if anything."""
    return change.new.instance if change.old is None or change.old.instance is None else None


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
