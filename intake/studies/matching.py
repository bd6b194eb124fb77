"""By which keys an exam that came and one that was expected find each other, and where these lie in the table.

An exam leaves a mark under each of its keys, and an expectation under each of its own; so nothing is searched, and
either may be there first. Both hold the same keys where their accession numbers are the same, or else, where one of
them states none, where Patient ID, modality and day are. What of it is of which is said in `intake/expectations`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.files.keys import KeyedIds, normalise_patient_id
from intake.studies.exams import Exam
from intake.studies.model import StudyFile
from intake.studies.study_items import DATE, read_exam
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table

CAME = "#CAME"
EXPECTED = "#EXPECTED"

MOST_STUDIES = 16
"""That are remembered under a key. One more takes the place of all: where numbers begin anew, the newest is meant."""

REMEMBERED = timedelta(days=190)
"""For how long they are, from when one came first: longer than an exam is expected, before its day and behind it."""


def list_match_keys(ids: KeyedIds, clinic_id: str, exam: Exam, *, came: bool) -> tuple[str, ...]:
    """Return the keyed digests that an exam is found by, the surest first: of one that came, or one that is expected.

    Two exams that state different accession numbers share none, whatever else they have in common.
    """
    number = name_number(ids, clinic_id, exam)
    keys = [number] if number else []
    if exam.patient_key and exam.modality and DATE.fullmatch(exam.study_date):
        day = (exam.patient_key, exam.modality, exam.study_date)
        # Which of the two states no accession number: at least one of them must.
        stated = [came] if number else [True, False]
        keys += [ids.exam(clinic_id, "came-with" if which else "expected-with", *day) for which in stated]
    return tuple(keys)


def name_number(ids: KeyedIds, clinic_id: str, exam: Exam) -> str:
    """Return the keyed digest of an exam's accession number, under which it is surely found; nothing for none."""
    accession = normalise_patient_id(exam.accession_number)
    return ids.exam(clinic_id, "accession", accession) if accession else ""


def list_study_keys(ids: KeyedIds, item: Item) -> set[str]:
    """Return the keys under which a study left its marks: its files' or, where it does not tell these, its own."""
    own = list_match_keys(ids, item["clinic_id"], read_exam(item), came=True)
    return set(item.get("match_keys") or own)


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


def note_came(table: Table, came: Mapping[str, Came], held: Sequence[Item | None]) -> None:
    """Leave under each digest which studies came; `held` is what stands there, in their order."""
    for (digest, new), mark in zip(came.items(), held, strict=True):
        known: set[str] = (mark or {}).get("studies", set())
        unknown = set(sorted(new.study_ids - known)[:MOST_STUDIES])
        if not unknown:
            continue
        joins = len(known) + len(unknown) <= MOST_STUDIES
        lasting = {"expires": int((new.at + REMEMBERED).timestamp())}
        table.write(
            update(
                match_key(digest, CAME),
                clinic(new.clinic_id),
                sets=lasting if joins else {**lasting, "studies": unknown},
                members={"studies": unknown} if joins else None,
                new=True,
            )
        )
