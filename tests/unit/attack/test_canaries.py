"""What looks for patients' values finds them, and every store of the stack has a row."""

import base64
import gzip

import pytest

from tests.attack import canaries, planting, stores
from tests.attack.stores import Place

TEXTS = {"patient name": "ZQPATIENT0123456789ab", "s3 key": "ZQPATIENTba9876543210"}
NAME = TEXTS["patient name"]


def found(text, may=frozenset()):
    return canaries.seen([Place("a line of a log", text, may)], TEXTS)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"message": "judged", "patient": "{NAME}"}}',
        NAME.lower(),
        NAME.encode().hex(),
        *(base64.b64encode(b"x" * shift + NAME.encode() + b"yz").decode() for shift in range(3)),
        "\0".join(f"<{NAME}>"),
    ],
)
def test_a_planted_text_is_found_however_it_is_spelled(text):
    assert found(text) == {"patient name": ["a line of a log"]}


def test_a_text_may_stand_where_it_belongs():
    assert found(NAME, may=frozenset({"patient name"})) == {}
    assert found(NAME, may=frozenset({"s3 key"})) != {}


def test_opaque_ids_are_no_finding():
    assert found("01k9ktx3mqf8g2w7v5n0ah4ebc-00000") == {}


def test_packed_objects_are_looked_into():
    assert stores._inflated(gzip.compress(NAME.encode())).decode() == NAME


def test_every_store_of_the_template_has_a_row(local):
    kinds = [(resource["Type"], name) for name, resource in local.resources.items()]

    assert stores.gaps(kinds) == []


def test_a_new_store_and_a_new_kind_of_store_are_gaps():
    for kind, name in (("AWS::S3::Bucket", "StorageElsewhere0123"), ("AWS::ElastiCache::Cluster", "Cache0123")):
        assert stores.gaps([(kind, name)]) == [f"{kind} {name}"]


def test_there_are_ways_enough():
    assert len(planting.KINDS) >= canaries.LEAST
