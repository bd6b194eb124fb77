"""Deploy an assembly as it is, by CloudFormation, the way the CDK's own command does: bootstrap, assets, stack."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.build.assembly import Assembly
from infra.errors import RunnerError
from infra.local.clients import Clients
from infra.local.state.shutdown import StateNotReadError

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef

STACK_NAME = "SilentScalper"
ACCOUNT = "000000000000"

_BOOTSTRAP_STACK = "CDKToolkit"
_DEPLOYED_FROM = "deployed-from"
_POLL_S = 0.05
_PATIENCE_S = 120
_CAPABILITIES = ["CAPABILITY_IAM"]


def deploy(clients: Clients, assembly: Assembly, parameters: Mapping[str, str], region: str) -> dict[str, str]:
    """Bring the stack to the assembly's state and return its outputs. Does nothing where it is there already.

    Raises RunnerError with CloudFormation's reason when that fails.
    """
    source = f"{assembly.name}-{'-'.join(parameters.values())}"
    stack = _describe(clients, assembly.stack)
    tags = stack.get("Tags", []) if stack else []
    deployed_from = next((tag["Value"] for tag in tags if tag["Key"] == _DEPLOYED_FROM), "")
    if stack is None or deployed_from != source or not _is_settled(stack):
        bucket = _bootstrap(clients, region)
        template_url = _publish(clients, assembly, bucket)
        exists = _may_update(clients, assembly.stack, stack)
        stack = _put_stack(clients, assembly.stack, template_url, parameters, source, exists=exists)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def require_standing(clients: Clients, stacks: set[str], tables: set[str], *, log: Path) -> None:
    """Raises StateNotReadError where the emulator has not read a stack or a table that its saved state holds."""
    missing = [f"the stack {name}" for name in sorted(stacks) if _describe(clients, name) is None]
    there = {name for page in clients.dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    missing += [f"the table {name}" for name in sorted(tables - there)]
    if missing:
        raise StateNotReadError(
            f"The emulator has not read its saved state: {', '.join(missing)} is missing (see {log}). It was ended, "
            "and the state is as it was."
        )


def _bootstrap(clients: Clients, region: str) -> str:
    """Give the emulator what `cdk bootstrap` gives an account, as far as a deployment looks at it."""
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{region}"
    version = {"Name": "/cdk-bootstrap/hnb659fds/version", "Type": "String", "Value": "30"}
    resources = {
        "Assets": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
        "Version": {"Type": "AWS::SSM::Parameter", "Properties": version},
    }
    if _describe(clients, _BOOTSTRAP_STACK) is None:
        template = json.dumps({"Resources": resources})
        clients.cloudformation.create_stack(StackName=_BOOTSTRAP_STACK, TemplateBody=template)
        _settle(clients, _BOOTSTRAP_STACK)
    return bucket


def _publish(clients: Clients, assembly: Assembly, bucket: str) -> str:
    """Upload the assets that are not there yet, and return the template's address."""
    template_key = ""
    for entry in json.loads(assembly.assets.read_text())["files"].values():
        (destination,) = entry["destinations"].values()
        path, key = assembly.folder / entry["source"]["path"], destination["objectKey"]
        if path == assembly.template:
            template_key = key
        if not clients.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
            clients.s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    return f"{clients.s3.meta.endpoint_url}/{bucket}/{template_key}"


def _may_update(clients: Clients, name: str, stack: "StackTypeDef | None") -> bool:
    """Say whether there is a stack to update; one that never came up is removed first."""
    if stack is None:
        return False
    if stack["StackStatus"] in {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}:
        clients.cloudformation.delete_stack(StackName=name)
        _wait(lambda: _describe(clients, name) is None)
        return False
    return True


def _put_stack(
    clients: Clients, name: str, template_url: str, parameters: Mapping[str, str], source: str, *, exists: bool
) -> "StackTypeDef":
    put = clients.cloudformation.update_stack if exists else clients.cloudformation.create_stack
    try:
        put(
            StackName=name,
            TemplateURL=template_url,
            Capabilities=_CAPABILITIES,  # type: ignore[arg-type]
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": _DEPLOYED_FROM, "Value": source}],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise RunnerError(f"CloudFormation refused the stack: {error}") from error
    stack = _settle(clients, name)
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise RunnerError(f"The stack ended as {stack['StackStatus']}: {_first_failure(clients, name)}")
    return stack


def _first_failure(clients: Clients, name: str) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failures = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    if not failures:
        return "no resource tells why."
    first = failures[-1]
    return f"{first.get('LogicalResourceId')}: {first.get('ResourceStatusReason', 'no reason given')}"


def _describe(clients: Clients, name: str) -> "StackTypeDef | None":
    try:
        (stack,) = clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return stack


def _settle(clients: Clients, name: str) -> "StackTypeDef":
    _wait(lambda: (stack := _describe(clients, name)) is not None and _is_settled(stack))
    stack = _describe(clients, name)
    if stack is None:
        raise RunnerError(f"The stack {name} vanished while it was deployed.")
    return stack


def _is_settled(stack: "StackTypeDef") -> bool:
    return not stack["StackStatus"].endswith("_IN_PROGRESS")


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise RunnerError(f"CloudFormation did not finish within {_PATIENCE_S} s.")
        time.sleep(_POLL_S)
