"""Expected exams: which study came of which, and so how many images a study is to have (ADR 0046).

An accession number decides alone. Without one, a study of the same patient, modality and day is of one exam: as many
are paired as can be, those first of which most is expected.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Story

_DAY = re.compile(r"[0-9]{8}")
MOST_KEYS = 16
"""Keys that a study remembers, and studies that a key does."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an exam or a file states."""

    accession: str
    rest: tuple[str, str, str] | None
    """Patient, modality and day, where all three are told."""

    def fits(self, other: "Facts") -> bool:
        """Say whether they may be of the same exam."""
        if self.accession and other.accession:
            return self.accession == other.accession
        return self.rest is not None and self.rest == other.rest


@dataclass(slots=True)
class _Study:
    """A study that is there."""

    study_id: str
    instances: int
    item: dict[str, Any]
    stated: set[Facts] = field(default_factory=set)


def check_exams(snapshot: Snapshot) -> Iterator[str]:
    studies, stated = _list_studies(snapshot)
    crowded = list_crowded(snapshot)
    exams: dict[str, list[tuple[dict[str, Any], Facts]]] = defaultdict(list)
    for _, _, item in snapshot.list_kind("EXPECTED#", "#META"):
        exams[item["clinic_id"]].append((item, _read_exam(item)))
    for clinic, present in studies.items():
        yield from _check_images(*_leave_out_crowded(exams[clinic], present, crowded))
    yield from _check_marks(snapshot, stated, crowded)


def list_crowded(snapshot: Snapshot) -> set[str]:
    """Return the keys of so many studies that only the newest are remembered under them."""
    times = Counter(key for _, _, item in snapshot.list_kind("STUDY#", "#META") for key in item.get("match_keys", ()))
    return {key for key, number in times.items() if number > MOST_KEYS}


def _leave_out_crowded(
    exams: list[tuple[dict[str, Any], Facts]], present: list[_Study], crowded: set[str]
) -> tuple[list[tuple[dict[str, Any], Facts]], list[_Study]]:
    """Return the exams and studies of which nobody is of the same exam as a study that may be forgotten."""
    left = [one for one in present if crowded & set(one.item.get("match_keys", ()))]
    while left:
        stated = {facts for one in left for facts in one.stated}
        gone = [facts for _, facts in exams if any(facts.fits(other) for other in stated)]
        exams = [one for one in exams if one[1] not in gone]
        present = [one for one in present if one not in left]
        left = [one for one in present if any(facts.fits(other) for facts in gone for other in one.stated)]
    return exams, present


def _check_images(exams: list[tuple[dict[str, Any], Facts]], present: list[_Study]) -> Iterator[str]:
    exams = sorted(exams, key=_rank)
    present = sorted(present, key=lambda one: (-one.instances, one.study_id))
    numbered = {
        item["pk"]: [one.study_id for one in present if any(_same_number(facts, other) for other in one.stated)]
        for item, facts in exams
    }
    taken = {study for each in numbered.values() for study in each}
    free = [one for one in present if one.study_id not in taken]
    could = {
        item["pk"]: [one.study_id for one in free if any(facts.fits(other) for other in one.stated)]
        for item, facts in exams
        if not numbered[item["pk"]]
    }
    paired = pair(could)
    for study in present:
        known = any(facts.fits(other) or _same_number(facts, other) for _, facts in exams for other in study.stated)
        own = [item for item, _ in exams if study.study_id in numbered[item["pk"]]] or [
            item for item, _ in exams if paired.get(item["pk"]) == study.study_id
        ]
        images = max((one["images"] for one in own if one.get("images") and "state" not in one), default=None)
        if known and len(study.item.get("match_keys", ())) < MOST_KEYS and study.item.get("expected_images") != images:
            told = study.item.get("expected_images")
            yield f"Study {study.study_id} expects {told} images, what is expected makes {images}."


def pair(could: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Pair as many as can be: an exam before those behind it, and each with the first study that leaves it so."""
    chosen: list[str] = []
    for one in could:
        if _can_pair(could, [*chosen, one], set()):
            chosen.append(one)
    found: dict[str, str] = {}
    for place, one in enumerate(chosen):
        taken = set(found.values())
        for study in could[one]:
            if study not in taken and _can_pair(could, chosen[place + 1 :], taken | {study}):
                found[one] = study
                break
    return found


def _can_pair(could: Mapping[str, Sequence[str]], exams: Sequence[str], taken: set[str]) -> bool:
    holders: dict[str, str] = {}

    def find(one: str, tried: set[str]) -> bool:
        for study in could[one]:
            if study not in taken and study not in tried:
                tried.add(study)
                if study not in holders or find(holders[study], tried):
                    holders[study] = one
                    return True
        return False

    return all(find(one, set()) for one in exams)


def _list_studies(snapshot: Snapshot) -> tuple[dict[str, list[_Study]], dict[str, set[Facts]]]:
    """Return the studies of which something is left, by clinic, and what the files of each one state."""
    stated: dict[str, set[Facts]] = defaultdict(set)
    for story in snapshot.stories.values():
        if story.was_instance or (story.study_id and any(step.after == "rejected" for step in story.steps)):
            stated[story.study_id].add(_read_file(story))
    present: dict[str, list[_Study]] = defaultdict(list)
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        if item.get("instances") or item.get("rejected", 0) > 0:
            one = _Study(study, item.get("instances", 0), item, stated[study])
            present[item["clinic_id"]].append(one)
    return present, stated


def _check_marks(snapshot: Snapshot, stated: Mapping[str, set[Facts]], crowded: set[str]) -> Iterator[str]:
    """Look whether each study left its mark under each of its keys, so that whoever expects it finds it."""
    for study, _, item in snapshot.list_kind("STUDY#", "#META"):
        keys = item.get("match_keys", ())
        wanted = any(facts.accession or facts.rest for facts in stated.get(study, ()))
        if bool(keys) != wanted:
            yield f"Study {study} has {len(keys)} keys by which it is found as expected."
        for key in sorted(set(keys) - crowded):
            if study not in snapshot.get(f"MATCH#{key}", "#CAME").get("studies", set()):
                yield f"Study {study} left no mark under one of its keys."


def _same_number(one: Facts, other: Facts) -> bool:
    return bool(one.accession) and one.accession == other.accession


def _rank(exam: tuple[dict[str, Any], Facts]) -> tuple[bool, int, str, str]:
    item = exam[0]
    return "state" in item, -(item.get("images") or 0), item.get("time") or "~", item["pk"]


def _read_exam(item: dict[str, Any]) -> Facts:
    told = {name: item.get(f"exam_{name}", "") for name in ("patient_key", "modality", "study_date")}
    return _facts(item.get("exam_accession_number", ""), *told.values())


def _read_file(story: Story) -> Facts:
    patient = story.metadata.get("patient")
    accession = patient.get("accession_number", "") if isinstance(patient, dict) else ""
    modality = str(story.metadata.get("modality", "")).strip().upper()[:16]
    day = str(story.metadata.get("study_date", ""))[:16].strip()
    return _facts(accession, str(story.item.get("patient_key") or ""), modality, day)


def _facts(accession: object, patient: str, modality: str, day: str) -> Facts:
    number = accession.strip()[:200] if isinstance(accession, str) else ""
    folded = unicodedata.normalize("NFKC", number).casefold().encode("utf-8", "replace").decode()
    whole = patient and modality and _DAY.fullmatch(day)
    return Facts(" ".join(folded.split()), (patient, modality, day) if whole else None)
