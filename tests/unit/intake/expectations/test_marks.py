"""Marks of what is expected: what a crash leaves undone, what older marks say, and what reading them costs."""

from dataclasses import replace

import pytest

from intake.errors import NotFoundError
from intake.expectations.dynamodb import AT_ONCE, DynamoExpectedExams
from intake.expectations.matches import MOST_EXPECTED
from intake.expectations.model import Kept
from intake.projections.projections import DynamoProjections
from intake.studies.board import BoardQuery
from intake.studies.boards import DynamoStudyBoard
from intake.studies.matching import EXPECTED, MOST_STUDIES, list_match_keys, match_key
from intake.table.expressions import clinic, replacement
from tests.records import IDS
from tests.unit.intake.contracts.test_expectations import DAY, an_exam, unnumbered
from tests.unit.intake.expectations.test_recount import CrashError, Interrupted
from tests.unit.intake.studies.test_boards import LATER, image, project


@pytest.fixture
def table(dynamodb):
    return Interrupted(dynamodb)


@pytest.fixture
def expected(table):
    return DynamoExpectedExams(table, IDS)


@pytest.fixture
def arrive(table):
    return lambda *records: project(DynamoProjections(table, IDS), *records)


def crash():
    raise CrashError


def tell_studies(table):
    rows = DynamoStudyBoard(table, IDS).exams(BoardQuery(clinic_id="northside", growing_since=LATER), None, 100).rows
    return {one.study_uid: (one.instances, one.expected_images) for one in rows}


def count_states(table):
    query = BoardQuery(clinic_id="northside", growing_since=LATER, counted=True)
    return {
        state.value: count
        for state, count in DynamoStudyBoard(table, IDS).exams(query, None, 1).counts.items()
        if count
    }


def tell_day(expected, day=DAY):
    rows = expected.list_day("northside", day, None, 200).rows
    return {one.expected.exam.accession_number: one.study and one.study.study_uid for one in rows}


@pytest.mark.parametrize("at_once", [4, AT_ONCE])
def test_a_list_that_a_crash_cut_anywhere_is_completed_by_sending_it_again(
    table, expected, arrive, monkeypatch, at_once
):
    """Three transactions, what they tell the studies that were there before, and their states: cut before each."""
    monkeypatch.setattr("intake.expectations.dynamodb.AT_ONCE", at_once)
    listed = 2 * at_once + 2
    for place, cut in enumerate(range(9) if at_once < AT_ONCE else (3, 6)):
        day = f"202612{place + 1:02}"
        exams = [an_exam(accession_number=f"{place}-{number}", images=2, study_date=day) for number in range(listed)]
        came = {f"{place}-{number}": f"1.{place}.{number}" for number in (0, at_once, listed - 1)}
        arrive(
            *(
                image(
                    listed * place + number,
                    study=study,
                    metadata={"patient": {"id": "TEST-1", "accession_number": accession}, "study_date": day},
                )
                for number, (accession, study) in enumerate(came.items())
            )
        )
        table.interrupt(cut, crash)
        # Nine writes: each transaction, and behind it one study and its state.
        with pytest.raises(CrashError):
            expected.save("northside", exams)
        written = min(listed, at_once * ((cut + 2) // 3))
        assert expected.save("northside", exams) == Kept(created=listed - written, unchanged=written)
        assert expected.save("northside", exams) == Kept(unchanged=listed)
        told = tell_day(expected, day)
        assert len(told) == expected.count_day("northside", day) == listed
        assert {one: study for one, study in told.items() if study} == came
        assert set(tell_studies(table).values()) == {(1, 2)}
        assert count_states(table) == {"missing": 3 * (place + 1)}


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("what", ["cancelled", "corrected"])
def test_what_a_crash_left_undone_of_a_change_is_done_when_it_is_asked_for_again(table, expected, arrive, what, at):
    """The first write is the exam's, the second the study's, the third its state's."""
    exam = an_exam(key="order-1", images=60)
    expected.save("northside", [exam])
    arrive(image(1))
    corrected = an_exam(key="order-1", images=60, accession_number="ACC-78")

    def change():
        if what == "cancelled":
            expected.cancel("northside", exam.expected_id)
        else:
            expected.save("northside", [corrected])

    assert count_states(table) == {"missing": 1}
    table.interrupt(at, crash)
    with pytest.raises(CrashError):
        change()
    change()
    assert (tell_studies(table), count_states(table)) == ({"1.2.3": (1, 0)}, {"complete": 1})


def put_old_mark(table, exam):
    """Write the marks of an exam as they were before they named more than one."""
    for key in list_match_keys(IDS, "northside", exam.exam, came=False):
        told = {"expected_id": exam.expected_id, "images": exam.images, "expires": 1_900_000_000}
        table.write(replacement({**match_key(key, EXPECTED), **told}, clinic("northside")))


def test_marks_of_before_name_their_exam_also_beside_others(table, expected, arrive):
    old, new = an_exam(accession_number="A1", images=60), an_exam(accession_number="A2", images=40)
    expected.save("northside", [old])
    put_old_mark(table, old)
    arrive(unnumbered(1))
    assert tell_studies(table) == {"1.2.3": (1, 60)}
    expected.save("northside", [new])
    arrive(unnumbered(2, study="4.4"), unnumbered(3, study="4.4"))
    assert tell_studies(table) == {"1.2.3": (1, 40), "4.4": (2, 60)}
    assert expected.find_ids("northside", [old.exam, new.exam]) == [old.expected_id, new.expected_id]
    expected.cancel("northside", old.expected_id)
    assert tell_studies(table) == {"1.2.3": (1, 0), "4.4": (2, 40)}


def test_a_mark_lasts_as_long_as_any_exam_that_it_names(table, expected):
    late, early = an_exam(study_date="20270601"), an_exam()
    expected.save("northside", [late])
    (key,) = {*list_match_keys(IDS, "northside", late.exam, came=False)} & {
        *list_match_keys(IDS, "northside", early.exam, came=False)
    }
    lasting = table.get(match_key(key, EXPECTED))["expires"]
    expected.save("northside", [early])
    mark = table.get(match_key(key, EXPECTED))
    assert (mark["expires"], mark["exams"]) == (lasting, {late.expected_id, early.expected_id})


def test_an_order_that_was_given_another_number_is_not_taken_back_under_its_former_one(expected):
    """Taking back the wrong one would be silence about an exam that never came."""
    first, second = an_exam(key="order-1"), an_exam(key="order-2")
    expected.save("northside", [first, second])
    expected.save("northside", [replace(second, exam=replace(second.exam, accession_number="ACC-78"))])
    assert expected.find_ids("northside", [first.exam]) == [first.expected_id]
    expected.save("northside", [replace(first, exam=replace(first.exam, accession_number="ACC-79"))])
    assert expected.find_ids("northside", [first.exam]) == [None]


def test_a_change_that_comes_in_the_middle_of_a_cancellation_is_not_undone_by_it(table, expected):
    exam = an_exam(images=60)
    expected.save("northside", [exam])
    table.interrupt(0, lambda: expected.save("northside", [replace(exam, images=61)]))
    assert expected.cancel("northside", exam.expected_id).images == 61
    (row,) = expected.list_day("northside", DAY, None, 10).rows
    assert (row.expected.images, row.expected.cancelled) == (61, True)
    with pytest.raises(NotFoundError):
        expected.cancel("northside", IDS.exam("northside", "nothing"))


def test_as_many_orders_of_a_day_as_anybody_has_arrive_each_with_its_study(expected, arrive):
    """Somebody who was badly hurt has a dozen radiographs ordered one by one."""
    orders = [an_exam(accession_number=f"A{number}", images=1) for number in range(MOST_STUDIES)]
    expected.save("northside", orders)
    arrive(*(unnumbered(number, study=f"4.{number}") for number in range(MOST_STUDIES)))
    studies = list(tell_day(expected).values())
    assert len(set(studies)) == len(studies) == MOST_STUDIES
    assert None not in studies


def test_a_list_of_more_orders_of_one_patient_than_a_mark_names_is_taken_all_the_same(table, expected, arrive):
    orders = [an_exam(accession_number=f"A{number}", images=2) for number in range(2 * MOST_EXPECTED)]
    assert expected.save("northside", orders) == Kept(created=2 * MOST_EXPECTED)
    arrive(unnumbered(1))
    told = tell_day(expected)
    assert (len(told), sum(study is not None for study in told.values())) == (2 * MOST_EXPECTED, 1)
    assert tell_studies(table) == {"1.2.3": (1, 2)}


@pytest.mark.parametrize(("exams", "batches"), [(10, 4), (30, 6), (60, 6)])
def test_a_page_on_which_patients_have_two_orders_each_costs_the_same_however_many_there_are(
    dynamodb, expected, arrive, exams, batches
):
    """Their other order may stand on another page: then it is one more look at what is expected, and at what came."""
    patients = range(exams // 2)
    for which, time in (("a", "0800"), ("b", "")):
        orders = [an_exam(accession_number=f"{one}{which}", patient_id=f"P{one}", time=time) for one in patients]
        expected.save("northside", orders)
    arrive(*(unnumbered(n, study=f"4.{n}", metadata={"patient": {"id": f"P{n}"}}) for n in patients))
    made = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: made.append(model.name))
    page = expected.list_day("northside", DAY, None, 10)
    assert len(page.rows) == 10
    assert sorted(made) == [*["BatchGetItem"] * batches, "Query"]


def test_a_batch_of_the_projector_asks_for_what_is_expected_once_and_for_no_more_where_nothing_is(dynamodb, arrive):
    arrive(image(1))
    made = []
    dynamodb.meta.events.register("before-call.dynamodb.BatchGetItem", lambda params, **_: made.append(str(params)))
    arrive(image(2))
    assert sum(EXPECTED in one for one in made) == 1
