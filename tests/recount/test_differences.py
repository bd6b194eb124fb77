"""The recount finds nothing in a table that is right, and every kind of difference in one that is not."""

import re

import pytest

from tests.model.snapshots import take as take_in_memory
from tests.recount.differences import find_differences
from tests.recount.scenario import play
from tests.recount.snapshot import take
from tests.recount.tampering import copy_of, list_tampering
from tests.unit.intake.conftest import create_table, module_aws, sdk

__all__ = ["module_aws", "sdk"]

TAMPERING = list_tampering()


@pytest.fixture(scope="module")
def world():
    return play()


@pytest.fixture(scope="module")
def stored(world, module_aws):
    """The day's table and buckets as boto3 reads them, and what is told of them right away."""
    dynamodb, s3 = module_aws.client("dynamodb"), module_aws.client("s3")
    create_table(dynamodb, "records")
    versions = {}
    for name in ("incoming", "accepted", "quarantine"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for (bucket, key), kept in world.objects.versions.items():
        for one in kept:
            versions[bucket, key, one.version_id] = s3.put_object(Bucket=bucket, Key=key, Body=one.data)["VersionId"]
    for items in world.dynamodb.items.values():
        for item in items.values():
            dynamodb.put_item(TableName="records", Item={**item, **_rename(item, versions)})
    return take(dynamodb, "records", s3, ("incoming", "accepted", "quarantine"))


def _rename(item, versions):
    """Return what an item tells of objects, with the ids that their versions got."""
    told = {name: item[name]["M"] for name in ("incoming", "stored") if "M" in item.get(name, {}) and "file_id" in item}
    return {
        name: {"M": {**place, "version_id": {"S": versions[tuple(place[part]["S"] for part in PLACE)]}}}
        for name, place in told.items()
        if place["version_id"].get("S") and tuple(place[part]["S"] for part in PLACE) in versions
    }


PLACE = ("bucket", "key", "version_id")


def test_a_day_of_everything_adds_up_as_boto3_reads_it(world, stored):
    assert find_differences(stored, at=world.at) == []
    in_memory = take_in_memory(world, with_objects=True)
    assert {pk: {*of} for pk, of in stored.items.items() if of} == {
        pk: {*of} for pk, of in in_memory.items.items() if of
    }


@pytest.mark.parametrize("name", TAMPERING)
def test_each_kind_of_difference_is_told(world, stored, name):
    tampering, changed = TAMPERING[name], copy_of(stored)
    tampering.change(changed)
    told = find_differences(changed, at=world.at)
    assert any(tampering.told in sentence for sentence in told), told


def test_no_sentence_tells_of_a_patient(world, stored):
    said = []
    for tampering in TAMPERING.values():
        changed = copy_of(stored)
        tampering.change(changed)
        said += find_differences(changed, at=world.at)
    assert len(said) > len(TAMPERING)
    assert not [one for one in said if re.search(r"TEST-0|Example|Nobody|A-0001|\.dcm|\.zip|\.csv", one)]


def test_what_was_reordered_on_purpose_is_no_difference(world, stored):
    changed = copy_of(stored)
    TAMPERING["changes are told in another order"].change(changed)
    assert any("behind a later one" in one for one in find_differences(changed, at=world.at))
    assert not any("behind a later one" in one for one in find_differences(changed, at=world.at, in_order=False))


def test_a_carrier_file_has_no_record_and_is_no_difference(world, stored):
    changed = copy_of(stored)
    TAMPERING["an arrival has no record"].change(changed)
    assert find_differences(changed, at=world.at) != []
    assert find_differences(changed, at=world.at, is_carrier=lambda key: "dropped/1/" in key) == []


def test_a_copy_over_a_copy_is_a_difference_but_where_s3_makes_it(world, stored):
    changed = copy_of(stored)
    TAMPERING["an object was written over"].change(changed)
    assert find_differences(changed, at=world.at) != []
    assert find_differences(changed, at=world.at, copied_once=False) == []
