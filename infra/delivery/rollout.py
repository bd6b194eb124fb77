"""Deploy every stack of a stage to AWS, by the CDK's command. `make deploy` runs it.

An edge without a domain of its own gets its name from CloudFront, after the core was deployed, which must know it:
the first time, the core is deployed once more. The same second pass protects what keeps data: a stack that could not be
made must be deletable, or it can never be made again (docs/adr/0052).
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import boto3
from botocore.exceptions import ClientError

from infra.build.cache import ROOT
from infra.build.processes import tool_environment
from infra.config import StageConfig
from infra.edge.origin_secret import open_secret
from infra.errors import RunnerError
from infra.retention import PROTECTION, UNPROTECTED
from infra.stages import STAGES

NEVER_CAME_UP = frozenset(
    {"", "CREATE_FAILED", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
)
"""Of a stack that is made for the first time, or once more since it never stood (CloudFormation guide, "Stack status
codes")."""

STUCK = frozenset({"DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"})
"""Of a stack that nothing can be deployed to before somebody has helped it."""


class Stacks(Protocol):
    """The stacks that stand in the account, by name."""

    def status(self, name: str) -> str:
        """Return CloudFormation's word for how a stack is; empty where there is none."""
        ...

    def outputs(self, name: str) -> Mapping[str, str]: ...

    def protect(self, name: str, *, on: bool) -> None:
        """Have CloudFormation refuse to delete a stack, or have it do so again."""
        ...


def list_stacks(config: StageConfig) -> list[str]:
    """Return the names of a stage's stacks, as `infra/app.py` makes them."""
    beside = {
        "Edge": config.edge,
        "Operations": True,
        "Audit": config.audit,
        "Malware": config.malware_protection,
        "Delivery": config.delivery,
    }
    return [config.prefix, *(f"{config.prefix}-{name}" for name, wanted in beside.items() if wanted)]


def roll_out(
    config: StageConfig,
    *,
    deploy: Callable[[Sequence[str], Sequence[str]], None],
    secret_version: Callable[[], str],
    stacks: Stacks,
) -> None:
    """Deploy the stage. `deploy` runs `cdk deploy` with arguments, and leaves the stacks named then unprotected.

    Raises RunnerError where a stage would keep data and tell nobody, or a stack is stuck.
    """
    require_listener(config)
    fresh = _find_fresh(config, stacks)
    protection = _protect(config, on=config.prefix not in fresh)
    edge = f"{config.prefix}-Edge"
    secret = ["--parameters", f"{edge}:OriginVersion={secret_version()}"] if config.edge else []
    deploy(["--all", *secret, *protection], fresh)
    # Now that the core stands. The CDK keeps parameters from one deployment to the next.
    late = _protect(config, on=True) if config.prefix in fresh else []
    if config.edge and not config.edge.domain:
        address = f"https://{stacks.outputs(edge)['DistributionDomain']}"
        if stacks.outputs(config.prefix)["PortalOrigin"] != address:
            late += ["--parameters", f"{config.prefix}:PortalOriginParameter={address}"]
    if late:
        deploy([config.prefix, *late], [])
    if config.retain_data:
        for name in fresh:
            stacks.protect(name, on=True)


def require_listener(config: StageConfig) -> None:
    """Raise RunnerError where a stage would keep data, and nobody would hear what becomes of it."""
    if config.retain_data and not config.alert_emails:
        raise RunnerError(
            f"The stage {config.name} keeps data, and nobody is told when something happens to it: name alert_emails "
            "in infra/stages.py."
        )


def _find_fresh(config: StageConfig, stacks: Stacks) -> list[str]:
    """Return the stacks that were never up. One of them that is there is made deletable, which the CDK's command needs.

    Nothing of theirs is data: they never stood.
    """
    statuses = {name: stacks.status(name) for name in list_stacks(config)}
    stuck = {name: status for name, status in statuses.items() if status in STUCK}
    if stuck:
        told = ", ".join(f"{name} is {status}" for name, status in stuck.items())
        raise RunnerError(f'{told}: docs/runbook.md, "A deployment that is stuck", says how to go on.')
    fresh = [name for name, status in statuses.items() if status in NEVER_CAME_UP]
    for name in fresh:
        if statuses[name] not in {"", "DELETE_COMPLETE"}:
            stacks.protect(name, on=False)
    return fresh


def _protect(config: StageConfig, *, on: bool) -> list[str]:
    """Return how the CDK's command is told whether tables and people are protected; a stage without data has no such
    parameter."""
    if not config.retain_data:
        return []
    return ["--parameters", f"{config.prefix}:{PROTECTION}={str(on).lower()}"]


class DeployedStacks:
    """The stacks of the credentials' account, in one region."""

    def __init__(self, region: str) -> None:
        self._client = boto3.client("cloudformation", region_name=region)

    def status(self, name: str) -> str:
        try:
            status: str = self._client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            # CloudFormation has no code of its own for a stack that is not there.
            if "does not exist" not in str(error):
                raise
            return ""
        return status

    def outputs(self, name: str) -> Mapping[str, str]:
        (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def protect(self, name: str, *, on: bool) -> None:
        self._client.update_termination_protection(StackName=name, EnableTerminationProtection=on)


def _run_cdk_deploy(stage: str, arguments: Sequence[str], unprotected: Sequence[str]) -> None:
    command = ["npx", "--no-install", "cdk", "deploy", "--require-approval", "broadening", *arguments]
    environment = {**tool_environment(), "STAGE": stage, UNPROTECTED: " ".join(unprotected)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise RunnerError(
            f"`cdk deploy {' '.join(arguments)}` failed; what it says stands above. Mend it and repeat `make deploy`, "
            'a first one, too (docs/runbook.md, "A deployment that is stuck").'
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Deploy every stack of a stage.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    config = STAGES[parser.parse_args().stage]
    try:
        roll_out(
            config,
            deploy=lambda arguments, unprotected: _run_cdk_deploy(config.name, arguments, unprotected),
            secret_version=lambda: open_secret(config).version(),
            stacks=DeployedStacks(config.region),
        )
    except (RunnerError, ClientError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
