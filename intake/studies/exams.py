"""Whose and what an exam is, and the terms that its study is found under.

A study's first file that tells something of it tells it for the whole study. Sources: DICOM PS3.3 C.7.1.1 (patient),
C.7.2.1 (study); PS3.5 6.2.1.1 (person names).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from intake.files.keys import fold_text
from intake.files.metadata import read_modality, short_text

LONGEST = 200
"""Characters of a value that are kept for lists."""
LONGEST_TERM = 100
"""Characters of a term; DynamoDB takes sort keys of up to 1024 bytes."""

NAME_WORDS = 4
DESCRIPTION_WORDS = 6
"""How many words of a value it is found by, each as the first one."""

_BETWEEN_WORDS = re.compile(r"[\s^=,;/\\()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Whose and what an exam is. What is empty was not stated; nothing of it is told by `repr`, nor so by a log."""

    patient_name: str = field(default="", repr=False)
    """As the file writes it: `Family^Given`, with `=` between scripts."""
    patient_id: str = field(default="", repr=False)
    patient_key: str = field(default="", repr=False)
    """`{clinic}#{digest}` of the Patient ID, as `KeyedIds.patient` makes it."""
    accession_number: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    modality: str = ""
    study_date: str = ""
    """`YYYYMMDD`."""

    @property
    def patient_digest(self) -> str:
        """What the patient's page is addressed by; nothing where the file states no Patient ID."""
        return self.patient_key.partition("#")[2]

    def to_dict(self) -> dict[str, str]:
        """Return what is stated."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: text for name, text in told.items() if text}


def describe_exam(metadata: Mapping[str, Any], patient_key: str = "") -> Exam:
    """Return what a DICOM file's metadata says of its exam."""
    patient = metadata.get("patient")
    stated = patient if isinstance(patient, dict) else {}
    return Exam(
        patient_name=_shorten(stated.get("name")),
        patient_id=_shorten(stated.get("id")),
        patient_key=patient_key,
        accession_number=_shorten(stated.get("accession_number")),
        description=_shorten(metadata.get("study_description")),
        modality=read_modality(metadata),
        study_date=short_text(metadata, "study_date"),
    )


def _shorten(value: object) -> str:
    return value.strip()[:LONGEST] if isinstance(value, str) else ""


def find_term(text: str) -> str:
    """Return a text as it is compared: its words, without regard to case, width and what stands between them."""
    return " ".join(_split_words(text))[:LONGEST_TERM].strip()


def list_terms(exam: Exam) -> dict[str, str]:
    """Return the terms that an exam is found by, when one begins as was asked, by slots that never change.

    A name and a description are found by each of their first words; a name's words go round, so that `Given Family` is
    found too.
    """
    name, words = _split_words(exam.patient_name), _split_words(exam.description)
    terms = {f"name{at}": " ".join((*name[at:], *name[:at])) for at in range(min(len(name), NAME_WORDS))}
    terms["accession"] = find_term(exam.accession_number)
    terms |= {f"description{at}": " ".join(words[at:]) for at in range(min(len(words), DESCRIPTION_WORDS))}
    return {slot: term[:LONGEST_TERM].strip() for slot, term in terms.items() if term}


def _split_words(text: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(fold_text(text)) if word]
