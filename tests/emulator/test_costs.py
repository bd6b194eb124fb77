"""What a file costs, counted exactly: calls of AWS and bytes of the object."""

from collections import Counter
from dataclasses import replace

import boto3
import pytest

from intake.files.keys import KeyedIds
from intake.messaging.events import Arrival
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.storage.s3.objects import S3Objects
from intake.table.table import Table, TableSecret
from intake.tenants.dynamodb import DynamoDirectory
from processor.ingest.filing import Buckets
from processor.ingest.process import Processor
from processor.ingest.senders import Profiles
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from tests.dicom_files import ct_slice, uid
from tests.emulator.test_exactly_once import Lane

pytestmark = pytest.mark.emulator

SILENT = "counted-incoming"


@pytest.fixture
def counted(stack):
    """Clients that count their requests, and a bucket that notifies nobody."""
    calls = Counter()
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    clients = {name: session.client(name, endpoint_url=stack.endpoint) for name in ("s3", "dynamodb")}
    for client in clients.values():
        client.meta.events.register("before-send.*.*", lambda request, **_: calls.update(requests=1))
        client.meta.events.register("before-call.*.*", lambda model, **_: calls.update([model.name]))
    stack.clients.s3.create_bucket(Bucket=SILENT)
    stack.clients.s3.put_bucket_versioning(Bucket=SILENT, VersioningConfiguration={"Status": "Enabled"})
    yield clients, calls
    for client in clients.values():
        client.close()


def test_an_accepted_reserved_slice_takes_three_calls_and_64_kib_once_a_process_is_warm(stack, counted):
    clients, calls = counted
    table = stack.outputs["Table"]
    (file,) = Lane(stack).reserve(1, bucket=SILENT)
    data = ct_slice(study=uid("costs"), series=uid("costs", 1), sop=uid("costs", 1, 1))
    answer = stack.clients.s3.put_object(Bucket=SILENT, Key=file.incoming.key, Body=data)
    version = replace(file.incoming, version_id=answer["VersionId"])
    profiles = Profiles(DynamoDirectory(Table(clients["dynamodb"], table)))
    ids = KeyedIds(TableSecret(Table(clients["dynamodb"], table)).read)
    verdicts = DynamoVerdicts(Table(clients["dynamodb"], table), ids)
    profiles.get("northside")
    ids.patient("northside", "TEST")
    assert calls["GetItem"] == 3
    calls.clear()
    objects = S3Objects(clients["s3"])
    processor = Processor(
        objects,
        verdicts,
        # The stack's own, where the sweep looks for what records name.
        Buckets(stack.outputs["AcceptedBucket"], stack.outputs["QuarantineBucket"]),
        judge,
        ids=ids,
        profile_of=profiles.get,
        takes_part=profiles.takes_part,
        expand=lambda archive, source: 0,
        scans=Scans(objects, required=False),
    )

    processed = processor.process(Arrival(version, file.created_at))

    assert len(data) > 500_000
    assert calls == {"requests": 3, "GetObject": 1, "CopyObject": 1, "TransactWriteItems": 1}
    assert processed.bytes_read <= 64 * 1024
    assert DynamoRecords(Table(stack.clients.dynamodb, table)).file("northside", file.file_id).state == "accepted"
