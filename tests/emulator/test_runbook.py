"""The runbook: each of its blocks says where it was run, and those for this machine are run, from top to bottom."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from intake.files.model import now
from intake.operations.dynamodb import DynamoAudit
from intake.operations.model import AuditEntry
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.dicom_files import ct_slice, uid
from tests.emulator.aws_command import aws_command
from tests.emulator.stacks import eventually

pytestmark = [pytest.mark.emulator, pytest.mark.disturbs("a clinic leaves, and its objects are deleted")]

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
BLOCK = re.compile(r"(?:^\*\*(Run locally|AWS only)\*\*\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CLINIC = "runbook"
LETTER = '{"Service": "Amazon S3", "Event": "s3:TestEvent"}'


@dataclass(frozen=True, slots=True)
class Night:
    """What the person on call has before them."""

    key: str
    version: str
    content: bytes
    file_id: str
    client_id: str
    lifecycles: list[list[dict]]


def script(folder):
    """Return the blocks that are run locally as one script; Python is run as a file of its own."""
    steps = ["set -euo pipefail"]
    for number, (where, language, code) in enumerate(BLOCK.findall(RUNBOOK.read_text())):
        if where != "Run locally":
            continue
        command = code
        if language == "python":
            (folder / f"step_{number}.py").write_text(code)
            command = f"{sys.executable} step_{number}.py\n"
        steps.append(f"echo 'step {number}' >&2\n{command}")
    return "\n".join(steps)


@pytest.fixture
def night(clients, outputs, kept) -> Night:
    """A clinic with an accepted file that somebody deleted, a dead letter, a suspicious person and a lost client."""
    DynamoDirectory(Table(clients.dynamodb, outputs["Table"])).save_clinic(Clinic(CLINIC, "Runbook", created_at=now()))
    study = uid("runbook")
    content = ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, 1))
    clients.s3.put_object(Bucket=outputs["IncomingBucket"], Key=f"{CLINIC}/scan.dcm", Body=content)
    (filed,) = eventually(lambda: versions(clients, outputs["AcceptedBucket"]), within_s=90)

    file_id = eventually(lambda: accepted(clients, outputs))[0]["file_id"]["S"]
    clients.s3.delete_object(Bucket=outputs["AcceptedBucket"], Key=filed["Key"])
    clients.sqs.send_message(QueueUrl=outputs["DeadLetterQueueUrl"], MessageBody=LETTER)
    pool = outputs["UserPoolId"]
    clients.cognito.admin_create_user(UserPoolId=pool, Username="runbook-person", MessageAction="SUPPRESS")
    client = clients.cognito.create_user_pool_client(UserPoolId=pool, ClientName="runbook")["UserPoolClient"]
    note_a_download(clients, outputs)
    return Night(filed["Key"], filed["VersionId"], content, file_id, client["ClientId"], kept)


def note_a_download(clients, outputs):
    entry = AuditEntry(
        at=now(), actor="runbook-sub", actor_name="Somebody", action="file.download", clinic_id=CLINIC, subject="a-file"
    )
    DynamoAudit(Table(clients.dynamodb, outputs["AuditTable"])).write(entry)


def versions(clients, bucket):
    return clients.s3.list_object_versions(Bucket=bucket, Prefix=f"{CLINIC}/").get("Versions", [])


def accepted(clients, outputs):
    return clients.dynamodb.query(
        TableName=outputs["Table"],
        IndexName="by_clinic_state",
        KeyConditionExpression="clinic_state = :s",
        ExpressionAttributeValues={":s": {"S": f"{CLINIC}#accepted"}},
    )["Items"]


@pytest.fixture
def kept(clients, outputs):
    """Rules of the buckets' lifecycles, which the emulator's CloudFormation leaves out."""
    rules = [{"ID": "housekeeping", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}]
    names = [outputs[f"{kind}Bucket"] for kind in ("Incoming", "Accepted", "Quarantine")]
    for name in names:
        clients.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    yield lifecycles(clients, outputs)
    for name in names:
        clients.s3.delete_bucket_lifecycle(Bucket=name)


def environment(stack, night):
    """Return what the runbook has the reader fill in, and a profile of the emulator."""
    aws = stack.as_json()["aws"]
    return {
        "AWS_ENDPOINT_URL": aws["endpoint_url"],
        "AWS_DEFAULT_REGION": aws["region"],
        "AWS_ACCESS_KEY_ID": aws["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
        "FILE": night.file_id,
        "KEY": night.key,
        "CLINIC": CLINIC,
        "MFA_SERIAL": "arn:aws:iam::000000000000:mfa/break-glass-1",
        "MFA_CODE": "123456",
        "PERSON": "runbook-person",
        "CLIENT_ID": night.client_id,
        "ACTOR": "runbook-sub",
        "LEAVING": CLINIC,
    }


def lifecycles(clients, outputs):
    names = [outputs[f"{kind}Bucket"] for kind in ("Incoming", "Accepted", "Quarantine")]
    return [clients.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] for name in names]


def test_every_block_says_where_it_was_run():
    untold = [code for where, _, code in BLOCK.findall(RUNBOOK.read_text()) if not where]
    assert untold == []


def test_the_shell_understands_every_block(tmp_path):
    for _, language, code in BLOCK.findall(RUNBOOK.read_text()):
        if language == "bash":
            read = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True, check=False)
            assert read.returncode == 0, f"{read.stderr}\n{code}"


@pytest.mark.timeout(600)
@pytest.mark.plain("its operator is root here, who may take no role where permissions are enforced")
def test_every_local_step_works(stack, clients, outputs, night, tmp_path):
    with aws_command(tmp_path) as folder:
        run = subprocess.run(
            ["bash", "-c", script(tmp_path)],
            cwd=tmp_path,
            env={**os.environ, **environment(stack, night), "PATH": f"{folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )
    assert run.returncode == 0, run.stderr[-3000:]
    restored(run.stdout, night, tmp_path)
    contained(clients, outputs, night)
    assert lifecycles(clients, outputs) == night.lifecycles
    forgotten(clients, outputs)


def restored(said, night, folder):
    """The version that the record names is back, the copy of the table knew the file, break-glass read it."""
    assert night.version in said
    state = json.loads((folder / "state.json").read_text())
    assert state[:2] == ["accepted", CLINIC]
    assert json.loads((folder / "state-restored.json").read_text()) == state
    assert "The record is there" in said
    assert (folder / "emergency.dcm").read_bytes() == night.content
    assert "assumed-role" in said
    assert "file.download" in (folder / "deeds.txt").read_text()


def contained(clients, outputs, night):
    pool = outputs["UserPoolId"]
    assert clients.cognito.admin_get_user(UserPoolId=pool, Username="runbook-person")["Enabled"] is False
    left = clients.cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    assert night.client_id not in {client["ClientId"] for client in left}
    # Closed and opened again, with what it had before: the local stage reserves nothing.
    portal = clients.functions.get_function_concurrency(FunctionName=outputs["PortalFunction"])
    assert "ReservedConcurrentExecutions" not in portal
    assert LETTER not in [
        message["Body"]
        for message in clients.sqs.receive_message(QueueUrl=outputs["DeadLetterQueueUrl"]).get("Messages", [])
    ]


def forgotten(clients, outputs):
    """No file of the clinic that left is on top any more, and none of its records is left."""
    for kind in ("Incoming", "Accepted", "Quarantine"):
        found = clients.s3.list_objects_v2(Bucket=outputs[f"{kind}Bucket"], Prefix=f"{CLINIC}/")
        assert found["KeyCount"] == 0
    pages = clients.dynamodb.get_paginator("scan").paginate(TableName=outputs["Table"])
    items = [item for page in pages for item in page["Items"]]
    about = [one for one in items if one.get("clinic_id", {}).get("S") == CLINIC or CLINIC in one["pk"]["S"]]
    assert not [one["pk"]["S"] for one in about if one["pk"]["S"].startswith(("UPLOAD#", "STUDY#", "CLAIM#"))]
