"""Studies and series: how many images they have, which sets these make, and between when and when they came."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Story

MOST = {
    "modalities": 32,
    "study_dates": 32,
    "patients": 32,
    "uploads": 100,
    "series": 500,
    "frames_of_reference": 32,
    "numbers": 10_000,
}
"""How many different values a study or a series keeps of each kind."""

_TOLD_OF_EXAM = ("patient_name", "patient_id", "accession_number")


def check_studies(snapshot: Snapshot) -> Iterator[str]:
    """Compare what is counted, in studies and in their series."""
    images, series = list_images(snapshot)
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for story in snapshot.stories.values():
        wanted[story.study_id]["rejected"] += story.is_trouble
        if story.is_instance:
            wanted[story.study_id].update(instances=1, bytes=story.item["size"], numbered=_number(story) is not None)
    wanted.pop("", None)
    kept = {study: item for study, _, item in snapshot.list_kind("STUDY#", "#META")}
    for study in sorted({*wanted, *kept}):
        yield from _compare(f"Study {study}", kept.get(study, {}), wanted[study], ("bytes", "rejected"))
        if study in kept:
            yield from _check_sets(f"Study {study}", kept[study], _list_study_sets(images[study], study))
    parts = {(study, sort[7:]): item for study, sort, item in snapshot.list_kind("STUDY#", "SERIES#")}
    for place in sorted({*parts, *series}):
        name, item, present = f"Series {place[1]} of study {place[0]}", parts.get(place, {}), series[place]
        counted = [one for one in present if one.is_instance]
        numbered = sum(_number(one) is not None for one in counted)
        yield from _compare(name, item, Counter(instances=len(counted), numbered=numbered))
        yield from _check_sets(name, item, _list_series_sets(present))


def list_images(snapshot: Snapshot) -> tuple[dict[str, list[Story]], dict[tuple[str, str], list[Story]]]:
    """Return the images of each study and of each series, also those whose place others took since: sets only grow."""
    images, series = defaultdict(list), defaultdict(list)
    for story in snapshot.stories.values():
        if story.was_instance:
            images[story.study_id].append(story)
            series[story.study_id, story.item["study_place"].partition("#")[0]].append(story)
    return images, series


def _compare(name: str, kept: dict[str, Any], wanted: Counter[str], more: tuple[str, ...] = ()) -> Iterator[str]:
    for what in ("instances", "numbered", *more):
        if kept.get(what, 0) != wanted[what]:
            yield f"{name} has {what} {kept.get(what, 0)}, the records make {wanted[what]}."


def _check_sets(name: str, kept: dict[str, Any], wanted: dict[str, set[Any]]) -> Iterator[str]:
    for what, values in wanted.items():
        have = set(kept.get(what, ()))
        is_full = len(values) >= MOST[what]
        foreign = have - values if what != "uploads" else set()
        if foreign or (values - have and not is_full) or (is_full and len(have) < MOST[what]):
            yield f"{name} holds {len(have)} {what}, the records make {len(values)}, and not the same."


def _list_study_sets(images: list[Story], study: str) -> dict[str, set[Any]]:
    return {
        "modalities": {_short(one, "modality") for one in images} - {""},
        "study_dates": {_short(one, "study_date") for one in images} - {""},
        "patients": {_digest_patient(one, study) for one in images} - {""},
        "uploads": {one.upload_id for one in images},
        "series": {_uid(one, "series_instance_uid") for one in images} - {""},
    }


def _list_series_sets(images: list[Story]) -> dict[str, set[Any]]:
    return {
        "modalities": {_short(one, "modality") for one in images} - {""},
        "frames_of_reference": {_uid(one, "frame_of_reference_uid") for one in images} - {""},
        "numbers": {number for one in images if (number := _number(one)) is not None},
    }


def _short(story: Story, name: str) -> str:
    return str(story.metadata.get(name, ""))[:16].strip()


def _uid(story: Story, name: str) -> str:
    uid = str(story.metadata.get(name, ""))
    return uid if uid.isascii() and len(uid) <= 128 else ""


def _number(story: Story) -> int | None:
    number = story.metadata.get("instance_number")
    return number if isinstance(number, int) else None


def _digest_patient(story: Story, study: str) -> str:
    key = str(story.item.get("patient_key") or "")
    return hashlib.blake2b(key.encode(), key=study.encode(), digest_size=10).hexdigest() if key else ""


def check_digests(snapshot: Snapshot) -> Iterator[str]:
    """Hold what a study tells of its series against these: which numbers are missing, and what contradicts itself.

    What shows a series is a file of it: which one hangs on when who looked, and it may be gone since.
    """
    _, images = list_images(snapshot)
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        told = {name[7:]: digest for name, digest in item.items() if name.startswith("series_")}
        kept = {sort[7:]: one for sort, one in snapshot.items[f"STUDY#{study}"].items() if sort.startswith("SERIES#")}
        # Of a series that states nothing, and is shown by nothing, there is nothing to tell.
        kept = {series: one for series, one in kept.items() if digest_series(one)["size"] or "preview" in one}
        if len(kept) < MOST["series"] and told.keys() != kept.keys():
            yield f"Study {study} tells of {len(told)} series, it has {len(kept)}."
        for series, one in kept.items():
            files = {story.file_id for story in images[study, series]}
            if not {shown["preview"] for shown in (one, told.get(series, {})) if "preview" in shown} <= files:
                yield f"Series {series} of study {study} is shown by a file that is none of its images."
        for series in sorted(told.keys() & kept.keys()):
            known = {name: value for name, value in told[series].items() if name not in {"preview", "document"}}
            if known != digest_series(kept[series]):
                yield f"Study {study} tells other numbers of series {series} than this has."


def digest_series(item: dict[str, Any]) -> dict[str, Any]:
    numbers = sorted(item.get("numbers", ()))
    is_open = len(numbers) >= MOST["numbers"]
    gaps = [[one + 1, other - 1] for one, other in pairwise(numbers) if other > one + 1 and not is_open]
    modalities, frames = len(item.get("modalities", ())), len(item.get("frames_of_reference", ()))
    marks = ["series-modalities-mixed"] * (modalities > 1) + ["series-frames-of-reference-mixed"] * (frames > 1)
    told = {"missing": sum(last - first + 1 for first, last in gaps), "gaps": gaps[:8], "marks": marks, "open": is_open}
    size = {"size": len(numbers) + modalities + frames, "numbers": len(numbers)}
    return {**size, **{name: value for name, value in told.items() if value}}


def check_times(snapshot: Snapshot) -> Iterator[str]:
    """Hold when a study's first and last files came against their timelines, and what it tells of the exam."""
    of_study: dict[str, list[Story]] = defaultdict(list)
    for story in snapshot.stories.values():
        of_study[story.study_id].append(story)
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        files = of_study.get(study, [])
        came = [step.at for one in files if one.was_instance for step in one.verdicts if step.after == "accepted"]
        # What a file stated that was judged again, when it was rejected first, nobody knows any more.
        once = [one for one in files if len(one.verdicts) == 1]
        troubled = [step.at for one in once for step in one.verdicts if step.after == "rejected"]
        said = {step.at for one in files for step in one.steps}
        for name, wanted in (("first_at", min(came, default=None)), ("last_at", max(came, default=None))):
            if item.get(name) != wanted:
                yield f"Study {study} has {name} {item.get(name)}, its files make {wanted}."
        seen = item.get("seen_at", "")
        if seen < max([*came, *troubled], default="") or (seen and seen not in said):
            yield f"Study {study} was seen last at {seen or 'no time'}, which its files do not make."
        yield from _check_exam(study, item, files)


def _check_exam(study: str, item: dict[str, Any], files: list[Story]) -> Iterator[str]:
    for name in _TOLD_OF_EXAM:
        told = item.get(f"exam_{name}", "")
        stated = {_state(one, name) for one in files}
        if told not in {*stated, ""}:
            yield f"Study {study} tells a {name} that none of its files states."


def _state(story: Story, name: str) -> str:
    patient = story.metadata.get("patient")
    value = (patient if isinstance(patient, dict) else {}).get(name.removeprefix("patient_"), "")
    return value.strip()[:200] if isinstance(value, str) else ""
