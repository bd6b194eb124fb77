"""A table: what is written is read again, and only a condition that does not hold is told as an answer."""

from collections import Counter

import pytest
from botocore.exceptions import ClientError

from intake.errors import ContentionError
from intake.table.expressions import SYSTEM, account, addition, clinic, creation, replacement, update
from intake.table.items import pack
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table, TransactionConflictError
from intake.table.transactions import transact_patiently, write_anew, write_each_once
from tests.unit.intake.conftest import TABLE

OURS, THEIRS = clinic("northside"), clinic("lakeview")
WRITES = ("put_item", "update_item", "transact_write_items")
OTHER_CODES = (
    "AccessDeniedException",
    "InternalServerError",
    "ResourceNotFoundException",
    "ValidationException",
)


def key(sort: str = "a", partition: str = "P"):
    return {"pk": partition, "sk": sort}


class Spy:
    """A client that counts its calls, and answers some of them by itself."""

    def __init__(self, client, **answers):
        self._client = client
        self._answers = {name: list(answer) for name, answer in answers.items()}
        self.calls = Counter()
        self.requests = []

    def __getattr__(self, name):
        def call(**request):
            self.calls[name] += 1
            self.requests.append(request)
            answers = self._answers.get(name)
            answer = answers.pop(0) if answers else getattr(self._client, name)
            if isinstance(answer, Exception):
                raise answer
            return answer(**request)

        return call


def refusal(code, operation="PutItem", **facts):
    return ClientError({"Error": {"Code": code, "Message": "of a key"}, **facts}, operation)


def cancelled(*codes):
    reasons = [{"Code": code} for code in codes]
    return refusal("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)


@pytest.fixture
def table(dynamodb):
    return Table(dynamodb, TABLE)


@pytest.fixture
def spied(dynamodb):
    """Return a table whose client answers as it is told, and the client."""

    def made(**answers):
        client = Spy(dynamodb, **answers)
        return Table(client, TABLE), client

    return made


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """Nobody waits; return how long they would have."""
    pauses = []
    monkeypatch.setattr("intake.table.transactions.time.sleep", pauses.append)
    return pauses


def test_an_item_comes_back_as_it_was_put(table):
    values = {"number": 7, "text": "ü", "truth": False, "list": [1, {"a": 2}], "members": {"x", "y"}, "numbers": {1, 2}}
    table.put({**key(), **values, "nothing": None, "metadata": pack({"rows": 512})}, OURS)
    assert table.get(key()) == {**key(), **values, "metadata": {"rows": 512}, "clinic_id": "northside"}


@pytest.mark.parametrize(("consistent", "asked"), [({}, True), ({"consistent": False}, False)])
def test_an_item_is_read_consistently_unless_that_is_not_needed(spied, consistent, asked):
    table, client = spied()
    assert table.get(key(), **consistent) is None
    assert client.requests[-1]["ConsistentRead"] is asked


def test_anothers_item_is_none_and_not_even_unpacked(table, dynamodb):
    table.put({**key(), "metadata": pack({})}, OURS)
    broken = {"pk": {"S": "P"}, "sk": {"S": "b"}, "clinic_id": {"S": "northside"}, "metadata": {"B": b"no zlib"}}
    dynamodb.put_item(TableName=TABLE, Item=broken)
    table.put(key("nobody's"), SYSTEM)

    assert table.get(key(), owner=OURS)["clinic_id"] == "northside"
    assert table.get(key(), owner=THEIRS) is None
    assert table.get(key(), owner=account("northside")) is None
    assert table.get(key("b"), owner=THEIRS) is None
    assert table.get(key("nobody's"), owner=OURS) is None


@pytest.mark.parametrize(("keys", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_items_are_read_by_the_hundred_in_the_order_of_their_keys(spied, keys, calls):
    table, client = spied()
    for number in range(0, keys, 2):
        table.put({**key(f"{number:03d}"), "number": number}, SYSTEM)

    found = table.batch_get([key(f"{number:03d}") for number in reversed(range(keys))])

    assert [item and item["number"] for item in found] == [n if n % 2 == 0 else None for n in reversed(range(keys))]
    assert client.calls["batch_get_item"] == calls


def test_a_key_that_is_asked_for_twice_is_read_once_and_told_twice(spied):
    table, client = spied()
    table.put(key(), SYSTEM)
    assert table.batch_get([key(), key("b"), key()]) == [key(), None, key()]
    assert len(client.requests[-1]["RequestItems"][TABLE]["Keys"]) == 2


def test_some_attributes_of_items_may_be_read_reserved_words_among_them(table):
    table.put({**key(), "state": "accepted", "name": "x", "size": 3}, SYSTEM)
    assert table.batch_get([key()], "state", "size", "sha256") == [{**key(), "state": "accepted", "size": 3}]


def test_keys_that_were_not_processed_are_asked_for_again(spied, dynamodb):
    def half(**request):
        wanted = request["RequestItems"][TABLE]
        some, rest = wanted["Keys"][:30], wanted["Keys"][30:]
        answer = dynamodb.batch_get_item(RequestItems={TABLE: {**wanted, "Keys": some}})
        return {**answer, "UnprocessedKeys": {TABLE: {**wanted, "Keys": rest}} if rest else {}}

    table, client = spied(batch_get_item=[half] * 4)
    keys = [key(f"{number:03d}") for number in range(100)]
    for one in keys:
        table.put({**one, "state": "x"}, SYSTEM)

    assert table.batch_get(keys, "state") == [{**one, "state": "x"} for one in keys]
    assert client.calls["batch_get_item"] == 4
    assert all("ProjectionExpression" in request["RequestItems"][TABLE] for request in client.requests[-4:])


@pytest.fixture
def rows(table):
    for number in range(10):
        facts = {"number": number, "clinic_key": "list", "created_key": f"t{9 - number}"}
        table.put({**key(f"k{number}"), **facts, "filler": "x" * 10}, SYSTEM)
    table.put(key("k0", "another partition"), SYSTEM)
    return table


@pytest.mark.parametrize(
    ("bounds", "numbers"),
    [
        ({}, range(10)),
        ({"between": ("k2", "k4")}, [2, 3, 4]),
        ({"above": "k7"}, [8, 9]),
        ({"below": "k2"}, [0, 1]),
        ({"begins": "k3"}, [3]),
        ({"begins": "l"}, []),
        ({"newest_first": True}, reversed(range(10))),
        ({"limit": 3}, [0, 1, 2]),
        ({"where": "#n >= :least", "names": {"#n": "number"}, "values": {":least": 8}}, [8, 9]),
        ({"start": key("k6"), "consistent": True}, [7, 8, 9]),
    ],
)
def test_a_stretch_of_a_partition_is_read_in_its_order(rows, bounds, numbers):
    assert [row["number"] for row in rows.query(Query("P", **bounds)).rows] == list(numbers)


def test_an_index_is_read_by_its_own_keys(rows):
    query = Query("list", index="by_clinic", partition="clinic_key", sort="created_key", below="t2")
    assert [row["number"] for row in rows.items(query)] == [9, 8]


def test_a_query_tells_how_far_it_read_and_another_goes_on_there(rows):
    first = rows.query(Query("P", limit=6, where="#n > :most", names={"#n": "number"}, values={":most": 4}))
    assert ([row["number"] for row in first.rows], first.reached) == ([5], key("k5"))
    assert rows.query(Query("P", start=first.reached)).reached is None


def test_all_pages_of_a_partition_are_read_one_after_the_other(rows):
    assert [[row["number"] for row in page] for page in rows.pages(Query("P", limit=4))] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert [row["number"] for row in rows.items(Query("P", limit=4))] == list(range(10))
    assert list(rows.pages(Query("nothing"))) == [[]]


def test_an_item_is_created_once(table):
    assert table.create({**key(), "by": "first"}, OURS)
    assert not table.create({**key(), "by": "second"}, OURS)
    assert not table.create({**key(), "by": "another"}, THEIRS)
    assert table.get(key())["by"] == "first"


def test_an_item_is_put_over_its_owners_only(table):
    table.put({**key(), "by": "first"}, OURS)
    table.put({**key(), "by": "second"}, OURS)
    with pytest.raises(ConditionFailedError):
        table.put({**key(), "by": "another"}, THEIRS)
    assert table.get(key())["by"] == "second"


def test_a_write_says_whether_its_condition_held(table):
    table.put({**key(), "number": 1}, OURS)
    for expected, held in ((2, False), (1, True)):
        condition = {"condition": "#n = :n", "values": {":n": expected}, "names": {"#n": "number"}}
        assert table.write_if(update(key(), OURS, sets={"seen": True}, **condition)) is held
    assert not table.write_if(update(key("b"), OURS, sets={"seen": True}))
    assert not table.write_if(replacement(key(), OURS, condition="attribute_exists(gone)"))
    assert (table.get(key())["seen"], table.get(key("b"))) == (True, None)


def test_who_asks_learns_what_stands_in_the_way(table):
    table.put({**key(), "by": "first"}, OURS)
    with pytest.raises(ConditionFailedError) as refused:
        table.write(creation({**key(), "by": "second"}, OURS))
    assert refused.value.standing == {**key(), "by": "first", "clinic_id": "northside"}
    with pytest.raises(ConditionFailedError) as refused:
        table.write(update(key("b"), OURS, sets={"by": "second"}))
    assert refused.value.standing == {}
    assert "northside" not in str(refused.value)


def test_an_update_returns_all_of_the_item(table):
    sums = {"number": 2}
    assert table.update_and_get(addition(key(), Counter(sums), SYSTEM, initial={"at": "x"})) == {
        **key(),
        **sums,
        "at": "x",
    }
    assert table.update_and_get(addition(key(), Counter(sums), SYSTEM))["number"] == 4
    with pytest.raises(ConditionFailedError):
        table.update_and_get(update(key(), OURS, sets={"at": "y"}))


@pytest.mark.parametrize("code", OTHER_CODES)
@pytest.mark.parametrize("operation", WRITES)
def test_what_is_no_condition_is_raised_as_it_is(spied, operation, code):
    table, _ = spied(**{operation: [refusal(code)] * 3})
    write = update(key(), SYSTEM, sets={"a": 1}) if operation == "update_item" else creation(key(), SYSTEM)
    calls = (
        [table.write, table.write_if] if operation != "transact_write_items" else [lambda one: table.transact([one])]
    )
    for call in [*calls, *([table.update_and_get] if operation == "update_item" else [])]:
        with pytest.raises(ClientError) as raised:
            call(write)
        assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("method", ["get_item", "batch_get_item", "query"])
def test_what_cannot_be_read_is_no_missing_item(spied, method):
    table, _ = spied(**{method: [refusal("AccessDeniedException")]})
    read = {
        "get_item": lambda: table.get(key()),
        "batch_get_item": lambda: table.batch_get([key()]),
        "query": lambda: table.query(Query("P")),
    }[method]
    with pytest.raises(ClientError):
        read()


def test_a_transaction_writes_all_or_tells_which_conditions_do_not_hold(table):
    assert table.transact([creation({**key("a"), "by": "first"}, OURS), addition(key("b"), Counter(n=1), OURS)]) == {}

    again = [
        creation({**key("a"), "by": "second"}, OURS),
        addition(key("b"), Counter(n=1), OURS),
        update(key("c"), OURS, sets={"x": 1}),
        addition(key("b2"), Counter(n=1), OURS),
    ]

    assert table.transact(again) == {0: {**key("a"), "by": "first", "clinic_id": "northside"}, 2: {}}
    assert (table.get(key("b"))["n"], table.get(key("c")), table.get(key("b2"))) == (1, None, None)


def test_a_transaction_that_met_others_can_be_tried_again_and_says_what_is_known(spied):
    busy = "TransactionConflict"
    table, _ = spied(transact_write_items=[cancelled("None", busy), cancelled("ConditionalCheckFailed", busy)])
    for refused in ({}, {0: {}}):
        with pytest.raises(TransactionConflictError) as conflict:
            table.transact([creation(key("a"), SYSTEM), creation(key("b"), SYSTEM)])
        assert conflict.value.refused == refused
        assert isinstance(conflict.value, ContentionError)


@pytest.mark.parametrize("fault", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_transaction_that_is_at_fault_is_neither_refused_nor_tried_again(spied, fault):
    table, client = spied(transact_write_items=[cancelled("None", fault)] * 4)
    writes = [creation(key("a"), SYSTEM), creation(key("b"), SYSTEM)]
    for attempt in (
        lambda: table.transact(writes),
        lambda: transact_patiently(table, writes, "rows"),
        lambda: write_anew(table, lambda: writes, "rows"),
        lambda: write_each_once(table, ["a", "b"], lambda rows: writes, "rows"),
    ):
        with pytest.raises(ClientError):
            attempt()
    assert client.calls["transact_write_items"] == 4


def test_a_transaction_is_tried_again_while_others_write_and_not_once_it_is_refused(spied, pauses):
    table, client = spied(transact_write_items=[cancelled("TransactionConflict")] * 3)
    assert transact_patiently(table, [creation(key(), SYSTEM)], "rows") == {}
    assert transact_patiently(table, [creation(key(), SYSTEM)], "rows") == {0: key()}
    assert (client.calls["transact_write_items"], len(pauses)) == (5, 3)


def test_after_some_attempts_whoever_waits_is_told_what_others_keep_writing(spied, pauses):
    table, client = spied(transact_write_items=[cancelled("TransactionConflict")] * 99)
    with pytest.raises(ContentionError, match="the same rows"):
        transact_patiently(table, [creation(key(), SYSTEM)], "rows", attempts=5)
    with pytest.raises(ContentionError, match="the same sums"):
        write_anew(table, lambda: [creation(key(), SYSTEM)], "sums")
    with pytest.raises(ContentionError, match="the same order"):
        write_each_once(table, ["a"], lambda rows: [creation(key(), SYSTEM)], "order")
    assert client.calls["transact_write_items"] == 5 + 16 + 16
    assert max(pauses) <= 1


def test_what_is_read_and_written_anew_is_read_again_after_every_refusal(table):
    def transaction():
        reads.append(table.get(key()))
        known = reads[-1]["n"] if reads[-1] else 0
        if len(reads) < 3:
            table.write(addition(key(), Counter(n=1), SYSTEM))
        condition = "n = :n" if known else "attribute_not_exists(n)"
        return [
            update(key(), SYSTEM, sets={"n": known + 1}, condition=condition, values={":n": known} if known else {})
        ]

    reads = []
    write_anew(table, transaction, "sums")
    assert ([item and item["n"] for item in reads], table.get(key())["n"]) == ([None, 1, 2], 3)
    write_anew(table, list, "sums")


def test_rows_that_were_written_before_are_left_out_and_the_others_written_once(spied, pauses):
    table, client = spied()
    asked = []

    def transaction(rows):
        asked.append(list(rows))
        return [*(creation(key(row), SYSTEM) for row in rows), addition(key("sum"), Counter(n=len(rows)), SYSTEM)]

    write_each_once(table, ["a", "b"], transaction, "rows")
    write_each_once(table, ["b", "c", "a", "d"], transaction, "rows")
    write_each_once(table, ["a", "d"], transaction, "rows")
    write_each_once(table, [], transaction, "rows")

    assert asked == [["a", "b"], ["b", "c", "a", "d"], ["c", "d"], ["a", "d"]]
    assert (table.get(key("sum"))["n"], client.calls["transact_write_items"], pauses) == (4, 4, [])


def test_rows_that_are_known_are_left_out_also_where_others_write_the_rest(spied):
    table, _ = spied(transact_write_items=[cancelled("ConditionalCheckFailed", "TransactionConflict", "None")])
    asked = []

    def transaction(rows):
        asked.append(list(rows))
        return [creation(key(row), SYSTEM) for row in rows]

    write_each_once(table, ["a", "b", "c"], transaction, "rows")
    assert asked == [["a", "b", "c"], ["b", "c"]]


@pytest.mark.parametrize("place", range(4))
def test_a_transaction_that_fails_anywhere_leaves_everything_as_it_was(dynamodb, place):
    """Of the table in memory, too, on which the other tests stand."""
    table = Table(dynamodb, TABLE)
    table.put({**key("put"), "n": 1, "members": {"a"}}, OURS)
    table.put({**key("updated"), "n": 1, "members": {"a"}, "deep": {"inner": ["x"]}}, OURS)
    table.put(key("taken"), OURS)
    before = dynamodb.scan(TableName=TABLE)["Items"]
    writes = [
        replacement({**key("put"), "n": 2}, OURS),
        update(key("updated"), OURS, sets={"n": 2, "deep": {"inner": []}}, members={"members": {"b"}}),
        creation(key("new", "Q"), OURS),
    ]
    in_the_way = creation(key("taken"), OURS)
    assert list(table.transact([*writes[:place], in_the_way, *writes[place:]])) == [place]
    assert sorted(map(str, dynamodb.scan(TableName=TABLE)["Items"])) == sorted(map(str, before))
    assert table.transact(writes) == {}
    assert table.get(key("updated"))["members"] == {"a", "b"}
    assert table.get(key("new", "Q"))
