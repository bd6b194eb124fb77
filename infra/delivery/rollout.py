"""Deploy every stack of a stage to AWS, by the CDK's command. `make deploy` runs it.

An edge without a domain of its own gets its name from CloudFront, after the core was deployed, which must know it:
the first time, the core is deployed once more.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import boto3

from infra.build.cache import ROOT
from infra.build.processes import tool_environment
from infra.config import StageConfig
from infra.edge.origin_secret import open_secret
from infra.errors import RunnerError
from infra.stages import STAGES


def roll_out(
    config: StageConfig,
    *,
    deploy: Callable[[Sequence[str]], None],
    secret_version: Callable[[], str],
    outputs: Callable[[str], Mapping[str, str]],
) -> None:
    """Deploy the stage. `deploy` runs `cdk deploy` with arguments; `outputs` returns those of a deployed stack."""
    if config.edge is None:
        deploy(["--all"])
        return
    core, edge = config.prefix, f"{config.prefix}-Edge"
    deploy(["--all", "--parameters", f"{edge}:OriginVersion={secret_version()}"])
    if config.edge.domain:
        return
    address = f"https://{outputs(edge)['DistributionDomain']}"
    if outputs(core)["PortalOrigin"] != address:
        # The CDK keeps parameters from one deployment to the next.
        deploy([core, "--parameters", f"{core}:PortalOriginParameter={address}"])


def _run_cdk_deploy(stage: str, arguments: Sequence[str]) -> None:
    command = ["npx", "--no-install", "cdk", "deploy", "--require-approval", "broadening", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**tool_environment(), "STAGE": stage}, check=False)
    if done.returncode:
        raise RunnerError(f"`cdk deploy {' '.join(arguments)}` failed; what it says stands above.")


def _read_outputs(config: StageConfig, stack: str) -> Mapping[str, str]:
    client = boto3.client("cloudformation", region_name=config.region)
    (described,) = client.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def main() -> None:
    parser = argparse.ArgumentParser(description="Deploy every stack of a stage.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    config = STAGES[parser.parse_args().stage]
    try:
        roll_out(
            config,
            deploy=lambda arguments: _run_cdk_deploy(config.name, arguments),
            secret_version=lambda: open_secret(config).version(),
            outputs=lambda stack: _read_outputs(config, stack),
        )
    except RunnerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
