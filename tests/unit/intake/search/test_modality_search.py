"""Files of a modality are looked for in lists of all of a clinic's files, some of a list at a time."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from intake.files.states import JUDGED, State
from intake.search.dynamodb import ROUNDS, DynamoSearch
from intake.search.ports import FileQuery
from intake.table.table import Table, deserialize, serialize
from tests.records import IDS, NOON, a_file, indexed_item

_KEYS = ("pk", "sk", "clinic_state", "created_key")
STATES = (State.ACCEPTED, State.REJECTED)


class Lists:
    """DynamoDB as far as the search uses it: a filter takes rows away after `page` of them were read."""

    def __init__(self, files, page):
        self.items = [indexed_item(file) for file in files]
        self.page, self.calls = page, Counter()

    def query(self, **request):
        self.calls.update(["Query"])
        assert (request["IndexName"], request["ScanIndexForward"]) == ("by_clinic_state", False)
        assert request["FilterExpression"] == "modality = :wanted"
        assert "Limit" not in request
        asked = deserialize(request["ExpressionAttributeValues"])
        rows = [
            item
            for item in self.items
            if item["clinic_state"] == asked[":partition"] and asked[":low"] <= item["created_key"] <= asked[":high"]
        ]
        rows.sort(key=lambda item: item["created_key"], reverse=True)
        read = rows[: self.page]
        told = {"Items": [serialize(item) for item in read if item.get("modality") == asked[":wanted"]]}
        if len(rows) > len(read):
            told["LastEvaluatedKey"] = serialize({name: read[-1][name] for name in _KEYS})
        return told

    def batch_get_item(self, **request):
        keys = [deserialize(key) for key in request["RequestItems"]["table"]["Keys"]]
        assert len(keys) <= 100
        held = {(item["pk"], item["sk"]): item for item in self.items}
        return {"Responses": {"table": [serialize(held[key["pk"], key["sk"]]) for key in keys]}}


def files_of(modalities):
    """Return judged files, one a minute, of some modalities and in some states."""
    return [
        a_file(
            number,
            state=STATES[rejected],
            created_at=NOON + timedelta(minutes=number),
            metadata={"modality": modality},
        )
        for number, (modality, rejected) in enumerate(modalities)
    ]


def pages(lists, query, limit):
    cursor = None
    while True:
        lists.calls.clear()
        page = DynamoSearch(Table(lists, "table"), IDS).files(query, cursor, limit)
        yield page
        cursor = page.next
        if cursor is None:
            return


@given(
    modalities=st.lists(st.tuples(st.sampled_from(["CT", "CT", "CT", "MR"]), st.booleans()), max_size=60),
    page=st.integers(2, 9),
    limit=st.integers(1, 7),
    state=st.sampled_from([None, *sorted(JUDGED)]),
    first=st.integers(0, 30),
)
def test_pages_hold_every_file_of_a_modality_once_however_little_is_read_at_a_time(
    modalities, page, limit, state, first
):
    files = files_of(modalities)
    lists = Lists(files, page)
    since = NOON + timedelta(minutes=first)
    query = FileQuery(clinic_id="northside", modality="mr", state=state, since=since)
    found = []
    for read in pages(lists, query, limit):
        found += [record.file_id for record in read.rows]
        assert len(read.rows) <= limit
        assert lists.calls["Query"] <= ROUNDS * len(JUDGED)
    wanted = [
        file.file_id
        for file in files
        if file.metadata["modality"] == "MR" and state in {None, file.state} and file.created_at >= since
    ]
    assert found == wanted[::-1]


def test_a_rare_modality_takes_short_pages_that_lead_on():
    files = files_of([("MR", False), *[("CT", False)] * 99])
    read = list(pages(Lists(files, 5), FileQuery(clinic_id="northside", modality="MR"), 10))

    assert [len(page.rows) for page in read[:-1]] == [0] * (len(read) - 1)
    assert [record.file_id for record in read[-1].rows] == [files[0].file_id]
    # Of five rows that are read, one is the row that the round before ended with.
    assert len(read) == 7
