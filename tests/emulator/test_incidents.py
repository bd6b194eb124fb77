"""Objects and records that disagree, on the deployed stack: found by the sweep, told of once, closed when mended."""

import secrets
from collections import Counter
from datetime import UTC, datetime
from functools import partial

import boto3
import pytest

from intake.files.item_keys import COUNTS, upload_key
from intake.messaging.model import OPERATIONS, AlertKind
from intake.operations.model import Fault
from intake.operations.reconciliation import DynamoIncidents, DynamoRounds, S3Inventory
from intake.table.expressions import addition
from intake.table.expressions import clinic as as_clinic
from intake.table.table import Table
from processor.projection.samples import describe_sums
from tests.emulator.stacks import empty_queue, enter_clinic, files_of
from tests.emulator.sweeping import sweep
from tests.emulator.test_notifications import Listener
from tests.waiting import until

pytestmark = pytest.mark.emulator


@pytest.fixture
def operations(stack):
    """A queue that hears what operators hear."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    sns = session.client("sns", endpoint_url=stack.endpoint)
    listener = Listener(stack, sns, OPERATIONS, [AlertKind.DISAGREEMENT])
    yield listener
    listener.subscribers.unsubscribe(listener.arn)
    sns.close()


def test_an_object_that_no_record_claims_is_told_of_once_and_closed_when_it_is_gone(stack, operations):
    clinic, table = f"strays-{secrets.token_hex(4)}", Table(stack.clients.dynamodb, stack.outputs["Table"])
    enter_clinic(stack, clinic)
    place = {"Bucket": stack.outputs["AcceptedBucket"], "Key": f"{clinic}/Doe^Jane.dcm"}
    version = stack.clients.s3.put_object(**place, Body=b"stray")["VersionId"]
    # Else the rounds come by in their own time, which depends on what other tests have filed.
    DynamoRounds(table).write({"accepted": clinic})

    def told():
        empty_queue(stack)
        sweep(stack)
        return operations.heard(clinic)

    (mail,) = until(told, "the alert on the stray object", 120)
    assert f"1 x {Fault.OBJECT_UNCLAIMED}" in mail["Message"]
    assert "Doe" not in mail["Message"]
    for _ in range(3):
        DynamoRounds(table).write({"accepted": clinic})
        sweep(stack)
    assert len(operations.heard(clinic)) == 1

    stack.clients.s3.delete_object(**place, VersionId=version)

    def closed():
        sweep(stack)
        opened, _ = DynamoIncidents(table).open("", 1000)
        return not [incident for incident in opened if incident.clinic_id == clinic]

    until(closed, "the end of the incident", 60)


def test_counts_that_differ_are_told_of_and_an_incident_of_exact_ones_is_closed_untold(stack, operations):
    table = Table(stack.clients.dynamodb, stack.outputs["Table"])
    uploads = {}
    for name in ("wrong", "exact"):
        clinic = f"{name}-{secrets.token_hex(4)}"
        enter_clinic(stack, clinic)
        place = {"Bucket": stack.outputs["IncomingBucket"], "Key": f"{clinic}/notes.bin"}
        # What nobody can read is in no study: these rest for minutes before they are looked at.
        stack.clients.s3.put_object(**place, Body=secrets.token_bytes(64))
        (row,) = until(partial(files_of, stack, clinic), "the file's record", 60)
        upload_id = row["upload_id"]["S"]
        key = upload_key(upload_id, COUNTS)
        until(lambda key=key: (table.get(key) or {}).get("n_rejected"), "the file to be counted", 60)
        uploads[name] = clinic, upload_id
    counts, owner = upload_key(uploads["wrong"][1], COUNTS), as_clinic(uploads["wrong"][0])
    table.write(addition(counts, Counter(n_rejected=3), owner))
    incidents = DynamoIncidents(table)
    # As a day's sample notes them; which uploads that picks is left to chance.
    incidents.note([describe_sums(*of_one, datetime.now(UTC)) for of_one in uploads.values()])

    def told():
        sweep(stack)
        return operations.heard(uploads["wrong"][0])

    (mail,) = until(told, "the alert on the counts", 120)
    assert f"1 x {Fault.SUMS_DIFFER}" in mail["Message"]
    assert uploads["wrong"][1] in mail["Message"]

    def standing():
        return {one.upload_id for one in incidents.open("", 1000)[0]} & {upload_id for _, upload_id in uploads.values()}

    until(lambda: sweep(stack) or standing() == {uploads["wrong"][1]}, "the end of the other incident", 60)
    assert operations.heard(uploads["exact"][0]) == []
    table.write(addition(counts, Counter(n_rejected=-3), owner))


def test_a_list_of_versions_goes_on_from_a_key_at_which_nothing_stands(stack):
    clinic, bucket = f"lists-{secrets.token_hex(4)}", stack.outputs["IncomingBucket"]
    inventory = S3Inventory(stack.clients.s3)
    keys = [f"{clinic}/{number}" for number in range(3)]
    for key in keys:
        stack.clients.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    found = inventory.versions(bucket, inventory.skip_to(f"{clinic}/0~"), 2).held
    assert [held.version.key for held in found] == keys[1:]
