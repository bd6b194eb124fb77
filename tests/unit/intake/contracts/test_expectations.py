"""Expected exams: fake and adapter keep the same, and match the same with what came, whichever was there first."""

import random
from dataclasses import replace

import pytest

from intake.errors import InvalidCursorError, NotFoundError
from intake.expectations.dynamodb import DynamoExpectedExams, DynamoReminders
from intake.expectations.model import Attendance, ExpectedExam, Kept, Presence, Reminder, Source, make_id
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.studies.board import BoardQuery, Standing
from intake.studies.boards import DynamoStudyBoard
from intake.studies.exams import Exam
from intake.studies.matching import list_match_keys
from intake.table.table import Table
from tests.fakes import FakeExpectedExams, FakeReminders, FakeStudyBoard, FakeTable
from tests.records import IDS, NOON
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.studies.test_boards import LATER, image, project

SEED = 20261130
DAY = "20261122"


class Clinics:
    """What is expected, what came, and the board, on one table."""

    def __init__(self, expected, board, arrive):
        self.expected, self.board, self.arrive = expected, board, arrive

    def day(self, clinic_id="northside", day=DAY, limit=100):
        found, after = [], None
        while True:
            page = self.expected.list_day(clinic_id, day, after, limit)
            found += page.rows
            after = page.next
            if after is None:
                return found

    def studies(self):
        return self.board.exams(BoardQuery(clinic_id="northside", growing_since=LATER), None, 100).rows

    def settled(self):
        query = BoardQuery(clinic_id="northside", growing_since=LATER, counted=True)
        return {each.value: count for each, count in self.board.exams(query, None, 1).counts.items() if count}


@pytest.fixture
def clinics(in_table):
    def fake():
        table = FakeTable()

        def arrive(*records):
            table.files |= {record.file_id: record for record in records}

        return Clinics(FakeExpectedExams(table), FakeStudyBoard(table), arrive)

    def adapter(table):
        projections = DynamoProjections(table, IDS)
        return Clinics(
            DynamoExpectedExams(table, IDS), DynamoStudyBoard(table, IDS), lambda *them: project(projections, *them)
        )

    return in_table(fake, adapter)


def an_exam(clinic_id="northside", *, key="", time="", images=None, cancelled=False, **stated):
    told = {"accession_number": "ACC-77", "patient_id": "TEST-1", "modality": "CT", "study_date": DAY, **stated}
    exam = Exam(**told, patient_key=IDS.patient(clinic_id, told["patient_id"]))
    return ExpectedExam(
        clinic_id=clinic_id,
        expected_id=make_id(IDS, clinic_id, exam, key),
        exam=exam,
        time=time,
        images=images,
        key=key,
        source=Source.LIST,
        created_at=NOON,
        created_by="nora",
        cancelled=cancelled,
    )


def test_what_is_expected_is_listed_by_time_page_by_page_and_day_by_day(clinics):
    times = ["1100", "0930", "", "1400"]
    exams = [an_exam(accession_number=f"A{n}", time=time) for n, time in enumerate(times)]
    assert clinics.expected.save("northside", exams) == Kept(created=4)
    clinics.expected.save("northside", [an_exam(accession_number="A9", study_date="20261123")])

    assert [one.expected.time for one in clinics.day(limit=1)] == ["0930", "1100", "1400", ""]
    assert clinics.day()[0] == Attendance(exams[1])
    assert [len(clinics.day(day=day)) for day in ("20261123", "20261124")] == [1, 0]
    assert clinics.expected.count_day("northside", DAY) == 4
    with pytest.raises(InvalidCursorError):
        clinics.expected.list_day("northside", DAY, "nowhere", 2)


def test_the_same_list_again_changes_nothing_and_another_changes_what_differs(clinics):
    exams = [an_exam(accession_number=f"A{n}") for n in range(60)]
    assert clinics.expected.save("northside", exams) == Kept(created=60)
    again = [replace(exam, created_by="omar", source=Source.API) for exam in exams]
    assert clinics.expected.save("northside", again) == Kept(unchanged=60)
    assert {one.expected.created_by for one in clinics.day()} == {"nora"}
    again[7] = replace(again[7], images=60)
    assert clinics.expected.save("northside", again) == Kept(unchanged=59, changed=1)
    assert [one.expected.images for one in clinics.day() if one.expected.images] == [60]


def test_what_was_cancelled_stays_so_and_may_be_expected_again(clinics):
    exam = an_exam()
    clinics.expected.save("northside", [exam])
    for _ in range(2):
        assert clinics.expected.cancel("northside", exam.expected_id).cancelled
    assert clinics.expected.save("northside", [exam]) == Kept(still_cancelled=1)
    assert clinics.day()[0].find_presence(over=True) is Presence.CANCELLED
    assert clinics.expected.count_day("northside", DAY) == 0
    assert not clinics.expected.cancel("northside", exam.expected_id, cancelled=False).cancelled
    assert clinics.expected.count_day("northside", DAY) == 1


def test_a_list_may_take_back_what_is_known_and_nothing_else(clinics):
    clinics.expected.save("northside", [an_exam()])
    taken_back = [an_exam(cancelled=True), an_exam(accession_number="A9", cancelled=True)]
    assert clinics.expected.save("northside", taken_back) == Kept(cancelled=1)
    assert clinics.expected.save("northside", taken_back) == Kept(unchanged=1)
    assert len(clinics.day()) == 1


def test_nothing_is_told_to_another_clinic_or_changed_by_it(clinics):
    exam = an_exam()
    clinics.expected.save("northside", [exam])
    clinics.arrive(image(1))
    for unknown in (exam.expected_id, "nobody", "0" * 26):
        with pytest.raises(NotFoundError):
            clinics.expected.cancel("lakeview", unknown)
    assert clinics.day("lakeview") == []
    clinics.expected.save("lakeview", [an_exam("lakeview", images=60)])
    assert clinics.day("lakeview")[0].study is None
    assert clinics.studies()[0].expected_images == 0
    assert not clinics.day()[0].expected.cancelled


@pytest.mark.parametrize("first", ["expected", "came"])
@pytest.mark.parametrize(
    ("stated", "came", "matches"),
    [
        ({}, {}, True),
        ({"accession_number": "acc-77 ", "patient_id": "", "modality": ""}, {}, True),
        ({"study_date": "20261123"}, {}, True),
        ({"accession_number": ""}, {}, True),
        ({"accession_number": "", "patient_id": " test-1"}, {}, True),
        ({}, {"accession_number": ""}, True),
        ({"accession_number": ""}, {"accession_number": ""}, True),
        ({"accession_number": "ACC-78"}, {}, False),
        ({"accession_number": "", "study_date": "20261123"}, {}, False),
        ({"accession_number": "", "modality": "MR"}, {}, False),
        ({"accession_number": "", "patient_id": "TEST-2"}, {}, False),
    ],
)
def test_an_exam_is_found_by_its_accession_number_or_else_by_patient_modality_and_day(
    clinics, first, stated, came, matches
):
    exam = an_exam(**stated)
    patient = {"id": "TEST-1", "name": "Example^Nora", "accession_number": "ACC-77", **came}
    steps = [
        lambda: clinics.expected.save("northside", [exam]),
        lambda: clinics.arrive(image(1, metadata={"patient": patient})),
    ]
    for step in steps if first == "expected" else reversed(steps):
        step()
    (told,) = clinics.day(day=exam.day)
    assert told.find_presence(over=True) is (Presence.ARRIVED if matches else Presence.OVERDUE)
    assert told.find_presence(over=False) is (Presence.ARRIVED if matches else Presence.EXPECTED)
    assert (told.study.study_id if told.study else None) == (IDS.study("northside", "1.2.3") if matches else None)


@pytest.mark.parametrize("first", ["expected", "came"])
def test_a_study_tells_how_many_of_the_expected_images_are_missing(clinics, first):
    steps = [
        lambda: clinics.expected.save("northside", [an_exam(images=60)]),
        lambda: clinics.arrive(*(image(number) for number in range(1, 58))),
    ]
    for step in steps if first == "expected" else reversed(steps):
        step()
    (study,) = clinics.studies()
    assert (study.instances, study.missing, study.expected_images, study.gaps) == (57, 3, 60, ())
    assert clinics.settled() == {"missing": 1}

    clinics.arrive(*(image(number) for number in range(58, 61)))
    assert (clinics.studies()[0].missing, clinics.settled()) == (0, {"complete": 1})

    clinics.expected.save("northside", [an_exam(images=61)])
    assert (clinics.studies()[0].missing, clinics.settled()) == (1, {"missing": 1})
    clinics.expected.cancel("northside", an_exam().expected_id)
    assert (clinics.studies()[0].missing, clinics.settled()) == (0, {"complete": 1})


def test_an_exam_of_which_every_file_was_rejected_came_as_a_problem(clinics):
    clinics.expected.save("northside", [an_exam(images=60)])
    clinics.arrive(image(1, state=State.REJECTED))
    (told,) = clinics.day()
    assert told.find_presence(over=True) is Presence.ARRIVED
    assert told.study.rejected == 1
    assert clinics.settled() == {Standing.PROBLEM.value: 1}


def test_each_clinic_is_told_at_its_own_hour(in_table):
    reminders = in_table(FakeReminders, DynamoReminders)
    reminders.choose_hour("northside", 16)
    reminders.note_told("northside", DAY)
    reminders.note_told("lakeview", DAY)
    assert reminders.read(["northside", "lakeview", "hilltop"]) == {
        "northside": Reminder(16, DAY),
        "lakeview": Reminder(18, DAY),
        "hilltop": Reminder(),
    }


def test_whatever_two_exams_state_they_share_a_key_exactly_where_they_match():
    print(f"seed {SEED}")
    chance = random.Random(SEED)

    def some_exam():
        patient = chance.choice(["", "P1", "P2"])
        return Exam(
            accession_number=chance.choice(["", "A", "a ", "B"]),
            patient_key=IDS.patient("northside", patient),
            modality=chance.choice(["", "CT", "MR"]),
            study_date=chance.choice(["", "20261122", "20261123", "soon"]),
        )

    for _ in range(3000):
        expected, came = some_exam(), some_exam()
        accessions = [one.accession_number.strip().lower() for one in (expected, came)]
        days = [(one.patient_key, one.modality, one.study_date) for one in (expected, came)]
        stated = all(days[0]) and days[0][2].isdigit()
        matches = accessions[0] == accessions[1] if all(accessions) else days[0] == days[1] and stated
        shared = {*list_match_keys(IDS, "northside", expected, came=False)} & {
            *list_match_keys(IDS, "northside", came, came=True)
        }
        assert bool(shared) is matches, (expected, came)
        others = {*list_match_keys(IDS, "lakeview", came, came=True)}
        assert not others & {*list_match_keys(IDS, "northside", expected, came=False)}


@pytest.mark.parametrize("exams", [10, 400])
def test_a_page_costs_the_same_however_many_exams_are_expected(dynamodb, exams):
    table = Table(dynamodb, TABLE)
    expected = DynamoExpectedExams(table, IDS)
    expected.save("northside", [an_exam(accession_number=f"A{n}", time="0800" * (n == 1)) for n in range(exams)])
    project(DynamoProjections(table, IDS), image(1, metadata={"patient": {"id": "X", "accession_number": "A1"}}))
    made = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: made.append(model.name))
    page = expected.list_day("northside", DAY, None, 10)
    assert len(page.rows) == 10
    assert sorted(made) == ["BatchGetItem", "BatchGetItem", "BatchGetItem", "Query"]
    made.clear()
    expected.count_day("northside", DAY)
    assert made == ["Query"]


def test_no_key_and_no_index_tells_whose_exam_is_expected(dynamodb):
    expected = DynamoExpectedExams(Table(dynamodb, TABLE), IDS)
    expected.save("northside", [an_exam(patient_id="SECRET-1", accession_number="SECRET-2", images=3)])
    items = dynamodb.scan(TableName=TABLE)["Items"]
    keys = [item.get(name) for item in items for name in ("pk", "sk", "clinic_key", "created_key")]
    assert len(items) == 3
    assert "SECRET" not in str(keys)


def rejected(number, revision=1, **changes):
    return image(number, state=State.REJECTED, revision=revision, **changes)


def test_an_exam_whose_files_were_all_refused_and_deleted_did_not_come(clinics):
    clinics.expected.save("northside", [an_exam(images=60)])
    clinics.arrive(rejected(1), rejected(2))
    clinics.arrive(*(image(number, state=State.DELETED, revision=2) for number in (1, 2)))
    (told,) = clinics.day()
    assert told.find_presence(over=True) is Presence.OVERDUE
    assert told.study is None


@pytest.mark.parametrize("emptied", [True, False])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["expected", "came"])
def test_an_exam_is_found_also_where_another_study_stated_its_number_first(clinics, emptied, together, first):
    """Sent under a wrong study, refused, deleted, and sent anew: it came."""
    wrong = [rejected(1, study="7.7")]
    right = [image(number, study="1.2.3") for number in range(10, 13)]

    def arrive():
        if together:
            clinics.arrive(*right, *wrong)
        else:
            clinics.arrive(*wrong)
        if emptied:
            clinics.arrive(image(1, study="7.7", state=State.DELETED, revision=2))
        if not together:
            clinics.arrive(*right)

    steps = [lambda: clinics.expected.save("northside", [an_exam(images=4)]), arrive]
    for step in steps if first == "expected" else reversed(steps):
        step()
    (told,) = clinics.day()
    assert told.find_presence(over=True) is Presence.ARRIVED
    assert (told.study.study_uid, told.study.instances, told.study.missing) == ("1.2.3", 3, 1)


@pytest.mark.parametrize("first", ["expected", "came"])
def test_each_study_of_a_number_is_held_against_it_whatever_came_first(clinics, first):
    steps = [
        lambda: clinics.expected.save("northside", [an_exam(images=4)]),
        lambda: clinics.arrive(image(1), image(2)),
        lambda: clinics.arrive(image(3, study="5.5")),
    ]
    for step in steps if first == "expected" else reversed(steps):
        step()
    assert {(one.study_uid, one.expected_images, one.missing) for one in clinics.studies()} == {
        ("1.2.3", 4, 2),
        ("5.5", 4, 3),
    }
    clinics.expected.cancel("northside", an_exam().expected_id)
    assert {one.expected_images for one in clinics.studies()} == {0}
    assert clinics.settled() == {"complete": 2}


@pytest.mark.parametrize(
    "corrected",
    [
        {"accession_number": "ACC-78"},
        {"accession_number": "", "patient_id": "TEST-2"},
        {"accession_number": "", "modality": "MR"},
        {"accession_number": "", "patient_id": ""},
        {"accession_number": "ACC-77X", "patient_id": ""},
    ],
)
def test_a_study_is_held_against_no_number_that_was_corrected_to_be_of_another_exam(clinics, corrected):
    clinics.arrive(image(1), image(2))
    clinics.expected.save("northside", [an_exam(key="order-1", images=60)])
    assert clinics.settled() == {"missing": 1}
    clinics.expected.save("northside", [an_exam(key="order-1", images=60, **corrected)])
    assert (clinics.studies()[0].expected_images, clinics.settled()) == (0, {"complete": 1})
    assert clinics.day()[0].study is None


def test_what_came_is_remembered_longer_than_it_is_expected_and_not_for_ever(dynamodb):
    """Numbers begin anew: an exam of years ago is none that came today."""
    project(DynamoProjections(Table(dynamodb, TABLE), IDS), image(1))
    marks = [item for item in dynamodb.scan(TableName=TABLE)["Items"] if item["sk"]["S"] == "#CAME"]
    days = {(int(mark["expires"]["N"]) - NOON.timestamp()) // 86_400 for mark in marks}
    assert len(marks) == 2
    assert all(180 <= each < 200 for each in days)


def test_an_accession_number_leads_to_what_is_expected_on_whatever_day(clinics):
    first, moved = an_exam(), an_exam(study_date="20261123")
    unnumbered = an_exam(accession_number="")
    assert clinics.expected.find_ids("northside", [first.exam]) == [None]
    for exam in (first, unnumbered, moved):
        clinics.expected.save("northside", [exam])
    asked = [unnumbered.exam, an_exam(accession_number=" acc-77").exam, an_exam(accession_number="ACC-78").exam]
    assert clinics.expected.find_ids("northside", asked) == [None, moved.expected_id, None]
    assert clinics.expected.find_ids("lakeview", asked) == [None] * 3
    assert clinics.expected.find_ids("northside", []) == []


def unnumbered(number, **changes):
    """A slice that states no accession number."""
    told = {"patient": {"id": "TEST-1", "name": "Example^Nora"}, **changes.pop("metadata", {})}
    return image(number, metadata=told, **changes)


def tell_day(clinics, day=DAY):
    """Return what became of each exam of a day, by its accession number."""
    return {
        one.expected.exam.accession_number: (
            one.find_presence(over=True).value,
            one.study.study_uid if one.study else None,
        )
        for one in clinics.day(day=day)
    }


def tell_board(clinics):
    return {study.study_uid: (study.instances, study.expected_images, study.missing) for study in clinics.studies()}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["expected", "came"])
def test_one_study_lets_one_of_two_orders_arrive_and_a_second_one_both(clinics, first, together):
    orders = [an_exam(accession_number="A1", images=60), an_exam(accession_number="A2", images=3)]
    lists = [orders] if together else [[order] for order in orders]
    steps = [
        lambda: [clinics.expected.save("northside", each) for each in lists],
        lambda: clinics.arrive(*(unnumbered(number) for number in range(1, 58))),
    ]
    for step in steps if first == "expected" else reversed(steps):
        step()
    assert tell_day(clinics) == {"A1": ("arrived", "1.2.3"), "A2": ("did_not_come", None)}
    assert tell_board(clinics) == {"1.2.3": (57, 60, 3)}

    clinics.arrive(*(unnumbered(number, study="4.4") for number in range(61, 64)))
    assert tell_day(clinics) == {"A1": ("arrived", "1.2.3"), "A2": ("arrived", "4.4")}
    assert tell_board(clinics) == {"1.2.3": (57, 60, 3), "4.4": (3, 3, 0)}
    assert clinics.settled() == {"missing": 1, "complete": 1}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["expected", "came"])
def test_an_order_that_is_cancelled_takes_no_number_of_another_along(clinics, first, together):
    orders = [an_exam(accession_number="A1", images=60), an_exam(accession_number="A2", images=40)]
    lists = [orders] if together else [[order] for order in orders]
    steps = [
        lambda: [
            *(clinics.expected.save("northside", each) for each in lists),
            clinics.expected.cancel("northside", orders[1].expected_id),
        ],
        lambda: clinics.arrive(*(unnumbered(number) for number in range(1, 58))),
    ]
    for step in steps if first == "expected" else reversed(steps):
        step()
    assert tell_day(clinics) == {"A1": ("arrived", "1.2.3"), "A2": ("cancelled", None)}
    assert (tell_board(clinics), clinics.settled()) == ({"1.2.3": (57, 60, 3)}, {"missing": 1})

    clinics.expected.cancel("northside", orders[0].expected_id)
    clinics.expected.cancel("northside", orders[1].expected_id, cancelled=False)
    assert tell_day(clinics) == {"A1": ("cancelled", None), "A2": ("arrived", "1.2.3")}
    assert (tell_board(clinics), clinics.settled()) == ({"1.2.3": (57, 40, 0)}, {"complete": 1})


@pytest.mark.parametrize("numbered_came", [True, False])
def test_a_study_that_states_the_number_of_one_order_is_no_other_orders(clinics, numbered_came):
    """Neither of the same day's, which states none, nor where its own one is of another day."""
    own_day = DAY if numbered_came else "20261101"
    clinics.expected.save("northside", [an_exam(images=60, study_date=own_day), an_exam(accession_number="")])
    clinics.arrive(image(1), image(2))
    assert tell_day(clinics, own_day)["ACC-77"] == ("arrived", "1.2.3")
    assert tell_day(clinics)[""] == ("did_not_come", None)
    clinics.arrive(unnumbered(3, study="4.4"))
    assert tell_day(clinics)[""] == ("arrived", "4.4")
    assert tell_board(clinics) == {"1.2.3": (2, 60, 58), "4.4": (1, 0, 0)}


def test_a_study_of_which_nothing_is_left_gives_its_order_to_another(clinics):
    orders = [an_exam(accession_number="A1", images=3), an_exam(accession_number="A2", images=2)]
    clinics.expected.save("northside", orders)
    clinics.arrive(rejected(1, metadata={"patient": {"id": "TEST-1"}}))
    clinics.arrive(unnumbered(11, study="4.4"), unnumbered(12, study="4.4"))
    assert tell_day(clinics) == {"A1": ("arrived", "4.4"), "A2": ("arrived", "1.2.3")}
    clinics.arrive(
        image(1, state=State.DELETED, revision=2, metadata={"patient": {"id": "TEST-1"}}),
    )
    assert tell_day(clinics) == {"A1": ("arrived", "4.4"), "A2": ("did_not_come", None)}
    clinics.expected.cancel("northside", orders[0].expected_id)
    assert tell_day(clinics) == {"A1": ("cancelled", None), "A2": ("arrived", "4.4")}
    assert tell_board(clinics) == {"4.4": (2, 2, 0)}
