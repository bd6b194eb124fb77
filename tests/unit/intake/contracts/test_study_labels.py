"""Labels of exams, over the table and over the fake that the portal's tests use."""

from datetime import timedelta

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.labels.model import MOST_LABELS, MOST_OF_CLINIC, LabelsFullError, LabelTextError, TooManyLabelsError
from intake.studies.board import BoardQuery
from processor.handlers.record_changes import describe_change
from tests.records import IDS, NOON, a_file, a_verdict, an_upload, stored_item

LATER = NOON + timedelta(days=1)
STUDIES = [IDS.study("northside", f"1.2.{number}") for number in range(12)]


@pytest.fixture
def labels(stores, prepare):
    """Twelve exams of one image each."""
    prepare(lambda: fill(stores))
    return stores.labels


def fill(stores):
    files = [a_file(number) for number in range(12)]
    stores.records.create_upload(an_upload())
    stores.records.add_files(an_upload(), files)
    for number, file in enumerate(files):
        told = {"study_instance_uid": f"1.2.{number}", "series_instance_uid": f"1.2.{number}.1", "instance_number": 1}
        verdict = a_verdict(file, metadata={**told, "study_date": f"202611{number + 1:02}"}, decided_at=NOON)
        stores.verdicts.record(verdict, reserved=True)
        stores.apply([describe_change(stored_item(file), stored_item(stores.verdicts.file(file.file_id)))])


def texts(found):
    return [label.text for label in found]


def test_labels_are_put_on_once_and_taken_off(labels):
    first = labels.add("northside", STUDIES[0], "  Tumour\n board ")
    assert (texts(first.added), first.removed) == (["Tumour board"], ())
    again = labels.add("northside", STUDIES[0], "TUMOUR BOARD")
    assert (again.added, again.removed, texts(again.after)) == ((), (), ["Tumour board"])
    labels.add("northside", STUDIES[0], "Second opinion")
    assert texts(labels.of_study("northside", STUDIES[0])) == ["Second opinion", "Tumour board"]
    (label_id,) = (label.label_id for label in first.added)
    assert texts(labels.remove("northside", STUDIES[0], label_id).removed) == ["Tumour board"]
    assert labels.remove("northside", STUDIES[0], label_id).removed == ()
    assert texts(labels.of_study("northside", STUDIES[0])) == ["Second opinion"]


def test_a_clinics_labels_are_those_that_its_exams_carry_as_they_were_first_written(labels):
    for study in STUDIES[:2]:
        labels.add("northside", study, "Tumour board")
    labels.replace("northside", STUDIES[2], ["tumour BOARD", "Ärztin"])
    assert texts(labels.of_clinic("northside")) == ["Tumour board", "Ärztin"]
    assert texts(labels.of_study("northside", STUDIES[2])) == ["Tumour board", "Ärztin"]
    labels.replace("northside", STUDIES[2], [])
    assert texts(labels.of_clinic("northside")) == ["Tumour board"]
    assert labels.of_clinic("lakeview") == ()


def test_whoever_knows_what_stood_there_undoes_nobodys_change(labels):
    labels.add("northside", STUDIES[0], "Tumour board")
    with pytest.raises(ConflictError):
        labels.replace("northside", STUDIES[0], ["Second opinion"], [])
    changed = labels.replace("northside", STUDIES[0], ["Second opinion"], ["tumour board"])
    assert (texts(changed.added), texts(changed.removed)) == (["Second opinion"], ["Tumour board"])


def test_what_is_no_label_or_one_too_many_is_refused(labels):
    for text in ("", " \u200b\u202e ", "x" * 41, "x" * 5000):
        with pytest.raises(LabelTextError):
            labels.add("northside", STUDIES[0], text)
    for number in range(MOST_LABELS):
        labels.add("northside", STUDIES[0], f"label {number}")
    with pytest.raises(TooManyLabelsError):
        labels.add("northside", STUDIES[0], "one more")
    for number in range(MOST_LABELS, MOST_OF_CLINIC):
        labels.add("northside", STUDIES[number // MOST_LABELS], f"label {number}")
    with pytest.raises(LabelsFullError):
        labels.add("northside", STUDIES[11], "one more")
    # One that is in use has room everywhere, and one that ends makes room.
    labels.add("northside", STUDIES[11], "label 7")
    labels.replace("northside", STUDIES[0], [f"label {number}" for number in range(1, MOST_LABELS)])
    labels.add("northside", STUDIES[11], "one more")
    assert len(labels.of_clinic("northside")) == MOST_OF_CLINIC


def test_another_clinics_exam_is_as_one_that_there_is_not(labels):
    label = labels.add("northside", STUDIES[0], "Tumour board").added[0]
    unknown = IDS.study("northside", "9.9")
    for clinic_id, study in (("lakeview", STUDIES[0]), ("northside", unknown), ("northside", "x")):
        for change in (
            lambda: labels.of_study(clinic_id, study),  # noqa: B023 - called at once.
            lambda: labels.add(clinic_id, study, "Mine"),  # noqa: B023 - called at once.
            lambda: labels.remove(clinic_id, study, label.label_id),  # noqa: B023 - called at once.
            lambda: labels.replace(clinic_id, study, []),  # noqa: B023 - called at once.
        ):
            with pytest.raises(NotFoundError):
                change()
    assert texts(labels.of_study("northside", STUDIES[0])) == ["Tumour board"]


def test_the_board_finds_the_exams_of_a_label_and_shows_all_their_labels(stores, labels):
    for study in (STUDIES[3], STUDIES[5]):
        labels.replace("northside", study, ["Tumour board", "Other"])
    label_id = IDS.label("northside", "tumour board")

    def found(**asked):
        query = BoardQuery(**{"clinic_id": "northside", "growing_since": LATER, "label": label_id, **asked})
        page = stores.board.exams(query, None, 1)
        rest = stores.board.exams(query, page.next, 5).rows if page.next else ()
        return [(study.study_uid, texts(study.labels)) for study in (*page.rows, *rest)]

    both = [("1.2.5", ["Other", "Tumour board"]), ("1.2.3", ["Other", "Tumour board"])]
    assert found() == both
    assert found(last_date="20261104") == both[1:]
    assert found(clinic_id="lakeview") == []
    labels.remove("northside", STUDIES[5], label_id)
    assert found() == both[1:]
    query = BoardQuery(clinic_id="northside", growing_since=LATER, counted=True)
    assert texts(stores.board.exams(query, None, 1).labels) == ["Other", "Tumour board"]
    assert texts(stores.studies.study("northside", STUDIES[3]).labels) == ["Other", "Tumour board"]
    assert "Tumour" not in repr(labels.of_clinic("northside"))
