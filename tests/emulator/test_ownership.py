"""Objects under other clinics' ids, and under prefixes of no clinic, on the deployed stack."""

import hashlib
import secrets
from dataclasses import dataclass

import pytest

from intake.files import keys
from intake.files.model import FileRecord, ObjectVersion, now
from intake.files.states import State
from intake.records.records import DynamoRecords
from intake.table.table import Table
from tests.dicom_files import ct_slice, uid
from tests.emulator.stacks import enter_clinic
from tests.emulator.test_exactly_once import Lane
from tests.records import a_file, an_upload
from tests.waiting import until

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.disturbs("what is filed under ids of others leaves deleted copies behind"),
]

ATTACKER, OWNER = "lakeview", "northside"


@dataclass
class Buckets:
    """The incoming bucket and the table, as somebody who may write to S3 and an operator have them."""

    stack: object

    def __post_init__(self):
        self.records = DynamoRecords(Table(self.stack.clients.dynamodb, self.stack.outputs["Table"]))

    def put(self, key, name):
        """Put a slice of its own under a key. Return its bytes' digest."""
        data = ct_slice(study=uid("foreign", name), series=uid("foreign", name, 1), sop=uid("foreign", name, 2))
        self.stack.clients.s3.put_object(Bucket=self.stack.outputs["IncomingBucket"], Key=key, Body=data)
        return hashlib.sha256(data).hexdigest()

    def digest(self, version):
        place = {"Bucket": version.bucket, "Key": version.key, "VersionId": version.version_id}
        return hashlib.sha256(self.stack.clients.s3.get_object(**place)["Body"].read()).hexdigest()

    def settled(self, clinic_id, states, wanted) -> list[FileRecord]:
        """Wait until a clinic's lists hold a file of each key that was put."""

        def found():
            rows = [row for state in states for row in self.records.files(clinic_id, state, None, None, 200).rows]
            records = [self.records.file(clinic_id, row.file_id) for row in rows]
            mine = [record for record in records if record.incoming.key in wanted]
            return mine if len(mine) == len(wanted) else None

        return until(found, f"{len(wanted)} verdicts at {clinic_id}", 60)


@pytest.fixture
def buckets(stack):
    return Buckets(stack)


def test_no_object_under_another_clinics_ids_settles_its_file(stack, buckets):
    one, two, three = Lane(stack).reserve(3)
    upload_id, day = one.upload_id, f"{one.created_at:%Y/%m/%d}"
    child = keys.child_id(one.file_id, 0)
    sent = {
        f"{ATTACKER}/{tail}": buckets.put(f"{ATTACKER}/{tail}", f"{upload_id} {tail}")
        for tail in (
            f"2026/01/01/{upload_id}/{one.file_id}",
            f"{day}/{upload_id}/{one.file_id}",
            f"{day}/{upload_id}/{two.file_id}",
            f"{day}/{upload_id}/{upload_id}-00099",
            f"{day}/{upload_id}/{child}",
        )
    }
    own_of_another_day = f"{OWNER}/2026/01/01/{upload_id}/{three.file_id}"
    buckets.put(own_of_another_day, f"{upload_id} another day")

    files = buckets.settled(ATTACKER, [State.ACCEPTED], set(sent))
    (dropped,) = buckets.settled(OWNER, [State.ACCEPTED], {own_of_another_day})

    assert {file.incoming.key: buckets.digest(file.stored) for file in files} == sent
    assert {file.upload_id for file in files}.isdisjoint({upload_id})
    assert dropped.upload_id != upload_id
    for file in (one, two, three):
        standing = buckets.records.file(OWNER, file.file_id)
        assert (standing.state, standing.incoming) == (State.AWAITING_UPLOAD, file.incoming)
    assert not set(_ids(buckets, ATTACKER)) & {file.file_id for file in (one, two, three)}
    buckets.put(one.incoming.key, f"{upload_id} the owner's")
    until(lambda: buckets.records.file(OWNER, one.file_id).state is State.ACCEPTED, "the owner's own verdict", 60)


def _ids(buckets, clinic_id):
    return [row.file_id for state in State for row in buckets.records.files(clinic_id, state, None, None, 300).rows]


def test_prefixes_of_no_clinic_are_refused_and_stand_under_no_name_of_their_own(stack, buckets):
    enter_clinic(stack, "closed", active=False)
    run = keys.new_upload_id()
    sent = {
        f"nosuchclinic/{run}.dcm",
        f"nosuchclinic-{run}/x.dcm",
        f"nosuchclinic/2026/01/01/{run}/{run}-00000",
        f"unassigned/{run}.dcm",
        f"closed/{run}.dcm",
        f"NORTHSIDE/{run}.dcm",
    }
    for key in sent:
        buckets.put(key, key)

    files = buckets.settled(keys.UNASSIGNED, [State.REJECTED], sent)

    assert {(file.clinic_id, file.codes, file.kind) for file in files} == {
        (keys.UNASSIGNED, ("clinic-unknown",), "unknown")
    }
    assert {file.metadata.get("patient") for file in files} == {None}
    assert {file.stored.bucket for file in files} == {stack.outputs["QuarantineBucket"]}
    for clinic_id in {key.partition("/")[0] for key in sent} - {keys.UNASSIGNED}:
        assert _ids(buckets, clinic_id) == []
    assert _named_in_the_table(stack, "nosuchclinic") == []


def _named_in_the_table(stack, word):
    """Return the keys of all items, and of all places in indexes, that hold a word."""
    pages = stack.clients.dynamodb.get_paginator("scan").paginate(TableName=stack.outputs["Table"])
    rows = [row for page in pages for row in page["Items"]]
    names = ("pk", "sk", "clinic_id", "clinic_key", "clinic_state", "name_of", "patient_key", "study_of")
    return [value for row in rows for name in names if word in (value := row.get(name, {}).get("S", ""))]


def test_what_was_announced_before_its_clinic_was_deactivated_has_its_verdict_at_its_clinic(stack, buckets):
    clinic_id, upload_id, at = f"leaving-{secrets.token_hex(3)}", keys.new_upload_id(), now()
    key = keys.object_key(clinic_id, upload_id, keys.file_id(upload_id, 0), at)
    place = ObjectVersion(stack.outputs["IncomingBucket"], key)
    file = a_file(clinic_id=clinic_id, upload_id=upload_id, created_at=at, incoming=place)
    upload = an_upload(clinic_id=clinic_id, upload_id=upload_id, created_at=at)
    buckets.records.create_upload(upload)
    buckets.records.add_files(upload, [file])
    enter_clinic(stack, clinic_id, active=False)

    buckets.put(key, key)

    (settled,) = buckets.settled(clinic_id, [State.REJECTED], {key})
    assert (settled.file_id, settled.codes) == (file.file_id, ("clinic-unknown",))
