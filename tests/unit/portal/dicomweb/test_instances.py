"""An instance is found by its UID in two reads, and where no claim leads to it all the same."""

from dataclasses import replace

import pytest

from tests.dicom_files import ct_slice, uid
from tests.unit.intake.conftest import aws, dynamodb, sdk
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.dicomweb.stored_archive import keep, known_machine
from tests.unit.portal.pool import partner_token
from tests.unit.portal.stored_portal import told_calls

assert aws
assert dynamodb
assert sdk

STUDY, SERIES = uid("many", "study"), uid("many", "series")
PATH = f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances"
LAST = uid(STUDY, SERIES, 12)


def slices(count):
    return [ct_slice(study=STUDY, series=SERIES, instance=number + 1, rows=8, columns=8) for number in range(count)]


@pytest.mark.parametrize("claimed", [True, False])
def test_an_instance_is_two_reads_of_the_table_or_a_walk_where_it_was_not_claimed(aws, dynamodb, claimed):
    keep(aws, dynamodb, slices(12), claimed=claimed)
    machine = known_machine(dynamodb)
    machine.get(f"{PATH}/1.2.3/metadata")
    with told_calls() as made:
        (row,) = machine.get(f"{PATH}/{LAST}/metadata").json()
    assert row["00080018"]["Value"] == [LAST]
    found = ["GetItem", "GetItem"] if claimed else ["GetItem", "Query by_study", "BatchGetItem"]
    assert made == [*found, "GetObject"]


@pytest.fixture
def archive(portal):
    return Archive(portal).fill()


def addressed(record):
    uids = [record.metadata[f"{name}_instance_uid"] for name in ("study", "series", "sop")]
    return "/dicomweb/studies/{}/series/{}/instances/{}/metadata".format(*uids)


def test_an_instance_is_found_at_its_own_place_only(portal, archive):
    record = portal.table.files[min(portal.table.files)]
    machine, address = portal.machine(), addressed(record)
    assert machine.get(address).status_code == 200
    for name in ("study", "series"):
        uid_of = record.metadata[f"{name}_instance_uid"]
        assert machine.get(address.replace(uid_of, uid("another", name))).status_code == 404


def test_an_instance_is_nobody_elses(portal, archive):
    record = portal.table.files[min(portal.table.files)]
    assert portal.machine(partner_token("partner-2")).get(addressed(record)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"superseded_by": "another"}, {"duplicate_of": "another"}, {"stored": None}],
    ids=["superseded", "duplicate", "not stored"],
)
def test_what_is_not_told_of_is_not_found_by_its_claim_either(portal, archive, change):
    record = portal.table.files[min(portal.table.files)]
    portal.table.files[record.file_id] = replace(record, **change)
    assert portal.machine().get(addressed(record)).status_code == 404


def test_the_file_that_took_a_claim_over_is_found(portal, archive):
    record = portal.table.files[min(portal.table.files)]
    newer = replace(record, file_id=f"{record.file_id[:-1]}z", superseded_by=None)
    portal.table.files |= {
        record.file_id: replace(record, superseded_by=newer.file_id),
        newer.file_id: newer,
    }
    # As when a record was settled and its claim not yet: the series is looked through.
    assert portal.machine().get(addressed(record)).status_code == 200
    key = (record.clinic_id, "sop", record.metadata["sop_instance_uid"])
    portal.table.identities[key] = newer.file_id
    assert portal.machine().get(addressed(record)).status_code == 200
