import pytest

from intake import keys
from intake.children import DynamoChildren
from intake.dynamodb import DynamoRecords
from intake.projections import DynamoProjections
from intake.record import Source
from intake.states import State
from intake.verdicts import DynamoVerdicts
from tests.records import NOON, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.test_projections import a_change

PARENT = a_file().file_id


def _children(first, last, **changes):
    return [
        a_file(file_id=keys.child_id(PARENT, index), name=f"{index}.dcm", parent=PARENT, **changes)
        for index in range(first, last)
    ]


@pytest.fixture
def records(dynamodb):
    records = DynamoRecords(dynamodb, TABLE)
    records.create_upload(an_upload())
    records.add_files(an_upload(), [a_file()])
    return records


@pytest.fixture
def children(dynamodb):
    return DynamoChildren(dynamodb, TABLE)


def test_entries_are_reserved_and_declared_once_however_slices_overlap(records, children):
    for first, last in ((0, 90), (0, 90), (50, 95), (0, 95)):
        children.reserve(_children(first, last))

    upload = records.upload("northside", UPLOAD_ID)
    assert (upload.declared, upload.entries, upload.announced) == (96, 95, 1)
    page = records.files_of(UPLOAD_ID, None, 200)
    assert [file.name for file in page.rows] == ["slice-0.dcm", *(f"{index}.dcm" for index in range(95))]
    assert page.rows[1] == _children(0, 1)[0]


def test_files_may_be_announced_while_an_archive_is_expanded(records, children):
    upload = records.upload("northside", UPLOAD_ID)
    children.reserve(_children(0, 3))

    records.add_files(upload, [a_file(1)])

    assert (records.upload(None, UPLOAD_ID).declared, records.upload(None, UPLOAD_ID).announced) == (5, 2)


def test_those_without_a_verdict_are_told_apart(records, children, dynamodb):
    first, second = _children(0, 2)
    children.reserve([first, second])
    DynamoVerdicts(dynamodb, TABLE).record(a_verdict(first), reserved=True)

    assert children.awaited([first.file_id, second.file_id]) == {second.file_id}
    assert children.awaited([]) == frozenset()


def test_a_childs_verdict_leaves_what_is_known_of_its_archive(records, children, dynamodb):
    (child,) = _children(0, 1)
    children.reserve([child])
    DynamoVerdicts(dynamodb, TABLE).record(a_verdict(child, shadow=("a-code",)), reserved=True)

    record = records.file("northside", child.file_id)
    assert (record.parent, record.state, record.shadow) == (PARENT, State.ACCEPTED, ("a-code",))


@pytest.mark.parametrize("projected_first", [True, False])
def test_a_dropped_archives_upload_counts_what_was_dropped_and_what_it_held(children, dynamodb, projected_first):
    arrival = a_change(source="direct", before=None, after=State.ACCEPTED)
    steps = [lambda: DynamoProjections(dynamodb, TABLE).apply([arrival]), lambda: children.reserve(held)]
    held = _children(0, 10, source=Source.DIRECT)
    for step in steps if projected_first else reversed(steps):
        step()

    records = DynamoRecords(dynamodb, TABLE)
    upload = records.upload("northside", UPLOAD_ID)
    assert (upload.source, upload.declared, upload.created_at) == (Source.DIRECT, 11, NOON)
    assert upload.counts[State.AWAITING_UPLOAD] == 10
    assert not upload.complete
    assert [row.upload_id for row in records.uploads("northside", None, 10).rows] == [UPLOAD_ID]
