"""A table that is throttled: waited for some seconds, then told as such, and never taken for a condition."""

import random
from contextlib import suppress
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from intake.errors import ConflictError, ContentionError, RevocationsUnknownError, ThrottledError
from intake.files.outcomes import Outcome
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table import throttling
from intake.table.expressions import SYSTEM, creation, update
from intake.table.queries import Query
from intake.table.table import Table, TransactionConflictError
from intake.table.throttling import PATIENCE_S, list_pauses
from intake.tenants.dynamodb import DynamoDirectory, DynamoRevocations
from processor.telemetry import FailureNotes
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.throttled_client import CALLS, ThrottledClient, refusals
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

KEY = {"pk": "P", "sk": "a"}
USES = {
    "get_item": lambda table: table.get(KEY),
    "batch_get_item": lambda table: table.batch_get([KEY]),
    "query": lambda table: table.query(Query("P")),
    "put_item": lambda table: table.write(creation(KEY, SYSTEM)),
    "update_item": lambda table: table.update_and_get(update(KEY, SYSTEM, sets={"n": 1})),
    "transact_write_items": lambda table: table.transact([creation(KEY, SYSTEM), creation({**KEY, "sk": "b"}, SYSTEM)]),
}
ANSWERS = {"get_item": {}, "batch_get_item": {"Responses": {}}, "query": {"Items": []}, "update_item": {}}
FORMS = [(call, form) for call in USES for form in refusals(call, 2)]


class Waiting:
    """Time that passes while somebody waits, and not otherwise."""

    def __init__(self):
        self.now = 0.0
        self.pauses = []

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    waiting = Waiting()
    clock = SimpleNamespace(sleep=waiting.sleep, monotonic=lambda: waiting.now)
    monkeypatch.setattr(throttling, "time", clock)
    monkeypatch.setattr(throttling, "list_pauses", lambda longest: list_pauses(longest, clock.monotonic))
    monkeypatch.setattr("intake.table.table.list_pauses", lambda longest: list_pauses(longest, clock.monotonic))
    monkeypatch.setattr("intake.table.transactions.time.sleep", waiting.sleep)
    return waiting


def throttled(call, form, times):
    """Return a table whose client refuses so often."""
    left = [form] * times

    def answer(**request):
        if left:
            raise left.pop()
        return ANSWERS.get(call, {})

    return Table(SimpleNamespace(**dict.fromkeys(CALLS, answer)), TABLE)


def test_every_call_of_a_table_is_one_that_can_be_throttled():
    assert USES.keys() == CALLS


@pytest.mark.parametrize(("call", "form"), FORMS, ids=[f"{call} {form.response}" for call, form in FORMS])
def test_what_is_throttled_is_called_again_and_told_when_that_is_in_vain(call, form, waiting):
    USES[call](throttled(call, form, 3))
    assert len(waiting.pauses) == 3
    with pytest.raises(ContentionError) as raised:
        USES[call](throttled(call, form, 999))
    in_the_way = form.response["Error"]["Code"] == "TransactionConflictException"
    assert isinstance(raised.value, ThrottledError) is not in_the_way
    assert raised.value.__cause__ is form
    assert "key" not in str(raised.value)


@pytest.mark.parametrize("seed", range(20))
def test_pauses_grow_differ_and_come_to_seconds(seed, waiting):
    pauses = []
    for pause in list_pauses(PATIENCE_S, lambda: waiting.now, random.Random(seed).uniform):
        waiting.sleep(pause)
        pauses.append(pause)
    assert PATIENCE_S <= sum(pauses) <= PATIENCE_S + 1
    assert max(pauses) <= 1
    assert 5 <= len(pauses) <= 12
    assert len(set(pauses)) == len(pauses)


def test_what_the_sdk_waits_counts_as_well(waiting):
    def slow(**request):
        waiting.now += 2
        raise refusals("get_item")[0]

    with pytest.raises(ThrottledError):
        Table(SimpleNamespace(**dict.fromkeys(CALLS, slow)), TABLE).get(KEY)
    assert len(waiting.pauses) == 1


def test_keys_that_stay_unprocessed_are_waited_for_as_long_as_some_come(waiting):
    left = [{**KEY, "sk": f"{number:02d}"} for number in range(30)]
    wire = [{name: {"S": value} for name, value in key.items()} for key in left]

    def few(RequestItems):  # noqa: N803
        keys = RequestItems[TABLE]["Keys"]
        rest = {TABLE: {"Keys": keys[1:]}} if keys[1:] else {}
        return {"Responses": {TABLE: keys[:1]}, "UnprocessedKeys": rest}

    def none(RequestItems):  # noqa: N803
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    assert Table(SimpleNamespace(batch_get_item=few), TABLE).batch_get(left) == left
    assert len(wire) - 1 == len(waiting.pauses)
    with pytest.raises(ThrottledError):
        Table(SimpleNamespace(batch_get_item=none), TABLE).batch_get(left)


def test_what_else_goes_wrong_with_a_transaction_is_raised_at_once(waiting):
    form = ClientError({"Error": {"Code": "TransactionInProgressException", "Message": ""}}, "TransactWriteItems")
    with pytest.raises(ContentionError) as raised:
        USES["transact_write_items"](throttled("transact_write_items", form, 1))
    assert not isinstance(raised.value, ThrottledError | TransactionConflictError)
    assert waiting.pauses == []


@pytest.fixture
def stand(dynamodb):
    """Return records of a clinic, and a client that can be throttled from some call on."""
    client = ThrottledClient(dynamodb, lambda number: stand.begins <= number)
    stand = SimpleNamespace(begins=10**9, client=client, table=Table(client, TABLE))
    records, verdicts = DynamoRecords(stand.table), DynamoVerdicts(stand.table, IDS)
    records.create_upload(an_upload())
    files = [a_file(number) for number in range(4)]
    records.add_files(an_upload(), files)
    verdicts.record(a_verdict(files[2], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
    DynamoDirectory(stand.table).save_profile("northside", {"a": 1})
    stand.files, stand.rejected = files, verdicts.file(files[2].file_id)
    return stand


DEEDS = {
    "reserve": lambda s: DynamoRecords(s.table).add_files(an_upload(declared=4), [a_file(4), a_file(5)]),
    "reserve one": lambda s: DynamoRecords(s.table).add_files(an_upload(declared=4), [a_file(4)]),
    "extend": lambda s: DynamoRecords(s.table).extend(s.files[0], NOON, "m"),
    "bind a key": lambda s: DynamoRecords(s.table).bind_idempotency_key("northside", "k", "b", UPLOAD_ID),
    "unpack": lambda s: DynamoChildren(s.table).reserve([a_file(7, parent=s.files[1].file_id)]),
    "accept": lambda s: DynamoVerdicts(s.table, IDS).record(a_verdict(s.files[0]), reserved=True),
    "fail": lambda s: DynamoVerdicts(s.table, IDS).fail(s.files[0], "x"),
    "expire": lambda s: DynamoVerdicts(s.table, IDS).expire(s.files[0], s.files[0].expires_at),
    "delete": lambda s: DynamoVerdicts(s.table, IDS).delete(s.rejected, (), NOON),
    "project": lambda s: DynamoProjections(s.table).apply([a_change(1), a_change(2)]),
    "profile": lambda s: DynamoDirectory(s.table).save_profile("northside", {"a": 2}),
}


@pytest.mark.parametrize("name", DEEDS)
def test_what_is_throttled_from_some_call_on_ends_as_that_and_can_be_done_again(name, stand):
    """No verdict, no loss, no wrong message: whatever the call, nothing comes of it but that it is to be repeated."""
    # What was begun may have been done in part; what is told is never that something stood in the way.
    for calls in range(60):
        stand.begins = stand.client.calls + calls
        with suppress(ContentionError):
            outcome = DEEDS[name](stand)
            break
    assert calls > 0
    assert outcome in (None, True, UPLOAD_ID) or outcome.outcome is Outcome.RECORDED
    stand.begins = 10**9
    _check(name, stand)


def _check(name, stand):
    records = DynamoRecords(stand.table)
    if name.startswith("reserve"):
        more = 2 if name == "reserve" else 1
        assert records.upload("northside", UPLOAD_ID).announced == 4 + more
    wanted = {"accept": State.ACCEPTED, "fail": State.FAILED, "expire": State.EXPIRED}
    if name in wanted:
        record = records.file("northside", stand.files[0].file_id)
        assert (record.state, record.revision) == (wanted[name], 1)


def test_a_reservation_that_is_throttled_is_no_conflict(stand):
    """It was told as one: the portal read the upload again, tried five times at once, and answered 409."""
    stand.begins = stand.client.calls
    with pytest.raises(ThrottledError):
        DynamoRecords(stand.table).add_files(an_upload(declared=4), [a_file(4)])


def test_others_who_add_files_are_still_a_conflict(stand):
    with pytest.raises(ConflictError):
        DynamoRecords(stand.table).add_files(an_upload(declared=3), [a_file(4)])


def test_whose_access_was_ended_is_unknown_and_not_unended(stand):
    stand.begins = stand.client.calls
    with pytest.raises(RevocationsUnknownError):
        DynamoRevocations(stand.table).find("s", "u")


def test_a_note_that_is_throttled_gives_the_message_back_all_the_same(stand):
    class Errors:
        def note(self, error):
            raise ThrottledError("more than the table serves")

    record = SimpleNamespace(attributes=SimpleNamespace(approximate_receive_count="99"), message_id="m")
    FailureNotes(Errors()).note(record, ContentionError("busy"))
