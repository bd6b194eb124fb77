"""Uploads picked by chance: how likely each is, and what drawing takes, at sizes that no fake would hold."""

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from intake.files.item_keys import COUNTS, build_created_key, upload_key
from intake.files.model import timestamp
from intake.operations import upload_samples
from intake.operations.upload_samples import WINDOW, DynamoUploadSamples
from intake.table.table import Table, deserialize, serialize
from tests.records import NOON

SEED = int(os.environ.get("SAMPLE_SEED", "0")) or Random().randrange(1, 10**9)
SIGMAS = 6


class EverySecond(Sequence):
    """Times of uploads that are made when somebody asks for one."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        if number >= self.count:
            raise IndexError
        return build_created_key(NOON + timedelta(seconds=number), name(number))


def name(number):
    return f"01kanq{number:020d}"


def list_keys(times):
    return [build_created_key(NOON + timedelta(seconds=at), name(number)) for number, at in enumerate(times)]


class Index:
    """DynamoDB with one clinic's list of uploads; of their own items it has what a test puts there."""

    def __init__(self, keys, items=()):
        self.keys, self.took = keys, Counter()
        self.items = {(item["pk"], item["sk"]): item for item in items}

    def query(self, *, ExpressionAttributeValues, Limit, ScanIndexForward, **_):
        values = deserialize(ExpressionAttributeValues)
        self.took["Query"] += 1
        if values[":partition"] != "northside#uploads":
            return {"Items": []}
        start = bisect_right(self.keys, values.get(":low", ""))
        found = range(start, min(start + Limit, len(self.keys)))
        if not ScanIndexForward:
            found = range(len(self.keys) - 1, max(-1, len(self.keys) - 1 - Limit), -1)
        rows = [{"created_key": key, "upload_id": key.partition("#")[2]} for key in map(self.keys.__getitem__, found)]
        self.took["rows"] += len(rows)
        more = ScanIndexForward and start + Limit < len(self.keys)
        return {"Items": [*map(serialize, rows)], **({"LastEvaluatedKey": serialize(rows[-1])} if more else {})}

    def batch_get_item(self, *, RequestItems):
        self.took["BatchGetItem"] += 1
        wanted = [(key["pk"], key["sk"]) for key in map(deserialize, RequestItems["table"]["Keys"])]
        return {"Responses": {"table": [serialize(self.items[key]) for key in wanted if key in self.items]}}


def draw(index, days, count=2):
    samples = DynamoUploadSamples(Table(index, "table"), Random(SEED))
    return Counter(one.upload_id for _ in range(days) for one in samples.draw("northside", count))


def test_over_enough_days_each_upload_of_a_clinic_is_as_likely_as_any_other():
    print("SAMPLE_SEED", SEED)
    # Bursts, and years between them: when they came changes nothing.
    gaps = [0.001, 0.001, 1, 3600, 40_000_000]
    times = [sum(gaps[n % 5] for n in range(number)) for number in range(60)]
    days = 1_500
    picked = draw(Index(list_keys(times)), days)

    likely = days * 2 / 60
    assert sum(picked.values()) == days * 2
    assert all(abs(picked[name(number)] - likely) < SIGMAS * likely**0.5 for number in range(60)), picked


def test_of_more_uploads_than_are_read_those_of_a_burst_are_as_likely_as_their_neighbours(monkeypatch):
    print("SAMPLE_SEED", SEED)
    monkeypatch.setattr(upload_samples, "WINDOW", 100)
    # Each morning ten within seconds: a hundred take ten days, wherever they begin.
    keys = list_keys([86_400 * day + second for day in range(30) for second in range(10)])
    days = 1_500
    picked = draw(Index(keys), days)

    likely = days * 2 / 30
    mornings = [sum(picked[name(10 * day + number)] for number in range(10)) for day in range(30)]
    assert all(abs(found - likely) < SIGMAS * likely**0.5 for found in mornings), mornings
    halves = [sum(picked[name(10 * day + n)] for day in range(30) for n in half) for half in (range(5), range(5, 10))]
    assert abs(halves[0] - halves[1]) < SIGMAS * (days * 2) ** 0.5, halves


def test_a_clinic_with_a_million_uploads_is_not_read():
    few, many = Index(EverySecond(WINDOW + 1)), Index(EverySecond(1_000_000))
    for index in (few, many):
        assert len(draw(index, 1)) == 2
    assert many.took == few.took | Counter(rows=many.took["rows"])
    assert many.took["Query"] + many.took["BatchGetItem"] == 5
    assert many.took["rows"] <= 3 * WINDOW + 1


def test_no_upload_is_drawn_twice_and_of_few_all_are():
    assert draw(Index(list_keys([0, 5])), 1, count=2) == {name(0): 1, name(1): 1}
    assert draw(Index(list_keys([0])), 1, count=2) == {name(0): 1}
    assert all(count == 1 for count in draw(Index(EverySecond(2_000)), 1, count=40).values())


def test_who_has_no_uploads_has_none_drawn():
    assert DynamoUploadSamples(Table(Index([]), "table"), Random(1)).draw("lakeview", 2) == []


@pytest.mark.parametrize(
    ("meta", "counts", "files", "minute"),
    [
        ({"declared": 3}, {"n_accepted": 2, "updated_at": 7}, 3, 7),
        ({"declared": 0}, {"n_accepted": 2, "c_accepted": 1, "bytes": 9_000, "updated_at": 7}, 3, 7),
        ({"declared": 3, "announced_at": 8}, {"updated_at": 7}, 3, 8),
        ({}, {}, 0, 0),
    ],
)
def test_an_upload_is_as_large_as_its_items_tell_and_as_old_as_its_last_change(meta, counts, files, minute):
    def item(sort, facts):
        times = {key: timestamp(NOON + timedelta(minutes=value)) for key, value in facts.items() if key.endswith("_at")}
        return {**upload_key(name(0), sort), **facts, **times}

    items = [item("#META", meta)] * bool(meta) + [item(COUNTS, counts)] * bool(counts)
    (drawn,) = DynamoUploadSamples(Table(Index(list_keys([0]), items), "table"), Random(1)).draw("northside", 2)
    assert (drawn.clinic_id, drawn.upload_id, drawn.files) == ("northside", name(0), files)
    assert drawn.changed_at == NOON + timedelta(minutes=minute)
