from collections import Counter
from datetime import timedelta

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.files.item_keys import FILE_SHARDS
from intake.files.model import Source
from intake.files.outcomes import RESERVED_AT_ONCE
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.records import IDS, NOON, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change


@pytest.fixture
def records(dynamodb):
    for clinic_id in ("northside", "lakeview"):
        DynamoDirectory(Table(dynamodb, TABLE)).create_clinic(Clinic(clinic_id, clinic_id.title()))
    return DynamoRecords(Table(dynamodb, TABLE))


def _reserve(records, count, **changes):
    upload = an_upload(**{name: value for name, value in changes.items() if name in {"clinic_id", "upload_id"}})
    files = [a_file(number, **changes) for number in range(count)]
    records.create_upload(upload)
    records.add_files(upload, files)
    return files


def _walk(page_of):
    rows, cursor = [], None
    while True:
        page = page_of(cursor)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows


def test_what_was_reserved_is_read_back_as_it_was(records):
    files = _reserve(records, 3)

    assert [records.file("northside", file.file_id) for file in files] == files
    assert records.upload("northside", UPLOAD_ID).declared == 3
    assert records.upload("northside", UPLOAD_ID).counts[State.AWAITING_UPLOAD] == 3


def test_what_the_sender_tells_of_an_upload_is_kept(records):
    records.create_upload(an_upload(reference="Batch 7", note="Two\nlines", expected=120))
    kept = records.upload("northside", UPLOAD_ID)
    assert (kept.reference, kept.note, kept.expected, kept.expected_images) == ("Batch 7", "Two\nlines", 120, None)
    (listed,) = records.uploads("northside", None, 10).rows
    assert (listed.expected, listed.expected_images) == (120, None)


def test_a_list_tells_how_many_images_are_expected_beside_the_files(records):
    records.create_upload(an_upload(expected=120, expected_images=100))
    kept, listed = records.upload("northside", UPLOAD_ID), records.uploads("northside", None, 10).rows[0]
    assert (kept.expected, kept.expected_images) == (listed.expected, listed.expected_images) == (120, 100)


def test_another_clinics_file_looks_exactly_like_none(records):
    _reserve(records, 1)
    answers = []
    for file_id in (a_file().file_id, "01kanqzzzz0000000000000009-00000", "nonsense"):
        with pytest.raises(NotFoundError) as raised:
            records.file("lakeview", file_id)
        answers.append(str(raised.value))
    with pytest.raises(NotFoundError):
        records.upload("lakeview", UPLOAD_ID)
    assert len(set(answers)) == 1
    assert records.file(None, a_file().file_id).clinic_id == "northside"


def test_more_files_than_fit_in_a_transaction_are_reserved_in_order(records):
    files = _reserve(records, 250)

    listed = _walk(lambda cursor: records.files_of(UPLOAD_ID, cursor, 60))

    assert [file.file_id for file in listed] == [file.file_id for file in files]
    assert records.upload(None, UPLOAD_ID).declared == 250


@pytest.mark.parametrize("limit", [1, 50, 99])
def test_a_page_of_an_uploads_files_asks_each_of_its_partitions_once(records, dynamodb, limit):
    files = _reserve(records, 101)
    calls = Counter()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))
    page = records.files_of(UPLOAD_ID, None, limit)
    assert [file.file_id for file in page.rows] == [file.file_id for file in files[:limit]]
    assert calls == {"Query": FILE_SHARDS}


def test_a_files_neighbours_are_those_of_its_order_in_whatever_partition(records):
    files = _reserve(records, 9)
    for number, file in enumerate(files):
        found = records.neighbours(file)
        assert found.previous == (files[number - 1] if number else None)
        assert found.following == (files[number + 1] if number < 8 else None)


def test_what_is_reserved_as_a_whole_is_one_transaction(records, dynamodb):
    calls = Counter()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))
    _reserve(records, RESERVED_AT_ONCE)
    assert calls == {"PutItem": 1, "TransactWriteItems": 1}


def test_two_who_add_to_the_same_upload_at_once_do_not_overwrite_each_other(records):
    _reserve(records, 2)

    with pytest.raises(ConflictError):
        records.add_files(an_upload(declared=1), [a_file(1)])

    records.add_files(an_upload(declared=2), [a_file(2)])
    assert records.upload(None, UPLOAD_ID).declared == 3


@pytest.mark.parametrize("clinic_id", ["northside", None])
def test_files_are_listed_newest_first_page_by_page(records, clinic_id):
    for number in range(7):
        _reserve(
            records,
            1,
            upload_id=f"01kanqzzzz000000000000000{number}",
            created_at=NOON + timedelta(minutes=number),
        )
    _reserve(records, 1, clinic_id="lakeview", upload_id="01kanqzzzz000000000000000a")

    for limit in (1, 2, 7, 50):
        listed = _walk(lambda cursor, limit=limit: records.files(clinic_id, None, None, cursor, limit))
        mine = [file.created_at for file in listed if file.clinic_id == "northside"]
        assert mine == [NOON + timedelta(minutes=number) for number in reversed(range(7))]
        assert len(listed) == (7 if clinic_id else 8)


def test_lists_are_filtered_by_state_and_time(records, dynamodb):
    files = _reserve(records, 4)
    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(files[2]), reserved=True)

    for clinic_id in ("northside", None):
        accepted = records.files(clinic_id, State.ACCEPTED, None, None, 10)
        assert [file.file_id for file in accepted.rows] == [files[2].file_id]
    assert records.files("northside", None, NOON + timedelta(seconds=1), None, 10).rows == ()
    assert len(records.files("northside", None, NOON, None, 10).rows) == 4


def test_uploads_are_listed_with_their_projected_counts(records, dynamodb):
    _reserve(records, 3)
    DynamoProjections(Table(dynamodb, TABLE)).apply([a_change(0), a_change(1, after=State.REJECTED)])

    (upload,) = records.uploads("northside", None, 10).rows

    assert upload.counts == {
        State.AWAITING_UPLOAD: 1,
        State.ACCEPTED: 1,
        State.REJECTED: 1,
        State.EXPIRED: 0,
        State.FAILED: 0,
        State.DELETED: 0,
    }
    assert not upload.settled
    assert records.upload("northside", UPLOAD_ID) == upload


def test_a_days_direct_drops_appear_as_an_upload(records, dynamodb):
    DynamoProjections(Table(dynamodb, TABLE)).apply([a_change(0, source="direct"), a_change(1, source="direct")])

    (upload,) = records.uploads("northside", None, 10).rows

    assert (upload.source, upload.declared, upload.settled) == (Source.DIRECT, 2, True)


def test_an_awaited_file_is_given_more_time_and_a_judged_one_is_not(records, dynamodb):
    file = _reserve(records, 1)[0]
    records.extend(file, NOON + timedelta(days=3), "multipart-1")
    assert records.file(None, file.file_id).expires_at == NOON + timedelta(days=3)
    assert records.file(None, file.file_id).multipart_id == "multipart-1"

    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(file), reserved=True)
    with pytest.raises(ConflictError):
        records.extend(file, NOON + timedelta(days=4))


def test_an_idempotency_key_leads_to_the_first_calls_upload(records):
    assert records.bind_idempotency_key("northside", "key", "aa", "first") == "first"
    assert records.bind_idempotency_key("northside", "key", "aa", "second") == "first"
    assert records.bind_idempotency_key("lakeview", "key", "bb", "third") == "third"
    with pytest.raises(ConflictError):
        records.bind_idempotency_key("northside", "key", "bb", "fourth")


def test_no_key_of_the_table_holds_what_a_sender_called_a_request(records, dynamodb):
    records.bind_idempotency_key("northside", "MRN-0815 Example^Nobody", "aa", "first")

    items = dynamodb.scan(TableName=TABLE)["Items"]
    assert "MRN-0815" not in str(items)
