"""Which partition of its upload a file lies in: evenly, and apart from its neighbours."""

from collections import Counter

import pytest

from intake.files.item_keys import FILE_SHARDS, file_key, list_file_partitions
from intake.files.keys import child_id, file_id, find_numbers_beside
from tests.records import IDS, NOON, UPLOAD_ID

PARENT = file_id(UPLOAD_ID, 7)
KINDS = {
    "announced": [file_id(UPLOAD_ID, number) for number in range(1000)],
    "entries": [child_id(PARENT, number) for number in range(1000)],
    "dropped": [IDS.place_direct("incoming", f"northside/{number}", "v", NOON).file_id for number in range(1000)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_each_kind_lie_evenly(kind):
    parts = Counter(file_key(identifier)["pk"] for identifier in KINDS[kind])
    assert len(parts) == FILE_SHARDS
    assert max(parts.values()) <= 1000 / FILE_SHARDS * 1.2


@pytest.mark.parametrize("kind", ["announced", "entries"])
def test_files_that_come_in_their_order_meet_all_partitions(kind):
    parts = [file_key(identifier)["pk"] for identifier in KINDS[kind][:24]]
    assert all(len(set(parts[start : start + FILE_SHARDS])) == FILE_SHARDS for start in range(0, 24, FILE_SHARDS))


def test_every_file_lies_in_a_partition_that_its_upload_is_read_from():
    assert {file_key(one)["pk"] for one in (*KINDS["announced"], *KINDS["entries"])} == {
        *list_file_partitions(UPLOAD_ID)
    }


@pytest.mark.parametrize("identifier", ["", "x", "-", f"{UPLOAD_ID}-IL", "ü"])
def test_what_is_no_id_has_a_key_all_the_same(identifier):
    assert file_key(identifier)["sk"] == f"FILE#{identifier}"


def test_numbers_beside_a_file_are_known_and_others_have_none():
    assert find_numbers_beside(file_id(UPLOAD_ID, 9)) == (file_id(UPLOAD_ID, 8), file_id(UPLOAD_ID, 10))
    assert find_numbers_beside(child_id(PARENT, 1)) is None
