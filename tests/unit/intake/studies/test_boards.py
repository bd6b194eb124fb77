"""The study board over the table: what rows tell, whatever the stream does, and what a page costs."""

import random
from datetime import timedelta

import pytest

from intake.errors import InvalidCursorError, NotFoundError
from intake.files.item_keys import META, STUDIES, STUDY_SHARDS, board_counts_key, shard, study_key, study_list
from intake.files.model import timestamp
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.studies.board import BoardQuery, Standing
from intake.studies.boards import DynamoStudyBoard
from intake.studies.exams import Exam
from intake.studies.marks import StudyMarks
from intake.studies.model import LIMITS, StudyFile, StudyQuery
from intake.studies.standings import StudyStandings
from intake.studies.studies import DynamoStudies
from intake.studies.study_items import EXPECTED_IMAGES, WRITES
from intake.table.expressions import clinic, update
from intake.table.table import Table, serialize
from tests.records import IDS, NOON, REFUSAL, a_file, an_instance
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.studies.test_studies import _history

SEED = 20261130
LATER = NOON + timedelta(hours=1)
"""When nothing grows any more."""
STUDY = IDS.study("northside", "1.2.3")
LABEL = IDS.label("northside", "Tumour board")


@pytest.fixture
def table(dynamodb):
    return Table(dynamodb, TABLE)


@pytest.fixture
def projections(table):
    return DynamoProjections(table)


@pytest.fixture
def board(table):
    return DynamoStudyBoard(table, IDS)


def image(number, *, study="1.2.3", series=1, instance=None, **changes):
    """A slice with a verdict, `number` seconds after noon."""
    told = {
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.{series}",
        "modality": "CT",
        "study_date": "20261122",
        "study_description": "CT Thorax/Abdomen",
        "instance_number": number if instance is None else instance,
        "patient": {"id": "TEST-1", "name": "Example^Nora", "accession_number": "ACC-77"},
    }
    fields = {
        "state": State.ACCEPTED,
        "kind": "dicom",
        "updated_at": NOON + timedelta(seconds=number),
        "revision": 1,
        "timings": {"arrival_to_verdict": 90},
        "metadata": told | changes.pop("metadata", {}),
    }
    return a_file(number, **{**fields, **changes})


def project(projections, *records):
    projections.apply([change for record in records for change in _history(record)])


def asked(**changes):
    return BoardQuery(**{"clinic_id": "northside", "growing_since": LATER, **changes})


def rows(board, limit=25, **changes):
    found, after = [], None
    while True:
        page = board.exams(asked(**changes), after, limit)
        found += page.rows
        after = page.next
        if after is None:
            return found


def settled(board):
    return count_exams(board, LATER)


def count_exams(board, growing_since):
    """Return how many exams are in each state: the same with whichever list of the clinic's, and however much of it."""
    lists = [{}, {"by_date": True}, *({"standing": standing} for standing in Standing)]
    queries = [asked(growing_since=growing_since, counted=True, **of) for of in lists]
    first, *others = [board.exams(query, None, limit).counts for query in queries for limit in (1, 25)]
    assert others == [first] * len(others)
    return {standing.value: count for standing, count in first.items() if count}


def test_a_row_tells_whose_exam_it_is_and_which_numbers_are_missing(projections, board):
    project(projections, *(image(number) for number in range(1, 61) if number not in {17, 18, 42}))

    (study,) = rows(board)

    assert study.exam.to_dict() == {
        "patient_name": "Example^Nora",
        "patient_id": "TEST-1",
        "patient_key": IDS.patient("northside", "TEST-1"),
        "accession_number": "ACC-77",
        "description": "CT Thorax/Abdomen",
        "modality": "CT",
        "study_date": "20261122",
    }
    assert (study.instances, study.missing, study.gaps) == (57, 3, (((17, 18), (42, 42)),))
    assert (settled(board), study.series) == ({"missing": 1}, ())
    assert "Nora" not in repr(study)
    assert "TEST-1" not in repr(study)


def test_in_whatever_order_and_however_often_the_stream_tells_it_the_board_says_what_the_records_say(
    projections, board
):
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    records = [image(number, series=1 + number % 2) for number in range(40) if chance.random() < 0.8]
    records += [image(50, state=State.REJECTED, findings=(REFUSAL,), study="1.9")]
    deliveries = [change for record in records for change in _history(record)] * 3
    chance.shuffle(deliveries)
    for start in range(0, len(deliveries), 11):
        projections.apply(deliveries[start : start + 11])

    whole = {study.study_uid: board.exam("northside", study.study_id) for study in rows(board)}
    missing = 0
    for series in whole["1.2.3"].series:
        missing += max(series.numbers) - min(series.numbers) + 1 - len(series.numbers)
    assert (whole["1.2.3"].missing, whole["1.2.3"].repeated) == (missing, 0)
    assert whole["1.9"].rejected == 1
    assert settled(board) == {"missing": 1, "problem": 1}


def test_an_exam_that_becomes_whole_is_complete_and_counted_once(projections, board):
    project(projections, image(1), image(3))
    assert settled(board) == {"missing": 1}
    assert [study.study_uid for study in rows(board, standing=Standing.MISSING)] == ["1.2.3"]

    project(projections, image(2))

    assert settled(board) == {"complete": 1}
    assert rows(board, standing=Standing.MISSING) == []
    assert [study.study_uid for study in rows(board, standing=Standing.COMPLETE)] == ["1.2.3"]


def test_an_exam_grows_for_ten_minutes_whatever_is_missing_and_a_problem_is_told_at_once(projections, board):
    project(projections, image(1), image(3), image(8, study="1.5", state=State.REJECTED, findings=(REFUSAL,)))

    assert count_exams(board, NOON) == {"growing": 1, "problem": 1}
    assert [one.study_uid for one in rows(board, growing_since=NOON, standing=Standing.GROWING)] == ["1.2.3"]
    assert rows(board, growing_since=NOON, standing=Standing.MISSING) == []
    assert [one.study_uid for one in rows(board, growing_since=NOON, standing=Standing.PROBLEM)] == ["1.5"]


def test_an_exam_of_which_every_file_was_rejected_is_on_the_board_and_no_study(projections, board, table):
    refused = image(1, state=State.REJECTED, findings=(REFUSAL,))
    project(projections, refused)

    (study,) = rows(board)
    assert (study.instances, study.rejected, study.exam.patient_name) == (0, 1, "Example^Nora")
    assert [one.study_id for one in rows(board, text="nora")] == [STUDY]
    assert board.exam("northside", STUDY).rejected == 1
    studies = DynamoStudies(table, IDS)
    assert studies.studies(StudyQuery(clinic_id="northside"), None, 5).rows == ()
    with pytest.raises(NotFoundError):
        studies.study("northside", STUDY)


def test_a_rejected_file_that_is_accepted_after_all_is_no_problem_any_more(projections, board):
    project(projections, image(1), image(2, revision=2))

    (study,) = rows(board)
    assert (study.rejected, settled(board)) == (0, {"complete": 1})


@pytest.mark.parametrize(
    "second",
    [
        image(2, metadata={"patient": {"id": "TEST-2"}}),
        image(2, metadata={"modality": "MR"}),
        image(2, instance=1),
    ],
)
def test_files_that_contradict_each_other_are_a_problem(projections, board, second):
    project(projections, image(1), second)

    assert settled(board) == {"problem": 1}


def test_what_a_study_tells_first_stays_and_what_was_not_told_joins(projections, board):
    project(projections, image(1, metadata={"patient": {"id": "TEST-1"}, "study_description": ""}))
    project(projections, image(2, metadata={"patient": {"id": "TEST-1", "name": "Second^Said"}}))
    project(projections, image(3, metadata={"patient": {"id": "TEST-1", "name": "Third^Said"}}))

    (study,) = rows(board)
    assert (study.exam.patient_name, study.exam.description) == ("Second^Said", "CT Thorax/Abdomen")
    assert rows(board, text="third") == []
    assert len(rows(board, text="second")) == 1


class Interrupted(Table):
    """A table on which something happens between an update and what its writer makes of the answer."""

    def __init__(self, table, happens):
        self.__dict__ = table.__dict__
        self._happens = happens

    def update_and_get(self, update):
        answer = super().update_and_get(update)
        if "VIEW" not in update.request["Key"]["sk"] and update.request["Key"]["sk"] != META:
            self._happens()
        return answer


def a_study_file(number):
    one = an_instance("1.2.3", "1.2.3.1", number=number)
    return StudyFile("northside", "u", NOON, one.study_id, Exam(), one, a_file(number).file_id)


def test_a_worker_that_knows_of_fewer_images_overwrites_no_gaps(projections, board, table):
    project(projections, image(1))
    slow = Interrupted(table, lambda: StudyMarks(table).add([a_study_file(number) for number in (3, 4)]))

    slow_marks = StudyMarks(slow)
    slow_marks.add([a_study_file(6)])

    assert rows(board)[0].gaps == (((2, 2), (5, 5)),)


def test_gaps_that_a_crash_left_untold_are_told_when_the_batch_comes_again(projections, board, table):
    class CrashError(Exception):
        """Raised between the two writes."""

    def crash():
        raise CrashError

    project(projections, image(1))
    with pytest.raises(CrashError):
        StudyMarks(Interrupted(table, crash)).add([a_study_file(4)])
    assert rows(board)[0].gaps == ()

    StudyMarks(table).add([a_study_file(4)])

    assert rows(board)[0].gaps == (((2, 3),),)


def test_what_a_sender_makes_up_keeps_a_study_bounded(projections, board, monkeypatch):
    monkeypatch.setitem(LIMITS, "series", 3)
    project(projections, *(image(number, series=number) for number in range(9)))
    project(projections, *(image(number, series=1) for number in range(9, 60, 2)))

    (study,) = rows(board)
    assert len(study.series_uids) == 3
    assert all(len(gaps) <= 8 for gaps in study.gaps)


@pytest.mark.parametrize(
    "text",
    [
        "Exam",
        "example, nora",
        "EXAMPLE^NORA",
        "Nora",
        "nora ex",
        "acc-77",
        "acc",
        "TEST-1",
        " test-1 ",
        "thorax",
        "abdomen",
    ],
)
def test_an_exam_is_found_by_how_its_words_begin_and_by_its_patient(projections, board, text):
    project(
        projections,
        image(1),
        image(2, study="1.5", metadata={"patient": {"name": "Other^Who"}, "study_description": "MR"}),
    )

    assert [study.study_uid for study in rows(board, text=text)] == ["1.2.3"]
    assert rows(board, text=text, clinic_id="lakeview") == []


@pytest.mark.parametrize("text", ["xample", "77", "TEST", "^", "  ", "nobody", "\ud800"])
def test_what_begins_no_word_finds_nothing(projections, board, text):
    project(projections, image(1))

    assert rows(board, text=text) == []


def test_a_search_goes_on_page_by_page_and_tells_each_exam_once(projections, board):
    project(
        projections,
        *(image(n, study=f"1.{n}", metadata={"patient": {"id": f"ID-{n}", "name": f"Jo^Jon{n}"}}) for n in range(7)),
    )

    page = board.exams(asked(text="jo"), None, 3)
    assert "jo" not in (page.next or "")
    assert sorted(study.study_uid for study in rows(board, limit=3, text="jo")) == [f"1.{n}" for n in range(7)]
    for position in ("nonsense", f"{STUDY}.name0", f"{'0' * 26}.", page.next.replace("name", "accession")):
        with pytest.raises(InvalidCursorError):
            board.exams(asked(text="jo"), position, 3)
    with pytest.raises(InvalidCursorError):
        board.exams(asked(text="x"), page.next, 3)


def test_a_patients_exams_come_by_date_and_to_its_clinic_only(projections, board):
    dates = ("20200101", "20261122", "20231231")
    project(projections, *(image(n, study=f"1.{n}", metadata={"study_date": date}) for n, date in enumerate(dates)))
    key = IDS.patient("northside", "test-1")

    assert [study.exam.study_date for study in rows(board, patient_key=key)] == ["20261122", "20231231", "20200101"]
    assert rows(board, clinic_id="lakeview", patient_key=key.replace("northside", "lakeview")) == []


def test_dates_modalities_and_states_hold_together(projections, board):
    project(projections, image(1), image(2, study="1.5", metadata={"study_date": "20250101", "modality": "MR"}))

    assert [one.study_uid for one in rows(board, by_date=True)] == ["1.2.3", "1.5"]
    assert [one.study_uid for one in rows(board, last_date="20251231")] == ["1.5"]
    assert [one.study_uid for one in rows(board, modality="mr")] == ["1.5"]
    assert rows(board, modality="mr", first_date="20260101") == []
    assert rows(board, text="nora", modality="us") == []


@pytest.mark.parametrize(
    ("standing", "by_file", "by_date"),
    [
        (Standing.COMPLETE, ["1.3", "1.2", "1.1"], ["1.1", "1.3", "1.2"]),
        (Standing.MISSING, ["2.2", "2.1"], ["2.1", "2.2"]),
        (Standing.PROBLEM, ["3.2", "3.1"], ["3.1", "3.2"]),
        (Standing.GROWING, [], []),
    ],
)
def test_exams_of_a_state_come_by_their_last_file_or_by_their_study_date(
    projections, board, standing, by_file, by_date
):
    dated = [("1.1", "20261130"), ("1.2", ""), ("1.3", "20260101"), ("2.1", "20261103"), ("2.2", "20250102")]
    files = [image(at, study=study, metadata={"study_date": date}) for at, (study, date) in enumerate(dated, 1)]
    files += [image(10 + at, study=f"2.{at}", instance=9, metadata={"study_date": "20261122"}) for at in (1, 2)]
    for at, date in ((1, "20261115"), (2, "20240101")):
        refused = {"state": State.REJECTED, "findings": (REFUSAL,)}
        files.append(image(20 + at, study=f"3.{at}", metadata={"study_date": date}, **refused))
    project(projections, *files)

    for limit in (25, 1):
        assert [one.study_uid for one in rows(board, limit, standing=standing)] == by_file
        assert [one.study_uid for one in rows(board, limit, standing=standing, by_date=True)] == by_date


def test_what_grows_is_in_no_other_list_by_study_date_and_comes_by_its_last_file(projections, board):
    project(projections, image(1, study="1.1", metadata={"study_date": "20261130"}), image(700, study="1.2"))
    since = NOON + timedelta(seconds=600)

    def found(**changes):
        return [one.study_uid for one in rows(board, growing_since=since, by_date=True, **changes)]

    assert found(standing=Standing.COMPLETE) == ["1.1"]
    assert found(standing=Standing.GROWING) == ["1.2"]


def test_an_exam_moves_between_the_lists_by_date_and_is_placed_when_its_date_is_told(projections, board):
    project(projections, image(1, metadata={"study_date": ""}), image(3, metadata={"study_date": ""}))
    project(projections, image(9, study="1.5", metadata={"study_date": "20200101"}))
    by_date = {"by_date": True, "standing": Standing.COMPLETE}
    assert [one.study_uid for one in rows(board, by_date=True, standing=Standing.MISSING)] == ["1.2.3"]
    project(projections, image(2, metadata={"study_date": ""}))
    assert [one.study_uid for one in rows(board, **by_date)] == ["1.5", "1.2.3"]
    assert rows(board, by_date=True, standing=Standing.MISSING) == []
    project(projections, image(4))
    assert [one.study_uid for one in rows(board, **by_date)] == ["1.2.3", "1.5"]


def test_no_key_of_the_table_names_a_patient(projections, dynamodb):
    project(projections, image(1))

    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        told = (item["pk"]["S"] + item["sk"]["S"]).lower()
        assert not any(word in told for word in ("nora", "example", "test-1", "acc-77", "thorax"))


def fill(table, dynamodb, count):
    """Have the clinic hold as many studies of 300 images, as the projection leaves the first one of them."""
    item = table.get({"pk": f"STUDY#{STUDY}", "sk": META})
    items = [{**board_counts_key("northside"), "n_missing": count}]
    for number in range(1, count):
        study_id = IDS.study("northside", f"1.2.3.{number}")
        at = timestamp(NOON - timedelta(minutes=number))
        place = {
            "created_key": f"{at}#{study_id}",
            "seen_at": at,
            "state_shard": shard(STUDIES, study_id, STUDY_SHARDS),
        }
        told = {"study_uid": f"1.2.3.{number}", "trouble": f"20261122#{study_id}", "labels": {LABEL: "Tumour board"}}
        copied = {**item, **place, **told, "pk": f"STUDY#{study_id}"}
        items.append(copied)
        key = IDS.patient("northside", "TEST-1")
        views = {"FIND#name0": ("find",), "ON#20261122": ("on",), f"OF#{key}#20261122": ("of", key)}
        views |= {"BY#CT#20261122": ("by", "CT"), f"LABEL#{LABEL}": ("label", LABEL)}
        for sort, listed in views.items():
            begins = "example nora" if listed == ("find",) else "20261122"
            place = {"clinic_key": study_list("northside", *listed), "created_key": f"{begins}#{study_id}"}
            items.append({"pk": copied["pk"], "sk": f"VIEW#{sort}", **place})
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": serialize(one)}} for one in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={TABLE: puts})


PAGES = {
    # The board's own rows tell that none of its exams grows.
    "the board": ({"counted": True}, ["BatchGetItem", "Query"]),
    "by study date": ({"counted": True, "by_date": True}, ["BatchGetItem", "Query", "Query"]),
    "missing": ({"counted": True, "standing": Standing.MISSING}, ["BatchGetItem", "Query", "Query"]),
    "missing, by study date": (
        {"counted": True, "standing": Standing.MISSING, "by_date": True},
        ["BatchGetItem", "Query", "Query"],
    ),
    "of a label": ({"label": LABEL}, ["BatchGetItem", "Query"]),
    "growing": (
        {"counted": True, "standing": Standing.GROWING, "growing_since": NOON - timedelta(minutes=6)},
        ["BatchGetItem", "Query"],
    ),
    "many that grow": (
        {"counted": True, "growing_since": NOON - timedelta(days=9)},
        ["BatchGetItem", "Query", "Query"],
    ),
    "found": ({"text": "exam"}, ["BatchGetItem", "Query", "Query"]),
    "found by Patient ID": ({"text": "TEST-1"}, ["BatchGetItem", "Query", "Query"]),
    "by modality": ({"modality": "CT"}, ["BatchGetItem", "Query"]),
    "of some days": ({"first_date": "20261101"}, ["BatchGetItem", "Query"]),
    "a patient": ({"patient_key": IDS.patient("northside", "TEST-1")}, ["BatchGetItem", "Query"]),
    "everybody's": ({"clinic_id": None, "counted": True}, ["BatchGetItem", "Query", "Query"]),
}
"""What is asked for, and the calls that it takes."""


def test_a_page_costs_the_same_calls_with_ten_studies_and_with_a_thousand(projections, board, table, dynamodb):
    wanted = [image(number) for number in range(1, 301) if number % 100]
    for start in range(0, len(wanted), 100):
        project(projections, *wanted[start : start + 100])
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))

    def measure(query):
        calls.clear()
        page = board.exams(asked(**query), None, 25)
        return sorted(calls), len(page.rows)

    fill(table, dynamodb, 30)
    with_thirty = {name: measure(query)[0] for name, (query, _) in PAGES.items()}
    fill(table, dynamodb, 1000)
    with_thousand = {name: measure(query) for name, (query, _) in PAGES.items()}

    assert with_thirty == {name: wanted for name, (_, wanted) in PAGES.items()}
    assert {name: made for name, (made, _) in with_thousand.items()} == with_thirty
    assert {name: rows for name, (_, rows) in with_thousand.items() if rows != 25} == {"growing": 7}
    assert board.exams(asked(), None, 25).rows[0].gaps == (((100, 100), (200, 200)),)


def test_a_state_that_two_workers_write_at_once_is_counted_once(projections, board, table):
    project(projections, image(1))
    item = table.update_and_get(
        update(study_key(STUDY), clinic("northside"), sets={EXPECTED_IMAGES: 3}, sums={WRITES: 1}, new=True)
    )

    class Overtaken(Table):
        """A table on which another worker is done before this one's transaction."""

        def __init__(self):
            self.__dict__ = table.__dict__

        def transact(self, writes):
            StudyStandings(table).settle([item])
            return super().transact(writes)

    StudyStandings(Overtaken()).settle([item])
    assert settled(board) == {"missing": 1}
