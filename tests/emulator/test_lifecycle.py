"""The core stack from its first deployment to its end, with other code in between."""

import hashlib
import json
import re
import shutil
import zipfile
from dataclasses import fields

import pytest

from infra.build.assembly import Assembly
from infra.local.clients import clients as clients_of
from infra.local.deployment import STACK_NAME, deploy
from infra.local.emulator import REGION, Endpoint, run_emulator
from infra.local.progress import Silent
from infra.local.stack import build
from processor.judge.rules.catalogue import RULES_VERSION
from tests.emulator.stacks import eventually, free_port

pytestmark = pytest.mark.emulator

ORIGIN = {"PortalOriginParameter": "http://localhost:9"}
OTHER_RULES = "another-judge"


@pytest.fixture(scope="module")
def assembly():
    return build(Silent())


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """An emulator with nothing in it, and its endpoint."""
    endpoint = Endpoint(port=free_port())
    with run_emulator(state=tmp_path_factory.mktemp("lifecycle"), endpoint=endpoint):
        clients = clients_of(endpoint.url)
        yield clients, endpoint.url
        for field in fields(clients):
            getattr(clients, field.name).close()


def present(clients):
    """Return what there is, by kind."""
    stacks = clients.cloudformation.list_stacks()["StackSummaries"]
    return {
        "stacks": {one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"},
        "buckets": {one["Name"] for one in clients.s3.list_buckets()["Buckets"]},
        "tables": set(clients.dynamodb.list_tables()["TableNames"]),
        "functions": {one["FunctionName"] for one in clients.functions.list_functions()["Functions"]},
        "mappings": {one["UUID"] for one in clients.functions.list_event_source_mappings()["EventSourceMappings"]},
        "queues": set(clients.sqs.list_queues().get("QueueUrls", [])),
        "pools": {one["Id"] for one in clients.cognito.list_user_pools(MaxResults=60)["UserPools"]},
        "apis": {one["ApiId"] for one in clients.gateway.get_apis()["Items"]},
    }


def with_other_code(assembly, folder):
    """Return the assembly with another judge, as a changed source would have made it."""
    shutil.copytree(assembly.folder, folder)
    entries = json.loads(assembly.assets.read_text())["files"].items()
    old = next(name for name, entry in entries if entry["displayName"].startswith("Judge/"))
    with zipfile.ZipFile(folder / f"asset.{old}.zip") as archive:
        content = {entry: archive.read(entry) for entry in archive.namelist()}
    catalogue = "processor/judge/rules/catalogue.py"
    changed = re.sub(rb"RULES_VERSION = .*", f"RULES_VERSION = {OTHER_RULES!r}".encode(), content[catalogue], count=1)
    assert changed != content[catalogue]
    # Bytecode is never compared with its source, so that of the changed one goes.
    kept = {entry: data for entry, data in content.items() if "rules/__pycache__/catalogue." not in entry}
    with zipfile.ZipFile(folder / "new.zip", "w") as archive:
        for entry, data in {**kept, catalogue: changed}.items():
            archive.writestr(entry, data)
    new = hashlib.sha256((folder / "new.zip").read_bytes()).hexdigest()
    (folder / "new.zip").rename(folder / f"asset.{new}.zip")
    template = (folder / assembly.template.name).read_text().replace(old, new)
    (folder / assembly.template.name).write_text(template)
    manifest = (folder / assembly.assets.name).read_text().replace(old, new)
    former = next(name for name, entry in entries if entry["source"]["path"] == assembly.template.name)
    manifest = manifest.replace(former, hashlib.sha256(template.encode()).hexdigest())
    (folder / assembly.assets.name).write_text(manifest)
    return Assembly(folder, "other-code")


def judged(clients, outputs, name):
    """Put an object, and return its record once it has its verdict."""
    clients.s3.put_object(Bucket=outputs["IncomingBucket"], Key=f"northside/{name}", Body=b"no such kind")

    def record():
        rows = clients.dynamodb.scan(TableName=outputs["Table"])["Items"]
        return [row for row in rows if row.get("name", {}).get("S") == name and "rules_version" in row]

    return eventually(record, within_s=60)[0]


def emptied(clients, bucket):
    for page in clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            clients.s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


@pytest.mark.timeout(900)  # Its provider waits twice for ten seconds, and takes seconds of computing to start.
def test_other_code_serves_after_a_second_deployment_and_a_deletion_leaves_nothing(aws, assembly, tmp_path):
    clients, _ = aws
    before = present(clients)
    outputs = deploy(clients, assembly, ORIGIN, REGION)
    first = judged(clients, outputs, "before")
    after = deploy(clients, with_other_code(assembly, tmp_path / "other"), ORIGIN, REGION)
    assert after == outputs
    assert judged(clients, after, "after")["rules_version"]["S"] == OTHER_RULES

    key = {"pk": first["pk"], "sk": first["sk"]}
    kept = clients.dynamodb.get_item(TableName=outputs["Table"], Key=key)["Item"]
    assert kept["rules_version"]["S"] == RULES_VERSION
    body = clients.s3.get_object(Bucket=outputs["IncomingBucket"], Key="northside/before")["Body"].read()
    assert body == b"no such kind"

    for output, bucket in outputs.items():
        if output.endswith("Bucket"):
            emptied(clients, bucket)
    clients.cloudformation.delete_stack(StackName=STACK_NAME)
    eventually(lambda: STACK_NAME not in present(clients)["stacks"], within_s=60)
    left = {kind: found - before[kind] for kind, found in present(clients).items()}
    assert left.pop("stacks") == {"CDKToolkit"}
    assert {bucket for bucket in left.pop("buckets") if not bucket.startswith("cdk-")} == set()
    assert left == {kind: set() for kind in left}
