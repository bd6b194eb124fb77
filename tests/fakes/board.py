"""The study board, made from what the one fake table holds."""

from collections import Counter
from dataclasses import dataclass, field

from intake.errors import NotFoundError
from intake.files.keys import normalise_patient_id
from intake.studies.board import BoardPage, BoardQuery, Standing, find_standing
from intake.studies.boards import told_dates, told_modalities
from intake.studies.exams import find_term, list_terms
from intake.studies.model import Study
from tests.fakes.labels import FakeStudyLabels
from tests.fakes.search import FakeStudies
from tests.fakes.table import FakeTable, page_of


@dataclass
class FakeStudyBoard:
    """Exams as a clinic's people see them."""

    table: FakeTable = field(default_factory=FakeTable)

    def exams(self, query: BoardQuery, after: str | None, limit: int) -> BoardPage:
        rows = [study for study in FakeStudies(self.table).seen().values() if _fits(query, study)]
        sorted_by_date = query.by_date and query.standing is not Standing.GROWING
        narrowed = query.modality or query.first_date or query.last_date or query.patient_key or query.label
        by_date = sorted_by_date or narrowed
        if query.text:
            rows.sort(key=lambda study: (not _has_id(query, study), _first_term(query, study), study.study_id))
        elif by_date:
            rows.sort(key=lambda study: (max(told_dates(study), default=""), study.study_id), reverse=True)
        else:
            rows.sort(key=lambda study: (study.seen_at, study.study_id), reverse=True)
        page = page_of(rows, "board", after, limit)
        if not query.counted or query.clinic_id is None or query.text:
            return BoardPage(page.rows, page.next)
        labels = FakeStudyLabels(self.table).of_clinic(query.clinic_id)
        return BoardPage(page.rows, page.next, counts=self._count(query), labels=labels)

    def exam(self, clinic_id: str | None, study_id: str) -> Study:
        study = FakeStudies(self.table).seen().get(study_id)
        if study is None or clinic_id not in {None, study.clinic_id}:
            raise NotFoundError(study_id)
        return study

    def _count(self, query: BoardQuery) -> Counter[Standing]:
        studies = [one for one in FakeStudies(self.table).seen().values() if one.clinic_id == query.clinic_id]
        return Counter(standing for one in studies if (standing := find_standing(one, query.growing_since)))


def _fits(query: BoardQuery, study: Study) -> bool:
    standing = find_standing(study, query.growing_since)
    first, last = query.first_date, query.last_date or "~"
    return (
        query.clinic_id in {None, study.clinic_id}
        and standing is not None
        and query.standing in {None, standing}
        and query.patient_key in {"", study.exam.patient_key}
        and (not query.label or query.label in {label.label_id for label in study.labels})
        and (not query.modality or query.modality.upper() in told_modalities(study))
        and (not (query.first_date or query.last_date) or any(first <= one <= last for one in told_dates(study)))
        and (not query.text or _has_id(query, study) or bool(_first_term(query, study)))
    )


def _has_id(query: BoardQuery, study: Study) -> bool:
    return normalise_patient_id(query.text) == normalise_patient_id(study.exam.patient_id) != ""


def _first_term(query: BoardQuery, study: Study) -> str:
    begins = find_term(query.text)
    fitting = [term for term in list_terms(study.exam).values() if begins and term.startswith(begins)]
    return min(fitting, default="")
