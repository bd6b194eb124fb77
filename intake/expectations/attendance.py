"""Which study came of which expected exam, of all that could be of each other: pure.

An accession number decides alone, and every study that states it is of each exam that is expected under it. What is
left is matched by Patient ID, modality and day, and there a study is of one exam and an exam has one study: so that of
two orders of a day one study lets one arrive. It follows from what is expected and what came, and not from what was
first.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from intake.expectations.model import ExpectedExam
from intake.files.keys import KeyedIds
from intake.studies.matching import list_match_keys, name_number
from intake.studies.model import Study


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expected exam, and what it is matched by."""

    exam: ExpectedExam
    number: str
    """The key that its accession number makes; nothing where it states none."""
    keys: AbstractSet[str]

    @property
    def expected_id(self) -> str:
        return self.exam.expected_id


@dataclass(frozen=True, slots=True)
class Arrival:
    """A study that came, and what it is matched by: the keys of all its files."""

    study: Study
    keys: set[str]

    @property
    def is_present(self) -> bool:
        """Whether anything is left of it."""
        return bool(self.study.instances or self.study.rejected)


def want(ids: KeyedIds, exam: ExpectedExam) -> Wanted:
    keys = list_match_keys(ids, exam.clinic_id, exam.exam, came=False)
    return Wanted(exam, name_number(ids, exam.clinic_id, exam.exam), frozenset(keys))


class Roll:
    """Of all exams that could be of the same studies, and all studies that could be of the same exams."""

    def __init__(self, wanted: Iterable[Wanted], came: Iterable[Arrival]) -> None:
        exams = sorted(wanted, key=_rank)
        present = sorted((one for one in came if one.is_present), key=_rank_arrival)
        self._studies = {one.study.study_id: one.study for one in present}
        self._exams = {one.expected_id: one.exam for one in exams}
        self._numbered = {
            one.expected_id: [each.study.study_id for each in present if one.number in each.keys] for one in exams
        }
        taken = {study_id for studies in self._numbered.values() for study_id in studies}
        free = [one for one in present if one.study.study_id not in taken]
        self._paired = pair(
            {
                one.expected_id: [each.study.study_id for each in free if one.keys & each.keys]
                for one in exams
                if not self._numbered[one.expected_id]
            }
        )

    def find_study(self, expected_id: str) -> Study | None:
        """Return what came of an exam: of several studies of its accession number, the one with most images."""
        found = [*self._numbered[expected_id][:1], *(self._paired.get(expected_id, ""),)]
        return self._studies.get(found[0])

    def count_images(self, study_id: str) -> int | None:
        """Return how many images a study is to have, None where nobody said.

        Each of the studies of one accession number is held against the most that was told for it.
        """
        of_number = [one for one, studies in self._numbered.items() if study_id in studies]
        of_day = [one for one, study in self._paired.items() if study == study_id]
        exams = (self._exams[one] for one in (*of_number, *of_day))
        return max((exam.images for exam in exams if exam.images and not exam.cancelled), default=None)


def _rank(wanted: Wanted) -> tuple[bool, int, str, str]:
    """Sort what is still expected first, and of that what most is expected of: rather an alarm than silence."""
    exam = wanted.exam
    return exam.cancelled, -(exam.images or 0), exam.time or "~", exam.expected_id


def _rank_arrival(arrival: Arrival) -> tuple[int, str]:
    return -arrival.study.instances, arrival.study.study_id


def pair(wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return as many pairs as there can be, each side at most once.

    `wanted` tells for each exam the studies that it could be, and both stand by rank: an exam gets a study before any
    behind it, and of those that leave the others theirs the first.
    """
    holders: dict[str, str] = {}
    arrived = [one for one in wanted if _find_place(one, wanted, holders, set())]
    settled: set[str] = set()
    for one in arrived:
        for study in wanted[one]:
            if study in settled:
                continue
            moved = dict(holders)
            own = next(held for held, holder in moved.items() if holder == one)
            displaced = moved.get(study)
            del moved[own]
            moved[study] = one
            # Whoever had it may have another one, but none that is settled.
            if displaced is None or displaced == one or _find_place(displaced, wanted, moved, {*settled, study}):
                holders = moved
                settled.add(study)
                break
    return {one: study for study, one in holders.items()}


def _find_place(one: str, wanted: Mapping[str, Sequence[str]], holders: dict[str, str], tried: set[str]) -> bool:
    """Give an exam a study, for which others may move to another of theirs; say whether there is one."""
    asking: dict[str, str] = {}
    """Study → who would take it."""
    held: dict[str, str | None] = {one: None}
    """Who looks for another one → the study that it would leave."""
    waiting = deque([one])
    while waiting:
        asks = waiting.popleft()
        for study in wanted[asks]:
            if study in tried:
                continue
            tried.add(study)
            asking[study] = asks
            if study not in holders:
                _move(study, asking, held, holders)
                return True
            held[holders[study]] = study
            waiting.append(holders[study])
    return False


def _move(free: str, asking: Mapping[str, str], held: Mapping[str, str | None], holders: dict[str, str]) -> None:
    """Give a free study to who asked for it, what that one leaves to who asked for that, and so on."""
    study: str | None = free
    while study is not None:
        holders[study] = asking[study]
        study = held[holders[study]]
