"""Searches, receipts' trouble and studies, made from what the one fake table holds."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from intake.errors import NotFoundError
from intake.expectations.attendance import Arrival, Roll, want
from intake.files.item_keys import find_cause, index_by_content, read_series_id, term
from intake.files.metadata import patient_id_of, read_modality
from intake.files.model import FileRecord, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from intake.search.dynamodb import matches
from intake.search.ports import FileQuery
from intake.studies.exams import Exam, describe_exam
from intake.studies.matching import list_match_keys
from intake.studies.model import SHOWN_GAPS, Instance, Series, Study, StudyOfUpload, StudyQuery, instance
from intake.studies.rules import FRAMES_MIXED, MODALITIES_MIXED, find_gaps
from intake.studies.study_items import count_missing, read_labels
from tests.fakes.table import FakeTable, page_of
from tests.records import IDS


@dataclass
class FakeSearch:
    """Files and uploads by what people know of them."""

    table: FakeTable = field(default_factory=FakeTable)

    def files(self, query: FileQuery, after: str | None, limit: int) -> Page[FileRecord]:
        rows = [record for record in self.table.files.values() if matches(query, record, IDS)]
        rows.sort(key=lambda record: (record.created_at, record.file_id), reverse=True)
        if query.study_id:  # As `by_study` is sorted.
            rows.sort(key=lambda one: index_by_content(one.clinic_id, one.file_id, one.metadata, IDS)["study_place"])
        return page_of(rows, "search", after, limit)

    def uploads(self, clinic_id: str, reference: str, limit: int) -> tuple[Upload, ...]:
        begins = term(reference)
        rows = [upload for upload in self.table.uploads.values() if upload.clinic_id == clinic_id]
        found = [upload for upload in rows if upload.reference and term(upload.reference).startswith(begins)]
        return tuple(self.table.count_files(upload) for upload in found[:limit])

    def uploads_at(self, upload_ids: Sequence[str]) -> tuple[Upload, ...]:
        found = (self.table.uploads.get(upload_id) for upload_id in upload_ids)
        return tuple(self.table.count_files(upload) for upload in found if upload)


@dataclass
class FakeTroubles:
    """What an upload's receipt tells beside its figures."""

    table: FakeTable = field(default_factory=FakeTable)

    def first(self, upload_id: str, causes: Sequence[str], limit: int) -> dict[str, tuple[FileRecord, ...]]:
        found = {cause: self.files(upload_id, f"{cause}#", None, limit).rows for cause in causes}
        return {cause: rows for cause, rows in found.items() if rows}

    def files(self, upload_id: str, cause: str, after: str | None, limit: int) -> Page[FileRecord]:
        rows = [
            (f"{find_cause(record.state, record.findings)}#{record.file_id}", record)
            for record in self.table.files_of(upload_id)
            if find_cause(record.state, record.findings) and not record.is_handled
        ]
        listed = sorted((key, record.file_id) for key, record in rows if key.startswith(cause))
        return page_of([self.table.files[file_id] for _, file_id in listed], f"trouble {upload_id}", after, limit)

    def studies(self, upload_id: str, limit: int) -> Page[StudyOfUpload]:
        filed: dict[str, Counter[State]] = {}
        told: dict[str, Instance] = {}
        for record in self.table.files_of(upload_id):
            new = _instance(record)
            if new is not None:
                filed.setdefault(new.study_id, Counter())[record.state] += 1
                told.setdefault(new.study_id, new)
        rows = [
            StudyOfUpload(study, dict(counts), told[study].modality, told[study].study_date)
            for study, counts in filed.items()
        ]
        return Page(tuple(rows[:limit]), "more" if len(rows) > limit else None)


@dataclass
class FakeStudies:
    """What the accepted DICOM files add up to."""

    table: FakeTable = field(default_factory=FakeTable)

    def studies(self, query: StudyQuery, after: str | None, limit: int) -> Page[Study]:
        rows = [study for study in self._all().values() if self._fits(query, study)]
        rows.sort(key=lambda study: (study.last_at, study.study_id), reverse=True)
        return page_of(rows, "studies", after, limit)

    def study(self, clinic_id: str | None, study_id: str) -> Study:
        study = self._all().get(study_id)
        if study is None or clinic_id not in (None, study.clinic_id):
            raise NotFoundError(study_id)
        return study

    def _fits(self, query: StudyQuery, study: Study) -> bool:
        dates = [date for date in study.study_dates if query.first_date <= date <= (query.last_date or "~")]
        asked = FileQuery(clinic_id=query.clinic_id, patient_id=query.patient_id, study_id=study.study_id)
        return (
            query.clinic_id in (None, study.clinic_id)
            and (not query.modality or query.modality.upper() in study.modalities)
            and (not (query.first_date or query.last_date) or bool(dates))
            and (not query.patient_id or any(matches(asked, record, IDS) for record in self.table.files.values()))
        )

    def _all(self) -> dict[str, Study]:
        return {study_id: study for study_id, study in self.seen().items() if study.instances}

    def seen(self) -> dict[str, Study]:
        """Return also those of which every file was rejected."""
        rejected: dict[str, list[FileRecord]] = {}
        for record in self.table.files.values():
            new = _instance(record)
            if new is not None and record.state in {State.REJECTED, State.FAILED}:
                rejected.setdefault(new.study_id, []).append(record)
        accepted = self._accepted()
        told = {study_id: _with_rejected(accepted.get(study_id), files) for study_id, files in rejected.items()} | {
            study_id: study for study_id, study in accepted.items() if study_id not in rejected
        }
        roll = call_roll(self.table, told.values())
        shown = {study_id: self._add_previews(study) for study_id, study in told.items()}
        return {study_id: self._add_labels(_add_expected(study, roll)) for study_id, study in shown.items()}

    def _add_previews(self, study: Study) -> Study:
        shown = self.table.previews
        series = tuple(replace(one, preview=shown.get(one.series_id, "")) for one in study.series)
        return replace(study, series=series, preview=shown.get(study.study_id, ""))

    def _add_labels(self, study: Study) -> Study:
        return replace(study, labels=read_labels(self.table.labels.get(study.study_id, {})))

    def _accepted(self) -> dict[str, Study]:
        held: dict[str, list[tuple[FileRecord, Instance]]] = {}
        for record in self.table.files.values():
            new = _instance(record)
            if new is not None and record.state is State.ACCEPTED and not record.duplicate_of:
                held.setdefault(new.study_id, []).append((record, new))
        return {study: _study(files) for study, files in held.items()}


def call_roll(table: FakeTable, studies: Iterable[Study]) -> Roll:
    """Return what came of all that is expected, of all that came."""
    keys: dict[str, set[str]] = {}
    for record in table.files.values() if table.expected else ():
        if (new := _instance(record)) is not None:
            stated = list_match_keys(IDS, record.clinic_id, _exam(record), came=True)
            keys.setdefault(new.study_id, set()).update(stated)
    came = [Arrival(study, keys.get(study.study_id, set())) for study in studies]
    return Roll([want(IDS, exam) for exam in table.expected.values()], came)


def _add_expected(study: Study, roll: Roll) -> Study:
    expected = roll.count_images(study.study_id) or 0
    return replace(study, expected_images=expected, missing=count_missing(study.missing, study.instances, expected))


def _with_rejected(study: Study | None, files: Sequence[FileRecord]) -> Study:
    first = files[0]
    new = _instance(first)
    assert new is not None
    seen_at = max(record.updated_at for record in files)
    told = study or Study(
        clinic_id=first.clinic_id,
        study_id=new.study_id,
        study_uid=new.study_uid,
        instances=0,
        bytes=0,
        first_at=seen_at,
        last_at=seen_at,
        uploads=frozenset(record.upload_id for record in files),
        exam=_exam(first),
    )
    return replace(told, rejected=len(files), touched_at=max(told.last_at, seen_at))


def _exam(record: FileRecord) -> Exam:
    return describe_exam(record.metadata, IDS.patient(record.clinic_id, patient_id_of(record.metadata)))


def _study(files: Sequence[tuple[FileRecord, Instance]]) -> Study:
    record, first = files[0]
    series = tuple(_series(one, files) for one in sorted({new.series_id for _, new in files}))
    gaps = [found for one in series if (found := find_gaps(one))]
    codes = (MODALITIES_MIXED.code, FRAMES_MIXED.code)
    return Study(
        clinic_id=record.clinic_id,
        study_id=first.study_id,
        study_uid=first.study_uid,
        instances=len(files),
        bytes=sum(record.size for record, _ in files),
        first_at=min(record.updated_at for record, _ in files),
        last_at=max(record.updated_at for record, _ in files),
        modalities=frozenset(read_modality(record.metadata) for record, _ in files) - {""},
        study_dates=frozenset(new.study_date for _, new in files) - {""},
        patients=frozenset(new.patient for _, new in files) - {""},
        uploads=frozenset(record.upload_id for record, _ in files),
        series_uids=frozenset(new.series_uid for _, new in files),
        series=series,
        exam=_exam(record),
        missing=sum(last - first + 1 for found in gaps for first, last in found),
        gaps=tuple(tuple(found[:SHOWN_GAPS]) for found in gaps),
        repeated=sum(one.numbered - len(one.numbers) for one in series),
        marks=frozenset(
            code
            for one in series
            for code, values in zip(codes, (one.modalities, one.frames_of_reference), strict=True)
            if len(values) > 1
        ),
    )


def _series(series_id: str, files: Sequence[tuple[FileRecord, Instance]]) -> Series:
    news = [new for _, new in files if new.series_id == series_id]
    return Series(
        series_id=series_id,
        series_uid=news[0].series_uid,
        instances=len(news),
        numbered=sum(new.number is not None for new in news),
        modalities=frozenset(new.modality for new in news) - {""},
        frames_of_reference=frozenset(new.frame_of_reference for new in news) - {""},
        numbers=frozenset(new.number for new in news if new.number is not None),
    )


def _instance(record: FileRecord) -> Instance | None:
    keys = index_by_content(record.clinic_id, record.file_id, record.metadata, IDS)
    if not keys["study_of"]:
        return None
    return instance(record.metadata, keys["study_of"], read_series_id(keys["study_place"]), keys["patient_key"] or "")


@dataclass
class FakeKeptSearches:
    """What somebody searched for."""

    held: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def keep(self, owner: str, criteria: Mapping[str, str]) -> str:
        search_id = secrets.token_urlsafe(12)
        self.held[search_id] = (owner, dict(criteria))
        return search_id

    def find(self, owner: str, search_id: str) -> dict[str, str] | None:
        whose, criteria = self.held.get(search_id, ("", {}))
        return criteria if whose == owner and criteria else None
