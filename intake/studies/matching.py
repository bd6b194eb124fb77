"""By which keys an exam that came and one that was expected find each other, and where these lie in the table.

An exam leaves a mark under each of its keys, and an expectation looks under each of its own; so nothing is searched,
and either may be there first. Both hold the same keys where their accession numbers are the same, or else, where one of
them states none, where Patient ID, modality and day are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.files.item_keys import study_key
from intake.files.keys import KeyedIds, normalise_patient_id
from intake.studies.exams import Exam
from intake.studies.model import StudyFile
from intake.studies.study_items import DATE, EXPECTED_IMAGES, WRITES
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table

CAME = "#CAME"
EXPECTED = "#EXPECTED"

MOST_STUDIES = 8
"""That are remembered under a key. One more takes the place of all: where numbers begin anew, the newest is meant."""

REMEMBERED = timedelta(days=190)
"""For how long they are, from when one came first: longer than an exam is expected, before its day and behind it."""


def list_match_keys(ids: KeyedIds, clinic_id: str, exam: Exam, *, came: bool) -> tuple[str, ...]:
    """Return the keyed digests that an exam is found by, the surest first: of one that came, or one that is expected.

    Two exams that state different accession numbers share none, whatever else they have in common.
    """
    accession = normalise_patient_id(exam.accession_number)
    keys = [ids.exam(clinic_id, "accession", accession)] if accession else []
    if exam.patient_key and exam.modality and DATE.fullmatch(exam.study_date):
        day = (exam.patient_key, exam.modality, exam.study_date)
        # Which of the two states no accession number: at least one of them must.
        stated = [came] if accession else [True, False]
        keys += [ids.exam(clinic_id, "came-with" if which else "expected-with", *day) for which in stated]
    return tuple(keys)


def match_key(digest: str, sort: str) -> Item:
    """Return the key of what came, or of what is expected, under a digest of `list_match_keys`."""
    return {"pk": f"MATCH#{digest}", "sk": sort}


def list_came(files: Sequence[tuple[StudyFile, tuple[str, ...]]]) -> dict[str, "Came"]:
    """Return what came under each digest, of files that are given with theirs."""
    came: dict[str, Came] = {}
    for file, digests in files:
        for digest in digests:
            new = came.setdefault(digest, Came(file.clinic_id, file.at))
            new.at = max(new.at, file.at)
            new.study_ids.add(file.study_id)
    return came


@dataclass(slots=True)
class Came:
    """What came under a key just now."""

    clinic_id: str
    at: datetime
    study_ids: set[str] = field(default_factory=set)


class ExamMatches:
    """Brings what was expected and what came together: each writes its own marks first, and reads the other's then."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._ids = ids

    def list_keys(self, file: StudyFile) -> tuple[str, ...]:
        return list_match_keys(self._ids, file.clinic_id, file.exam, came=True)

    def note_came(self, came: Mapping[str, Came], held: Sequence[Item | None]) -> None:
        """Leave under each digest which studies came; `held` is what stands there, in their order."""
        for (digest, new), mark in zip(came.items(), held, strict=True):
            known: set[str] = (mark or {}).get("studies", set())
            unknown = set(sorted(new.study_ids - known)[:MOST_STUDIES])
            if not unknown:
                continue
            joins = len(known) + len(unknown) <= MOST_STUDIES
            lasting = {"expires": int((new.at + REMEMBERED).timestamp())}
            self._table.write(
                update(
                    match_key(digest, CAME),
                    clinic(new.clinic_id),
                    sets=lasting if joins else {**lasting, "studies": unknown},
                    members={"studies": unknown} if joins else None,
                    new=True,
                )
            )

    def follow(self, files: Sequence[tuple[StudyFile, tuple[str, ...]]], held: Mapping[str, Item]) -> None:
        """Have the studies of files tell how many images were expected; `held` are their items by partition."""
        keys = list(dict.fromkeys(key for _, keys in files for key in keys))
        marks = dict(zip(keys, self._table.batch_get([match_key(key, EXPECTED) for key in keys]), strict=True))
        for study_id, clinic_id in {file.study_id: file.clinic_id for file, _ in files}.items():
            of_study = (key for file, keys in files if file.study_id == study_id for key in keys)
            images = next((mark["images"] for key in of_study if "images" in (mark := marks[key] or {})), None)
            if images and images != held[study_key(study_id)["pk"]].get(EXPECTED_IMAGES):
                self.tell_images(clinic_id, study_id, images)

    def find_studies(self, clinic_id: str, exams: Sequence[Exam]) -> list[list[set[str]]]:
        """Return the ids of the studies that came of expected exams, in their order: by each key, the surest first."""
        keys = [list_match_keys(self._ids, clinic_id, exam, came=False) for exam in exams]
        wanted = list(dict.fromkeys(key for each in keys for key in each))
        marks = dict(zip(wanted, self._table.batch_get([match_key(key, CAME) for key in wanted]), strict=True))
        return [[set((marks[key] or {}).get("studies", ())) for key in each] for each in keys]

    def tell_images(self, clinic_id: str, study_id: str, images: int | None) -> None:
        """Have a study tell how many images were expected of it; None for no longer."""
        self._table.write(
            update(study_key(study_id), clinic(clinic_id), sets={EXPECTED_IMAGES: images}, sums={WRITES: 1}, new=True)
        )
