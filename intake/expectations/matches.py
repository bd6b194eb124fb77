"""Finding, in the table, what came of what is expected, and having studies tell how many images they are to have.

Whoever expects and whoever brings leave their own marks first and read the other's then, consistently; and who told a
study something reads all of it again. So neither has to be there first, no race loses a match, and what stands in the
end follows from what stands beside it. A mark names whoever once had its key: whether they still do is said by
themselves.
"""

from collections.abc import Iterable, Iterator, Sequence

from intake.errors import ContentionError
from intake.expectations.attendance import Arrival, Roll, Wanted, want
from intake.expectations.expected_items import expected_key, read_expected
from intake.expectations.model import ExpectedExam
from intake.files.item_keys import study_key
from intake.files.keys import KeyedIds
from intake.studies.matching import CAME, EXPECTED, list_study_keys, match_key
from intake.studies.study_items import EXPECTED_IMAGES, WRITES, is_told, read_study
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item
from intake.table.table import Table
from intake.table.transactions import ATTEMPTS

MOST_EXPECTED = 100
"""Exams that are remembered under a key. One more takes the place of all, as with what came."""

_FARTHEST = 6
"""Steps from exams to studies and back: whoever is farther from each other is of the same patient by error only."""
_MOST_GATHERED = 400
"""Exams and studies that are told apart from each other; a sender may be hostile."""


def list_expected(mark: Item | None) -> set[str]:
    """Return the ids of the exams that were expected under a key; marks of before name the last one alone."""
    held = mark or {}
    return {*held.get("exams", ()), *([held["expected_id"]] if "expected_id" in held else [])}


class ExamMatches:
    """Reads and writes at least once, in any order, by any number of workers."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._ids = ids

    def call_roll(self, exams: Sequence[ExpectedExam]) -> Roll:
        """Return what came of exams."""
        gathering = _Gathering(self._table, self._ids)
        gathering.gather(exams=exams)
        return Roll(gathering.wanted.values(), gathering.came.values())

    def list_studies(self, keys: Iterable[str]) -> list[str]:
        """Return the ids of the studies that came under keys."""
        marks = self._table.batch_get([match_key(key, CAME) for key in keys])
        return sorted({study_id for mark in marks for study_id in (mark or {}).get("studies", ())})

    def tell_images(self, study_ids: Iterable[str]) -> list[Item]:
        """Have studies tell how many images are expected of them, and all that could be of the same exams.

        Returns their items, as they are then. Raises ContentionError.
        """
        for _ in range(ATTEMPTS):
            gathering = _Gathering(self._table, self._ids, whole=True)
            gathering.gather(study_ids=list(study_ids))
            writes = list(gathering.tell_images())
            for write in writes:
                self._table.write(write)
            if not writes:
                return list(gathering.items.values())
        raise ContentionError("others keep changing what is expected")


class _Gathering:
    """All that must be known to tell which study is of which exam, from some of either on.

    Each step is a read of marks and one of what they name. Unless it is to be `whole`, what lies behind a study that
    states the accession number of an exam is left out: it is that exam's, whoever else is there.
    """

    def __init__(self, table: Table, ids: KeyedIds, *, whole: bool = False) -> None:
        self._table = table
        self._ids = ids
        self._whole = whole
        self.wanted: dict[str, Wanted] = {}
        self.came: dict[str, Arrival] = {}
        self.items: dict[str, Item] = {}
        self._looked_at: set[tuple[str, str]] = set()
        self._named: dict[str, set[str]] = {}
        """Key → the exams that are or were expected under it, as far as there still are any."""

    def gather(self, *, exams: Sequence[ExpectedExam] = (), study_ids: Sequence[str] = ()) -> None:
        new_exams = self._add_exams(exams)
        new_studies = self._add_studies(self._read([study_key(one) for one in study_ids]))
        for _ in range(_FARTHEST):
            if not (new_exams or new_studies) or len(self.wanted) + len(self.came) > _MOST_GATHERED:
                return
            found = self._find_studies(new_exams)
            new_exams = self._find_exams(new_studies)
            new_studies = found

    def tell_images(self) -> Iterator[Write]:
        """Yield the writes that have studies tell their numbers, where they tell others.

        What was told stays where nothing is left of what was expected: an exam that came late is no better for it.
        """
        roll = Roll(self.wanted.values(), self.came.values())
        for study_id, arrival in self.came.items():
            images = roll.count_images(study_id)
            is_known = any(self._named.get(key) for key in arrival.keys)
            if arrival.is_present and is_known and images != self.items[study_id].get(EXPECTED_IMAGES):
                yield update(
                    study_key(study_id),
                    clinic(arrival.study.clinic_id),
                    sets={EXPECTED_IMAGES: images},
                    sums={WRITES: 1},
                    new=True,
                )

    def _find_studies(self, exams: Sequence[Wanted]) -> list[Arrival]:
        """Return the studies that came under exams' keys, and are new here."""
        marks = self._read_marks(CAME, (key for one in exams for key in one.keys))
        named = {key: mark.get("studies", set()) for key, mark in marks.items()}
        unknown = sorted({one for each in named.values() for one in each} - self.came.keys())
        found = self._add_studies(self._read([study_key(one) for one in unknown]))
        # A study of which many files state different things, or that is of before, does not tell all its keys itself.
        for key, each in named.items():
            for study_id in each & self.came.keys():
                self.came[study_id].keys.add(key)
        return found

    def _find_exams(self, studies: Sequence[Arrival]) -> list[Wanted]:
        """Return the exams that are expected under studies' keys, and are new here."""
        numbers = {one.number for one in self.wanted.values()}
        open_ones = [one for one in studies if self._whole or (one.is_present and not one.keys & numbers)]
        marks = self._read_marks(EXPECTED, (key for one in open_ones for key in one.keys))
        named = {key: list_expected(mark) for key, mark in marks.items()}
        unknown = sorted({one for each in named.values() for one in each} - self.wanted.keys())
        found = self._add_exams(map(read_expected, self._read([expected_key(one) for one in unknown])))
        self._named |= {key: each & self.wanted.keys() for key, each in named.items()}
        return found

    def _add_exams(self, exams: Iterable[ExpectedExam]) -> list[Wanted]:
        new = {exam.expected_id: want(self._ids, exam) for exam in exams}
        self.wanted |= new
        return list(new.values())

    def _add_studies(self, items: Iterable[Item]) -> list[Arrival]:
        new = {(study := read_study(item)).study_id: (study, item) for item in items if is_told(item)}
        arrivals = {one: Arrival(study, list_study_keys(self._ids, item)) for one, (study, item) in new.items()}
        self.items |= {study_id: item for study_id, (_, item) in new.items()}
        self.came |= arrivals
        return list(arrivals.values())

    def _read_marks(self, sort: str, keys: Iterable[str]) -> dict[str, Item]:
        """Return the marks under keys, without those that were looked at before."""
        wanted = [key for key in dict.fromkeys(keys) if (key, sort) not in self._looked_at]
        self._looked_at |= {(key, sort) for key in wanted}
        marks = self._table.batch_get([match_key(key, sort) for key in wanted])
        return {key: mark for key, mark in zip(wanted, marks, strict=True) if mark}

    def _read(self, keys: Sequence[Item]) -> list[Item]:
        return [item for item in self._table.batch_get(keys) if item]
