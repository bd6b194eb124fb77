"""Searches, an upload's trouble, studies, and searches that are kept."""

from datetime import timedelta

import pytest

from intake.errors import InvalidCursorError, NotFoundError
from intake.files.item_keys import find_cause
from intake.files.states import State
from intake.search.dynamodb import DynamoKeptSearches
from intake.search.ports import FileQuery
from intake.studies.board import BoardQuery, Standing
from intake.studies.model import StudyQuery
from processor.handlers.record_changes import describe_change
from tests.fakes import FakeKeptSearches
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, a_verdict, an_upload, stored_item

OTHER_UPLOAD = "01kanqzzzz0000000000000001"
STUDY = "1.2.0"


def _metadata(number):
    return {
        "study_instance_uid": f"1.2.{number % 2}",
        "series_instance_uid": f"1.2.{number % 2}.7",
        "instance_number": number,
        "modality": ("CT", "MR")[number % 2],
        "study_date": ("20261101", "20261115")[number % 2],
        "patient": {"id": f"TEST-{number % 2}"},
    }


@pytest.fixture
def files(stores, prepare):
    """Six files of two studies and patients, of which the first is rejected and the last two are awaited."""

    def write_files():
        reserved = [a_file(number, created_at=NOON + timedelta(minutes=number)) for number in range(6)]
        stores.records.create_upload(an_upload(reference="Ward-7"))
        stores.records.add_files(an_upload(), reserved)
        for number, file in enumerate(reserved[:4]):
            found = (REFUSAL,) if number == 0 else ()
            verdict = a_verdict(
                file,
                state=State.REJECTED if found else State.ACCEPTED,
                findings=found,
                metadata=_metadata(number),
                decided_at=NOON + timedelta(hours=number),
            )
            stores.verdicts.record(verdict, reserved=True)
            stores.apply([describe_change(stored_item(file), stored_item(stores.verdicts.file(file.file_id)))])
        return [file.file_id for file in reserved]

    return prepare(write_files)


class TestSearch:
    @staticmethod
    def found(search, limit=10, **asked):
        rows, after = [], None
        while True:
            page = search.files(FileQuery(**{"clinic_id": "northside", **asked}), after, limit)
            rows += [record.file_id for record in page.rows]
            after = page.next
            if after is None:
                return rows

    def test_a_patients_files_come_newest_first_and_from_its_clinic_only(self, stores, files):
        assert self.found(stores.search, patient_id="test-1") == [files[3], files[1]]
        assert self.found(stores.search, limit=1, patient_id="TEST-1 ") == [files[3], files[1]]
        assert self.found(stores.search, clinic_id="lakeview", patient_id="test-1") == []

    @pytest.mark.parametrize(
        ("asked", "numbers"),
        [
            ({"patient_id": "test-0", "state": State.REJECTED}, {0}),
            ({"study_id": IDS.study("northside", STUDY)}, {0, 2}),
            ({"study_id": IDS.study("northside", STUDY), "state": State.ACCEPTED}, {2}),
            ({"upload_id": UPLOAD_ID}, {0, 1, 2, 3, 4, 5}),
            ({"upload_id": UPLOAD_ID, "state": State.ACCEPTED}, {1, 2, 3}),
            ({"upload_id": OTHER_UPLOAD}, set()),
        ],
    )
    def test_conditions_hold_together(self, stores, files, asked, numbers):
        assert {*self.found(stores.search, **asked)} == {files[number] for number in numbers}

    def test_a_position_of_no_list_is_told(self, stores, files):
        with pytest.raises(InvalidCursorError):
            stores.search.files(FileQuery(clinic_id="northside", patient_id="test-1"), "nonsense", 10)

    def test_uploads_are_found_by_how_their_reference_begins(self, stores, files):
        found = stores.search.uploads("northside", "WARD", 10)
        assert [upload.upload_id for upload in found] == [UPLOAD_ID]
        assert stores.search.uploads("lakeview", "ward", 10) == ()
        assert stores.search.uploads("northside", "ard", 10) == ()

    def test_uploads_are_found_by_their_ids(self, stores, files):
        assert [one.upload_id for one in stores.search.uploads_at([OTHER_UPLOAD, UPLOAD_ID])] == [UPLOAD_ID]


class TestTroubles:
    CAUSE = find_cause(State.REJECTED, (REFUSAL,))

    def test_files_are_found_by_their_cause(self, stores, files):
        first = stores.troubles.first(UPLOAD_ID, [self.CAUSE, "failed"], 5)
        assert {cause: [row.file_id for row in rows] for cause, rows in first.items()} == {self.CAUSE: [files[0]]}
        page = stores.troubles.files(UPLOAD_ID, self.CAUSE.partition("#")[0], None, 5)
        assert ([row.file_id for row in page.rows], page.next) == ([files[0]], None)

    def test_of_another_upload_there_are_none(self, stores, files):
        assert stores.troubles.first(OTHER_UPLOAD, [self.CAUSE], 5) == {}
        assert stores.troubles.files(OTHER_UPLOAD, self.CAUSE, None, 5).rows == ()

    def test_an_uploads_studies_count_its_judged_files(self, stores, files):
        counts = {row.study_id: row.counts for row in stores.troubles.studies(UPLOAD_ID, 5).rows}
        assert counts == {
            IDS.study("northside", STUDY): {State.REJECTED: 1, State.ACCEPTED: 1},
            IDS.study("northside", "1.2.1"): {State.ACCEPTED: 2},
        }


class TestStudies:
    def test_a_study_is_what_its_accepted_files_add_up_to(self, stores, files):
        study = stores.studies.study("northside", IDS.study("northside", "1.2.1"))
        assert (study.instances, study.bytes, study.modalities, study.study_dates) == (2, 2000, {"MR"}, {"20261115"})
        assert (study.uploads, study.series_uids) == ({UPLOAD_ID}, {"1.2.1.7"})
        (series,) = study.series
        assert (series.instances, series.numbers) == (2, {1, 3})

    def test_a_study_is_its_clinics_or_an_admins(self, stores, files):
        study_id = IDS.study("northside", STUDY)
        assert stores.studies.study(None, study_id).instances == 1
        with pytest.raises(NotFoundError):
            stores.studies.study("lakeview", study_id)

    def test_those_that_got_a_file_last_come_first(self, stores, files):
        page = stores.studies.studies(StudyQuery(clinic_id="northside"), None, 1)
        later = stores.studies.studies(StudyQuery(clinic_id="northside"), page.next, 1)
        assert [one.study_uid for one in (*page.rows, *later.rows)] == ["1.2.1", STUDY]
        assert stores.studies.studies(StudyQuery(clinic_id="lakeview"), None, 5).rows == ()

    @pytest.mark.parametrize(
        "asked",
        [{"first_date": "20261110"}, {"modality": "mr"}, {"patient_id": "test-1"}],
    )
    def test_conditions_choose(self, stores, files, asked):
        page = stores.studies.studies(StudyQuery(clinic_id="northside", **asked), None, 5)
        assert [study.study_uid for study in page.rows] == ["1.2.1"]


class TestStudyBoard:
    LATER = NOON + timedelta(days=1)

    def found(self, board, **asked):
        query = BoardQuery(**{"clinic_id": "northside", "growing_since": self.LATER, **asked})
        return [study.study_uid for study in board.exams(query, None, 5).rows]

    def test_exams_come_with_their_states(self, stores, files):
        assert self.found(stores.board) == ["1.2.1", STUDY]
        assert self.found(stores.board, standing=Standing.PROBLEM) == [STUDY]
        assert self.found(stores.board, standing=Standing.MISSING) == ["1.2.1"]
        counts, of_others = (
            stores.board.exams(BoardQuery(clinic_id=one, growing_since=self.LATER, counted=True), None, 1).counts
            for one in ("northside", "lakeview")
        )
        assert {one.value: number for one, number in counts.items() if number} == {"problem": 1, "missing": 1}
        assert not any(of_others.values())

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"text": "test-1"}, ["1.2.1"]),
            ({"text": "nobody"}, []),
            ({"modality": "ct"}, [STUDY]),
            ({"first_date": "20261110"}, ["1.2.1"]),
            ({"by_date": True}, ["1.2.1", STUDY]),
            ({"patient_key": IDS.patient("northside", "TEST-0")}, [STUDY]),
            ({"clinic_id": "lakeview"}, []),
            ({"growing_since": NOON, "standing": Standing.GROWING}, ["1.2.1"]),
        ],
    )
    def test_exams_are_found(self, stores, files, asked, found):
        assert self.found(stores.board, **asked) == found

    def test_an_exam_is_its_clinics_or_an_admins(self, stores, files):
        study_id = IDS.study("northside", "1.2.1")
        exam = stores.board.exam("northside", study_id)
        assert (exam.missing, exam.gaps, exam.exam.patient_id) == (1, (((2, 2),),), "TEST-1")
        assert stores.board.exam(None, study_id).study_uid == "1.2.1"
        with pytest.raises(NotFoundError):
            stores.board.exam("lakeview", study_id)


class TestKeptSearches:
    def test_only_its_owner_reads_one(self, in_table):
        kept = in_table(FakeKeptSearches, DynamoKeptSearches)
        search_id = kept.keep("user-1", {"patient": "TEST-1"})
        assert kept.find("user-1", search_id) == {"patient": "TEST-1"}
        assert kept.find("user-2", search_id) is None
        for unknown in ("nonsense", "", "a" * 100):
            assert kept.find("user-1", unknown) is None
