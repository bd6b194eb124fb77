from dataclasses import replace

import pytest

from intake.files import keys
from intake.files.model import Source
from intake.files.states import State
from intake.projections.contributions import compare_images
from intake.projections.projections import DynamoProjections
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.records import IDS, NOON, UPLOAD_ID, a_file, a_verdict, an_upload, stored_item
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

PARENT = a_file().file_id


def _children(first, last, **changes):
    return [
        a_file(file_id=keys.child_id(PARENT, index), name=f"{index}.dcm", parent=PARENT, **changes)
        for index in range(first, last)
    ]


@pytest.fixture
def records(dynamodb):
    records = DynamoRecords(Table(dynamodb, TABLE))
    records.create_upload(an_upload())
    records.add_files(an_upload(), [a_file()])
    return records


@pytest.fixture
def children(dynamodb):
    return DynamoChildren(Table(dynamodb, TABLE))


def test_entries_are_reserved_once_however_slices_overlap(records, children):
    for first, last in ((0, 90), (0, 90), (50, 95), (0, 95)):
        children.reserve(_children(first, last))

    page = records.files_of(UPLOAD_ID, None, 200)
    assert [file.name for file in page.rows] == ["slice-0.dcm", *(f"{index}.dcm" for index in range(95))]
    assert page.rows[1] == _children(0, 1)[0]
    assert {file.revision for file in page.rows} == {0}


def test_an_accepted_archive_declares_what_it_holds_once_and_with_its_own_verdict(records, dynamodb):
    projections = DynamoProjections(Table(dynamodb, TABLE))
    upload = records.upload("northside", UPLOAD_ID)
    for _ in range(3):
        projections.apply([a_change(entries=95)])
    records.add_files(upload, [a_file(1)])

    upload = records.upload("northside", UPLOAD_ID)
    assert (upload.declared, upload.entries, upload.announced) == (97, 95, 2)
    assert upload.counts[State.AWAITING_UPLOAD] == 96


def test_those_without_a_verdict_are_told_apart(records, children, dynamodb):
    first, second = _children(0, 2)
    children.reserve([first, second])
    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(first), reserved=True)

    assert children.find_awaited([first, second]) == {second.file_id}
    assert children.find_awaited([]) == frozenset()


def test_a_childs_verdict_leaves_what_is_known_of_its_archive(records, children, dynamodb):
    (child,) = _children(0, 1)
    children.reserve([child])
    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(child, shadow=("a-code",)), reserved=True)

    record = records.file("northside", child.file_id)
    assert (record.parent, record.state, record.shadow) == (PARENT, State.ACCEPTED, ("a-code",))


def test_a_dropped_archives_upload_counts_what_was_dropped_and_what_it_held(dynamodb):
    arrivals = [a_change(number, source="direct", before=None, entries=5 * number) for number in range(3)]
    DynamoProjections(Table(dynamodb, TABLE)).apply(arrivals)

    records = DynamoRecords(Table(dynamodb, TABLE))
    upload = records.upload("northside", UPLOAD_ID)
    assert (upload.source, upload.declared, upload.created_at) == (Source.DIRECT, 18, NOON)
    assert upload.counts[State.AWAITING_UPLOAD] == 15
    assert [row.upload_id for row in records.uploads("northside", None, 10).rows] == [UPLOAD_ID]


def test_only_an_archive_that_is_accepted_for_the_first_time_holds_files():
    archive = a_file(kind="zip", state=State.ACCEPTED, metadata={"entries": 7}, timings={})
    refused = replace(archive, state=State.REJECTED)

    for before, after, more in (
        (a_file(), archive, 7),
        (refused, archive, 7),
        (a_file(), replace(archive, duplicate_of="f"), 7),
        (archive, archive, 0),
        (a_file(), refused, 0),
        (archive, replace(archive, settled=True), 0),
        (replace(archive, settled=True), replace(refused, settled=True), 0),
        (replace(refused, settled=True), replace(archive, settled=True), 0),
        (a_file(), replace(archive, kind="pdf"), 0),
    ):
        added = compare_images(describe_change(stored_item(before), stored_item(after)))
        assert added.numbers.get("declared", {}).get("declared", 0) == more
