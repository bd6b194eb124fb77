"""A clinic's instances in the table and the bucket of moto, for a portal that is wired as on AWS."""

from dataclasses import replace

from intake.files.model import ObjectVersion
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Partner
from processor.judge import judge
from tests.records import IDS, NOON, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE, create_table
from tests.unit.portal.dicomweb.archive import Bytes
from tests.unit.portal.portal_fixture import ALL_SCOPES
from tests.unit.portal.stored_portal import stored_portal


def keep(aws, client, bodies, *, claimed=True):
    """Keep accepted instances, as the processor would leave them; without a claim on them, as it did before 2026."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="accepted")
    s3.put_bucket_versioning(Bucket="accepted", VersioningConfiguration={"Status": "Enabled"})
    table = Table(client, TABLE)
    records, verdicts = DynamoRecords(table), DynamoVerdicts(table, IDS)
    files = [a_file(number, created_at=NOON) for number in range(len(bodies))]
    records.add_files(an_upload(), files)
    for file, body in zip(files, bodies, strict=True):
        judgement = judge(Bytes(body))
        key = file.incoming.key
        version = s3.put_object(Bucket="accepted", Key=key, Body=body)["VersionId"]
        verdict = a_verdict(
            file,
            stored=ObjectVersion("accepted", key, version),
            size=len(body),
            metadata=judgement.metadata,
            sop_instance_uid=judgement.sop_instance_uid if claimed else None,
        )
        verdicts.record(replace(verdict, findings=judgement.findings), reserved=True)
    return files


def known_machine(client):
    """Return northside's program, of which the portal remembers who it is."""
    create_table(client, "audit")
    portal = stored_portal(client)
    DynamoDirectory(Table(client, TABLE)).save_partner(Partner("partner-1", "northside", "Northside RIS", ALL_SCOPES))
    machine = portal.machine()
    assert machine.get("/dicomweb/studies").status_code == 204
    return machine
