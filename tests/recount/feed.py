"""The change feed: every step of every file once, numbered without a gap, up to where its head says (ADR 0008)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Step, Story

HEAD = "~HEAD"
KEPT = timedelta(days=29)
"""Changes are kept for thirty days."""


def check_feed(snapshot: Snapshot, at: datetime, *, in_order: bool = True) -> Iterator[str]:
    """Compare the feeds. `in_order`: nothing was redriven, so each file's changes stand in the order of its steps."""
    items: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for clinic, sort, item in snapshot.list_kind("CHANGES#"):
        items[clinic][sort] = item
    told = {clinic: _list_told(snapshot, clinic) for clinic in {one.clinic_id for one in snapshot.stories.values()}}
    for clinic in sorted({*items, *told}):
        kept = sorted((sort, item) for sort, item in items[clinic].items() if sort != HEAD)
        yield from _check_numbers(clinic, kept, items[clinic].get(HEAD, {}))
        rows = [row for _, item in kept for row in item["rows"]]
        yield from _check_rows(clinic, rows, told.get(clinic, {}), at)
        if in_order:
            yield from _check_order(clinic, rows)


def _check_numbers(clinic: str, kept: list[tuple[str, dict[str, Any]]], head: dict[str, Any]) -> Iterator[str]:
    for sort, item in kept:
        # Numbers whose changes were lost are skipped, and a part says how many.
        if int(sort) != item["preceding"] + len(item["rows"]) + item.get("skipped", 0):
            yield f"The feed of {clinic} has a part at {int(sort)} that holds other numbers than it says."
    for (before, _), (sort, item) in pairwise(kept):
        if item["preceding"] != int(before):
            yield f"The feed of {clinic} has a gap or an overlap between {int(before)} and {int(sort)}."
    last = int(kept[-1][0]) if kept else head.get("preceding", 0)
    if head.get("preceding", 0) != last:
        yield f"The head of the feed of {clinic} stands at {head.get('preceding', 0)}, its last part ends at {last}."


def _check_rows(
    clinic: str, rows: list[dict[str, Any]], told: dict[tuple[str, int], tuple[Story, Step]], at: datetime
) -> Iterator[str]:
    times = Counter((row["file_id"], row["revision"]) for row in rows)
    for (file_id, revision), number in sorted(times.items()):
        if number > 1:
            yield f"The feed of {clinic} tells revision {revision} of file {file_id} {number} times."
        if (file_id, revision) not in told:
            yield f"The feed of {clinic} tells revision {revision} of file {file_id}, of which no record knows."
    for (file_id, revision), (_, step) in sorted(told.items()):
        is_kept = datetime.fromisoformat(step.at) > at.astimezone(UTC) - KEPT
        if is_kept and (file_id, revision) not in times:
            yield f"The feed of {clinic} lacks revision {revision} of file {file_id}."
    for row in rows:
        place = row["file_id"], row["revision"]
        if place in told and (wrong := _find_wrong(row, *told[place])):
            yield f"The feed of {clinic} tells revision {place[1]} of file {place[0]} with another {wrong}."


def _find_wrong(row: dict[str, Any], story: Story, step: Step) -> str:
    """Return what a row tells wrongly; of an earlier verdict's findings nothing is left to compare with."""
    before = "awaiting_upload" if _ends_unsettled(story, step) else step.before
    wanted = {"before": before, "after": step.after, "at": step.at, "upload_id": story.upload_id}
    if step.revision == len(story.steps):
        codes = story.list_codes() if story.state == "rejected" else []
        wanted |= {"codes": codes, "warnings": story.count_warnings()}
    return next((name for name, value in wanted.items() if row[name] != value), "")


def _list_told(snapshot: Snapshot, clinic: str) -> dict[tuple[str, int], tuple[Story, Step]]:
    """Return what a feed has to tell, by file and revision: an archive's verdict when its entries have theirs."""
    return {
        (story.file_id, step.revision): (story, step)
        for story in snapshot.stories.values()
        if story.clinic_id == clinic
        for step in story.steps
        if not _is_unsettled(story, step)
    }


def _is_unsettled(story: Story, step: Step) -> bool:
    """Say whether an archive still waited for its entries' verdicts after a step."""
    return story.kind == "zip" and step.after == "accepted" and step.revision < _find_settling(story)


def _ends_unsettled(story: Story, step: Step) -> bool:
    return story.kind == "zip" and step.revision == _find_settling(story)


def _find_settling(story: Story) -> int:
    """Return the revision that held an archive's verdict against its entries' first: the second one from `accepted`."""
    if not story.item.get("settled"):
        return len(story.steps) + 1
    moved = (step.revision for step in story.steps if step.before == "accepted" and step.event in _JUDGED)
    return next(moved, 0)


_JUDGED = {"accepted", "rejected"}


def _check_order(clinic: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    reached: dict[str, int] = {}
    for row in rows:
        if row["revision"] < reached.get(row["file_id"], 0):
            yield f"The feed of {clinic} tells revision {row['revision']} of file {row['file_id']} behind a later one."
        reached[row["file_id"]] = max(reached.get(row["file_id"], 0), row["revision"])
