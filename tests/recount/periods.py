"""What is kept of stretches of time, of what clinics hold and of their devices.

Each of them counts a verdict when it is given. A file that came to several leaves only the last one's findings in its
record, so what the others had is known but for its bounds: it was there at most once.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Step, Story

BINS = (
    50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000,
    50_000, 70_000, 100_000, 120_000, 180_000, 300_000, 420_000, 600_000, 900_000, 1_200_000, 1_800_000, 2_700_000,
    3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000, 604_800_000,
)  # fmt: skip
"""Upper bounds of the latencies that are told apart, in milliseconds."""

FLEETING = timedelta(days=6)
"""Stretches of five minutes are forgotten after a week."""

MOST_DEVICES = 50

_EXACT = ("n_", "ms_", "bytes", "accepted_again")
_WITHIN = ("code_", "shadow_", "dev_")


@dataclass
class Sums:
    """A stretch's sums as the records make them: at least `least`, and of `_WITHIN` up to `open` more."""

    least: Counter[str] = field(default_factory=Counter)
    open: int = 0


def check_periods(snapshot: Snapshot, at: datetime) -> Iterator[str]:
    kept = {
        (kind, partition, sort): item
        for kind in ("MINUTES#", "HOURS#", "DAYS#")
        for partition, sort, item in snapshot.list_kind(kind)
    }
    wanted = _recount(snapshot)
    for place in sorted({*kept, *wanted}):
        kind, partition, sort = place
        if kind == "MINUTES#" and place not in kept and _is_old(partition, at):
            continue
        name = f"{kind.strip('#').capitalize()} {partition} {sort}"
        yield from (f"{name} {what}" for what in _compare(kept.get(place, {}), wanted.get(place, Sums())))


def _compare(kept: dict[str, Any], wanted: Sums) -> Iterator[str]:
    summed = {name: n for name, n in kept.items() if name.startswith((*_EXACT, *_WITHIN))}
    for name in sorted({*summed, *wanted.least}):
        have, least = summed.get(name, 0), wanted.least[name]
        most = least + (wanted.open if name.startswith(_WITHIN) else 0)
        if not least <= have <= most:
            told = least if least == most else f"{least} to {most}"
            yield f"count {name} {have}, the records make {told}."


def _recount(snapshot: Snapshot) -> dict[tuple[str, str, str], Sums]:
    found: dict[tuple[str, str, str], Sums] = defaultdict(Sums)
    registers = read_registers(snapshot)
    for story in snapshot.stories.values():
        for number, step in enumerate(story.verdicts, 1):
            is_last = number == len(story.verdicts) and step.revision == _find_last_verdict(story)
            register = registers.get((step.at[:7], story.clinic_id), frozenset())
            counts = _count_verdict(story, step, register, is_last=is_last)
            for place in list_places(step.at, story.clinic_id):
                found[place].least += counts
                found[place].open += not is_last
    return found


def _find_last_verdict(story: Story) -> int:
    """Return the revision of the last verdict, also one that led to the same state."""
    return max(step.revision for step in story.steps if step.event in {*_JUDGED, "failed", "expired", "deleted"})


_JUDGED = ("accepted", "rejected")


def _count_verdict(story: Story, step: Step, register: frozenset[str], *, is_last: bool) -> Counter[str]:
    counts = Counter({f"n_{step.after}": 1})
    if step.after == "accepted" and not story.was_duplicate(step):
        counts["bytes"] += story.item["size"]
    counts["accepted_again"] += (step.before, step.after) == ("rejected", "accepted")
    if step.after in _JUDGED and step.before not in _JUDGED:
        took = story.item["timings"]["arrival_to_verdict"]
        counts[f"ms_{next((most for most in BINS if took <= most), BINS[-1])}"] += 1
    if not is_last:
        return counts
    codes = story.list_codes() if step.after == "rejected" else []
    counts.update(f"code_{code}" for code in codes)
    counts.update(f"shadow_{code}" for code in story.item.get("shadow") or ())
    device = name_device(story) if step.after in _JUDGED else ""
    if device:
        key = device if device in register else "other"
        counts.update(f"dev_{key}_{what}" for what in (step.after, *codes))
    return +counts


def list_places(at: str, clinic_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield where the three stretches of a moment lie."""
    moment = datetime.fromisoformat(at).astimezone(UTC)
    yield "MINUTES#", f"{moment:%Y-%m-%dT%H}", f"{moment.minute // 5 * 5:02d}#{clinic_id}"
    yield "HOURS#", f"{moment:%Y-%m-%d}", f"{moment:%H}#{clinic_id}"
    yield "DAYS#", f"{moment:%Y-%m}", f"{moment:%d}#{clinic_id}"


def _is_old(hour: str, at: datetime) -> bool:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC) < at - FLEETING


def name_device(story: Story) -> str:
    """Return the key of what made a file, or nothing."""
    names = ("manufacturer", "manufacturer_model", "station_name", "device_serial_number")
    values = [story.metadata.get(name, "") for name in names]
    words = [" ".join(one.split()) if isinstance(one, str) and one.isprintable() else "" for one in values]
    told = "\0".join([story.clinic_id, *words]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:12] if any(words) else ""


def read_registers(snapshot: Snapshot) -> dict[tuple[str, str], frozenset[str]]:
    """Return the devices that are told apart, by month and clinic."""
    return {
        (month, clinic): frozenset(name[4:] for name in item if name.startswith("dev_"))
        for month, clinic, item in snapshot.list_kind("DEVICES#")
    }


def check_devices(snapshot: Snapshot) -> Iterator[str]:
    used: dict[tuple[str, str], set[str]] = defaultdict(set)
    unsure = set()
    for story in snapshot.stories.values():
        judged = [step for step in story.steps if step.event in _JUDGED]
        for step in judged:
            used[step.at[:7], story.clinic_id].add(name_device(story))
            if len(judged) > 1:
                unsure.add((step.at[:7], story.clinic_id))
    registers = read_registers(snapshot)
    for place in sorted({*registers, *used}):
        month, clinic = place
        name, told = f"The devices of {clinic} in {month}", registers.get(place, frozenset())
        if len(told) != snapshot.get(f"DEVICES#{month}", clinic).get("devices", 0) or len(told) > MOST_DEVICES:
            yield f"{name} are {len(told)}, and are not counted as so many."
        if place not in unsure and told - used[place]:
            yield f"{name} hold {len(told - used[place])} that no record tells of."
        if len(told) < MOST_DEVICES and used[place] - {""} - told and place not in unsure:
            yield f"{name} lack {len(used[place] - {''} - told)} that records tell of."


def check_holdings(snapshot: Snapshot) -> Iterator[str]:
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for story in snapshot.stories.values():
        if story.state == "accepted" and not story.duplicate_of and story.item["size"]:
            wanted[story.clinic_id].update(files=1, bytes=story.item["size"])
    kept = {sort: item for _, sort, item in snapshot.list_kind("HOLDINGS")}
    for clinic in sorted({*wanted, *kept}):
        for name in ("files", "bytes"):
            have = kept.get(clinic, {}).get(name, 0)
            if have != wanted[clinic][name]:
                yield f"Clinic {clinic} holds {have} {name}, the records make {wanted[clinic][name]}."
