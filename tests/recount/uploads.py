"""What is kept of uploads: how many files were announced and are declared, their receipts' sums, what is awaited."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import MOVES, STATES, Story, upload_of

_SUMS = (
    *(f"{letter}_{state}" for letter in "nc" for state in STATES),
    *(f"handled_{state}" for state in STATES),
    "unsettled", "with_warnings", "duplicates", "documents", "repeats", "replaced", "held", "inside",
)  # fmt: skip


def check_uploads(snapshot: Snapshot) -> Iterator[str]:
    metas = {upload: item for upload, _, item in snapshot.list_kind("UPLOAD#", "#META")}
    counts = {upload: item for upload, _, item in snapshot.list_kind("UPLOAD#", "#COUNTS")}
    for upload_id in sorted({*metas, *counts, *snapshot.by_upload}):
        stories = snapshot.by_upload.get(upload_id, [])
        yield from _check_declared(upload_id, stories, metas.get(upload_id))
        yield from _check_counts(upload_id, stories, counts.get(upload_id, {}))
        yield from _check_owner(upload_id, stories, metas.get(upload_id), counts.get(upload_id))


def _check_declared(upload_id: str, stories: list[Story], meta: dict[str, Any] | None) -> Iterator[str]:
    if meta is None:
        if any(one.was_announced or one.state != "awaiting_upload" for one in stories):
            yield f"Upload {upload_id} has {len(stories)} files and is not in the table itself."
        return
    announced = sum(one.was_announced for one in stories)
    if "announced" in meta and meta["announced"] != announced:
        yield f"Upload {upload_id} tells {meta['announced']} announced files, there are {announced}."
    declared = announced + sum(one.entries + one.begins_alone for one in stories)
    if meta.get("declared", 0) != declared:
        yield f"Upload {upload_id} declares {meta.get('declared', 0)} files, the records make {declared}."


def _check_counts(upload_id: str, stories: list[Story], counts: dict[str, Any]) -> Iterator[str]:
    wanted = count_files(stories)
    causes = {name for name in counts if name.startswith("cause_")}
    for name in sorted({*_SUMS, *wanted, *causes}):
        if counts.get(name, 0) != wanted[name]:
            yield f"Upload {upload_id} counts {name} {counts.get(name, 0)}, the records make {wanted[name]}."


def count_files(stories: list[Story]) -> Counter[str]:
    """Add up a receipt's sums, of files that are awaited no longer."""
    sums = Counter({"held": sum(one.entries for one in stories)})
    for story in stories:
        if story.state == "awaiting_upload":
            continue
        sums[f"{'c' if story.is_container else 'n'}_{story.state}"] += 1
        sums["inside"] += bool(story.parent)
        sums["unsettled"] += story.is_unsettled
        sums[f"handled_{story.state}"] += story.is_handled
        if cause := story.find_cause():
            sums[f"cause_{cause}"] += 1
        if not story.is_container:
            sums["with_warnings"] += story.state == "accepted" and story.count_warnings() > 0
            sums["duplicates"] += story.state == "accepted" and bool(story.duplicate_of)
    for place in _place_files([one for one in stories if not one.is_container and one.state != "awaiting_upload"]):
        sums[place] += 1
    return sums


def _place_files(stories: list[Story]) -> Iterator[str]:
    """Yield what files are to what was expected, besides one more (ADR 0042)."""
    firsts = Counter(one.duplicates_elsewhere for one in stories)
    del firsts[""]
    # The first that is the same as a file elsewhere adds to the upload; which of them that is, nobody needs to know.
    again = {first: number - 1 for first, number in firsts.items()}
    for story in stories:
        elsewhere = story.duplicates_elsewhere
        own = _place(story)
        if elsewhere and again[elsewhere] and own != "repeats":
            again[elsewhere] -= 1
            yield "repeats"
        elif own:
            yield own


def _place(story: Story) -> str:
    accepted = story.state == "accepted"
    near = accepted and story.duplicate_of and upload_of(story.duplicate_of) == story.upload_id
    if near or (story.superseded_by and upload_of(story.superseded_by) == story.upload_id):
        return "repeats"
    if story.replaced_by and upload_of(story.replaced_by) == story.upload_id:
        return "replaced"
    is_known = story.kind not in {"", "dicom", "unknown"}
    return "documents" if is_known and story.state in {"accepted", "rejected", "deleted"} else ""


def _check_owner(upload_id: str, stories: list[Story], *items: dict[str, Any] | None) -> Iterator[str]:
    owners = {one.clinic_id for one in stories} | {item["clinic_id"] for item in items if item}
    if len(owners) > 1:
        yield f"Upload {upload_id} is of several clinics: {', '.join(sorted(owners))}."


def check_awaited(snapshot: Snapshot) -> Iterator[str]:
    """Hold batches of awaited files against the files: each stands in a list by itself, or is one of its batch."""
    waiting = [one for one in snapshot.stories.values() if one.state == "awaiting_upload" and one.was_announced]
    together = [one for one in waiting if "clinic_state" not in one.item]
    wanted = Counter((one.upload_id, one.item["created_at"]) for one in together)
    batches = {(upload, sort[9:]): item for upload, sort, item in snapshot.list_kind("UPLOAD#", "#AWAITED#")}
    for batch in sorted({*wanted, *batches}):
        rest = batches.get(batch, {}).get("rest", 0)
        if rest != wanted[batch]:
            yield f"Upload {batch[0]} awaits {rest} files of {batch[1]}, the records make {wanted[batch]}."
        elif rest and "clinic_state" not in batches[batch]:
            yield f"Upload {batch[0]} awaits files of {batch[1]} that no list tells."


def check_shares(snapshot: Snapshot) -> Iterator[str]:
    """Hold what an upload brought of each study against the records."""
    wanted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for story in snapshot.stories.values():
        if story.study_id and story.state != "awaiting_upload":
            wanted[story.upload_id, story.study_id][f"n_{story.state}"] += 1
    shares = {(upload, sort[7:]): item for upload, sort, item in snapshot.list_kind("UPLOAD#", "#STUDY#")}
    for place in sorted({*wanted, *shares}):
        kept = {name: n for name, n in shares.get(place, {}).items() if name.startswith("n_") and n}
        if kept != dict(wanted[place]):
            told = "nothing" if not kept else _tell(kept)
            yield f"Upload {place[0]} tells {told} of study {place[1]}, the records make {_tell(wanted[place])}."


def check_steps(snapshot: Snapshot) -> Iterator[str]:
    """Hold each record against its own timeline."""
    for story in snapshot.stories.values():
        name, steps = f"File {story.file_id}", story.steps
        if story.item["revision"] != len(steps):
            yield f"{name} is at revision {story.item['revision']}, its timeline tells {len(steps)} steps."
        reached = steps[-1].after if steps else "awaiting_upload"
        if reached != story.state:
            yield f"{name} is {story.state}, its timeline ends {reached}."
        yield from (f"{name} {what}" for what in _check_moves(story))


def _check_moves(story: Story) -> Iterator[str]:
    for step in story.steps:
        settles = story.kind == "zip" and step.before == "accepted" and step.after in {"accepted", "rejected"}
        if step.event in STATES and step.after not in MOVES[step.before] and not settles:
            yield f"went from {step.before} to {step.after}, which no file does."
    for earlier, later in pairwise(story.steps):
        if later.at < earlier.at:
            yield f"has a step {later.event} that is older than the one before it."


def _tell(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items())) or "nothing"
