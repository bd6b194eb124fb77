import pytest

from intake.files.item_keys import upload_key
from intake.files.keys import UNASSIGNED
from intake.operations.model import Announcements
from intake.operations.reconciliation import DynamoLedger, S3Inventory
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.expressions import clinic, update
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.records import IDS, NOON, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

KEYS = [f"northside/{number}" for number in range(5)]


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket="incoming")
    client.put_bucket_versioning(Bucket="incoming", VersioningConfiguration={"Status": "Enabled"})
    return client


def all_of(page, limit):
    seen, position, stretches = [], "", 0
    while True:
        stretch = page("incoming", position, limit)
        seen += stretch.held
        stretches += 1
        position = stretch.next
        if not position:
            return seen, stretches


def test_objects_come_in_pages_by_key_and_each_names_where_to_go_on(s3):
    for key in KEYS:
        s3.put_object(Bucket="incoming", Key=key, Body=b"x")
    inventory = S3Inventory(s3)

    seen, stretches = all_of(inventory.objects, 2)
    assert [held.version.key for held in seen] == KEYS
    assert stretches == 3
    assert [held.version.key for held in inventory.objects("incoming", seen[1].position, 9).held] == KEYS[2:]
    assert [held.version.key for held in inventory.objects("incoming", "", 9, "northside/3").held] == KEYS[3:4]


def test_versions_come_in_pages_each_once_without_delete_markers(s3):
    expected = set()
    for key in (*KEYS, *KEYS[:2]):
        expected.add((key, s3.put_object(Bucket="incoming", Key=key, Body=b"x")["VersionId"]))
    s3.delete_object(Bucket="incoming", Key=KEYS[4])
    inventory = S3Inventory(s3)

    seen, _ = all_of(inventory.versions, 3)
    assert sorted((held.version.key, held.version.version_id) for held in seen) == sorted(expected)
    assert not any(held.in_parts for held in seen)
    behind = inventory.versions("incoming", seen[3].position, 99).held
    assert [held.version for held in behind] == [held.version for held in seen[4:]]


def test_a_list_of_versions_goes_on_from_a_key_at_which_nothing_need_stand_and_names_no_version(s3):
    """moto leaves out the first version behind a key that does not stand, so what is asked is looked at."""
    asked = []
    s3.meta.events.register("provide-client-params.s3.ListObjectVersions", lambda params, **_: asked.append(params))
    inventory = S3Inventory(s3)
    inventory.versions("incoming", inventory.skip_to("northside/2026/11/23/01k"), 9)

    (params,) = asked
    assert params["KeyMarker"] == "northside/2026/11/23/01k"
    assert "VersionIdMarker" not in params


def test_files_of_a_clinic_come_oldest_first_and_the_table_knows_what_was_announced(dynamodb):
    files = [a_file(number) for number in range(5)]
    records, ledger = DynamoRecords(Table(dynamodb, TABLE)), DynamoLedger(Table(dynamodb, TABLE))
    records.create_upload(an_upload())
    records.add_files(an_upload(), [*files, a_file(5)])
    for file in files:
        DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(file), reserved=True)

    page, more = ledger.page("northside", "", 3)
    assert (list(page), more) == ([file.file_id for file in files[:3]], True)
    rest, _ = ledger.page("northside", list(page.values())[-1], 3)
    assert list(rest) == [file.file_id for file in files[3:]]
    assert ledger.page("lakeview", "", 3) == ({}, False)

    known = ledger.look_up(frozenset({files[0].file_id, f"{UPLOAD_ID}-00077"}), frozenset({UPLOAD_ID, "0" * 26}))
    assert known.files == {files[0].file_id: DynamoVerdicts(Table(dynamodb, TABLE), IDS).file(files[0].file_id)}
    assert known.uploads == {UPLOAD_ID: Announcements("northside", 6, "2026-11-22", "2026-11-22")}
    assert files[0].created_at == NOON


def test_an_upload_whose_item_was_lost_and_counted_in_since_announces_nothing_and_stops_no_round(dynamodb):
    table = Table(dynamodb, TABLE)
    table.write(update(upload_key(UPLOAD_ID), clinic("northside"), sums={"declared": 3}, new=True))
    assert DynamoLedger(table).look_up(frozenset(), frozenset({UPLOAD_ID})).uploads == {}


def test_clinics_are_those_of_the_directory_those_with_files_and_the_one_of_objects_outside_all(dynamodb):
    ledger = DynamoLedger(Table(dynamodb, TABLE))
    assert ledger.clinics() == [UNASSIGNED]
    DynamoDirectory(Table(dynamodb, TABLE)).create_clinic(Clinic("northside", "Northside"))
    DynamoProjections(Table(dynamodb, TABLE)).apply([a_change(clinic_id="elsewhere", source="direct", before=None)])
    assert ledger.clinics() == ["elsewhere", "northside", UNASSIGNED]
