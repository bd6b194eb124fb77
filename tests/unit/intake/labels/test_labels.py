"""Labels over the table: whatever the stream and other people do meanwhile, and where their texts may stand."""

import random
from dataclasses import replace

import pytest

from intake.errors import NotFoundError
from intake.files.item_keys import META, label_set_key
from intake.files.states import State
from intake.labels.dynamodb import DynamoStudyLabels
from intake.labels.model import MOST_LABELS, TooManyLabelsError, normalise_label
from intake.projections.projections import DynamoProjections
from intake.studies.boards import DynamoStudyBoard
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.records import IDS, REFUSAL, stored_item
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.studies.test_boards import STUDY, asked, image, project
from tests.unit.intake.studies.test_studies import _history

SEED = 20261130


@pytest.fixture
def table(dynamodb):
    return Table(dynamodb, TABLE)


@pytest.fixture
def labels(table):
    return DynamoStudyLabels(table, IDS)


@pytest.fixture
def projections(table):
    return DynamoProjections(table)


@pytest.fixture
def board(table):
    return DynamoStudyBoard(table, IDS)


def texts(found):
    return [label.text for label in found]


def meanwhile(dynamodb, deed):
    """Have a deed be done once, just before the next transaction is written."""
    left = [deed]

    def act(**_):
        if left:
            left.pop()()

    dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", act)


def test_labels_stay_whatever_the_stream_brings_of_their_exam(projections, labels, board):
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    project(projections, image(1))
    labels.replace("northside", STUDY, ["Tumour board", "Dr Huber"])
    records = [image(number, series=1 + number % 2) for number in range(2, 20)]
    records.append(image(30, state=State.REJECTED, findings=(REFUSAL,)))
    changes = [change for record in records for change in _history(record)] * 2
    chance.shuffle(changes)
    for start in range(0, len(changes), 7):
        projections.apply(changes[start : start + 7])

    (study,) = board.exams(asked(label=IDS.label("northside", "tumour board")), None, 5).rows
    assert (texts(study.labels), study.instances, study.rejected) == (["Dr Huber", "Tumour board"], 19, 1)
    assert texts(labels.of_clinic("northside")) == ["Dr Huber", "Tumour board"]


def test_two_who_label_an_exam_at_once_both_do(projections, labels, dynamodb):
    project(projections, image(1))
    meanwhile(dynamodb, lambda: labels.add("northside", STUDY, "Second opinion"))
    labels.add("northside", STUDY, "Tumour board")
    assert texts(labels.of_study("northside", STUDY)) == ["Second opinion", "Tumour board"]
    assert texts(labels.of_clinic("northside")) == ["Second opinion", "Tumour board"]


def test_two_who_label_two_exams_at_once_lose_no_count(projections, labels, dynamodb):
    project(projections, image(1), image(2, study="1.5"))
    other = IDS.study("northside", "1.5")
    meanwhile(dynamodb, lambda: labels.add("northside", other, "Tumour board"))
    label = labels.add("northside", STUDY, "tumour board").added[0]
    assert label.text == "Tumour board"
    labels.remove("northside", STUDY, label.label_id)
    assert texts(labels.of_clinic("northside")) == ["Tumour board"]
    labels.remove("northside", other, label.label_id)
    assert labels.of_clinic("northside") == ()


def test_two_who_take_the_last_room_at_once_do_not_both_get_it(projections, labels, dynamodb):
    project(projections, image(1))
    labels.replace("northside", STUDY, [f"label {number}" for number in range(MOST_LABELS - 1)])
    meanwhile(dynamodb, lambda: labels.add("northside", STUDY, "first"))
    with pytest.raises(TooManyLabelsError):
        labels.add("northside", STUDY, "second")
    assert len(labels.of_study("northside", STUDY)) == MOST_LABELS


def reject(projections):
    """Have an exam of one rejected file; return what deletes its content, and so the exam."""
    refused = image(1, state=State.REJECTED, findings=(REFUSAL,))
    project(projections, refused)
    gone = replace(refused, state=State.DELETED, revision=refused.revision + 1)
    return lambda: projections.apply([describe_change(stored_item(refused), stored_item(gone))])


def test_labels_end_with_their_exam_and_do_not_come_back(projections, labels, board, table):
    delete = reject(projections)
    label = labels.add("northside", STUDY, "Tumour board").added[0]
    delete()
    delete()
    assert board.exams(asked(label=label.label_id), None, 5).rows == ()
    assert labels.of_clinic("northside") == ()
    with pytest.raises(NotFoundError):
        labels.add("northside", STUDY, "Tumour board")
    assert "labels" not in table.get({"pk": f"STUDY#{STUDY}", "sk": META})
    view = table.get({"pk": f"STUDY#{STUDY}", "sk": f"VIEW#LABEL#{label.label_id}"})
    assert ("clinic_key" in view, view["expires"] > 0) == (False, True)

    project(projections, image(7))
    assert labels.of_study("northside", STUDY) == ()
    assert labels.add("northside", STUDY, "TUMOUR board").added[0].text == "TUMOUR board"
    assert "expires" not in table.get({"pk": f"STUDY#{STUDY}", "sk": f"VIEW#LABEL#{label.label_id}"})


def test_whoever_labels_an_exam_while_it_goes_finds_that_it_is_gone(projections, labels, dynamodb):
    delete = reject(projections)
    meanwhile(dynamodb, delete)
    with pytest.raises(NotFoundError):
        labels.add("northside", STUDY, "Tumour board")
    assert labels.of_clinic("northside") == ()


def test_a_label_that_comes_while_its_exam_goes_goes_with_it(projections, labels, table, dynamodb, monkeypatch):
    delete = reject(projections)
    prepared, begun = [], []
    with monkeypatch.context() as patched:
        patched.setattr(labels._table, "transact", lambda writes: prepared.append(writes) or {})
        labels.add("northside", STUDY, "Tumour board")

    def act(**_):
        # The first transaction counts the file; the second one, which has read the exam, is to end it.
        begun.append(1)
        if len(begun) == 2:
            assert table.transact(prepared[0]) == {}

    dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", act)
    delete()
    assert len(begun) == 4
    assert "labels" not in table.get({"pk": f"STUDY#{STUDY}", "sk": META})
    assert labels.of_clinic("northside") == ()


def test_no_key_and_no_index_holds_the_text_of_a_label(projections, labels, dynamodb):
    project(projections, image(1))
    labels.add("northside", STUDY, "Zebulon board")
    items = dynamodb.scan(TableName=TABLE)["Items"]
    holding = [item for item in items if "zebulon" in str(item).lower()]
    assert {item["pk"]["S"] for item in holding} == {f"STUDY#{STUDY}", label_set_key("northside")["pk"]}
    for item in holding:
        places = {name: value for name, value in item.items() if name in {"pk", "sk"} or "key" in name}
        assert "zebulon" not in str(places).lower()


def test_a_change_costs_three_calls_and_every_write_is_the_clinics_own(projections, labels, dynamodb):
    project(projections, image(1))
    calls = []
    dynamodb.meta.events.register(
        "before-call.dynamodb.*", lambda model, params, **_: calls.append((model.name, params))
    )
    labels.replace("northside", STUDY, ["a", "b", "c", "d", "e"])
    labels.replace("northside", STUDY, ["a", "b", "c", "d", "e"])
    names = [name for name, _ in calls]
    assert names == ["GetItem", "GetItem", "TransactWriteItems", "GetItem", "GetItem"]
    body = str(calls[2][1]["body"])
    assert body.count(":whose") >= 7
    assert "lakeview" not in body


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Tumour   board ", "Tumour board"),
        ("a\u0000b\u202ec\u200b", "a b c"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\ud800x", "x"),
    ],
)
def test_a_label_is_kept_as_it_shows(given, kept):
    assert normalise_label(given) == kept


def test_a_page_of_a_label_costs_as_many_calls_whatever_there_is(projections, labels, board, table, dynamodb):
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    made = []
    for count in (3, 40):
        studies = [image(number, study=f"1.7.{number}") for number in range(count)]
        project(projections, *studies)
        for number in range(count):
            labels.add("northside", IDS.study("northside", f"1.7.{number}"), "Tumour board")
        calls.clear()
        page = board.exams(asked(label=IDS.label("northside", "Tumour board")), None, 25)
        made.append((sorted(calls), len(page.rows)))
    assert made == [(["BatchGetItem", "Query"], 3), (["BatchGetItem", "Query"], 25)]
    calls.clear()
    assert texts(board.exams(asked(counted=True), None, 25).labels) == ["Tumour board"]
    assert sorted(calls) == ["BatchGetItem", "Query"]
