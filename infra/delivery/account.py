"""Whose credentials these are, and what their account lacks: `python -m infra.delivery.account --stage prod`.

`make account` and `make diff` tell it; `make deploy` goes no further where something is missing.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import StageConfig
from infra.delivery.findings import Account, Finding, Weight, examine
from infra.delivery.named import NAMED
from infra.delivery.prerequisites import PREREQUISITES
from infra.errors import RunnerError
from infra.stages import STAGES


def check(config: StageConfig, caller: Callable[[], str]) -> str:
    """Return the account that a stage would be deployed to. `caller` asks AWS who we are.

    Raises RunnerError where there are no credentials, AWS does not take them, or they are another account's.
    """
    try:
        account = caller()
    except BotoCoreError as error:
        raise RunnerError(
            "AWS could not be asked, most likely for want of credentials: sign in (`aws sso login`), and name the "
            f"profile in AWS_PROFILE. It was: {error}"
        ) from error
    except ClientError as error:
        raise RunnerError(f"AWS does not take these credentials: {error}. Sign in again.") from error
    if config.account not in {None, account}:
        raise RunnerError(
            f"The stage {config.name} is for account {config.account} (infra/stages.py), and these "
            f"credentials are for {account}: choose another AWS_PROFILE, or another STAGE."
        )
    return account


def look_through(account: Account) -> list[Finding]:
    """Return all that stands in a deployment's way or is good to know before it, at once; what is missing first."""
    found = list(examine(account, {**PREREQUISITES, **NAMED}))
    return [one for weight in Weight for one in found if one.weight is weight]


def tell(stage: StageConfig, client: Callable[[str, str], Any], say: Callable[[str], None]) -> bool:
    """Say whose account a stage would be deployed to, and what there is to say of it; return whether it may be.

    Raises RunnerError where it is nobody's account, or another's.
    """
    number = check(stage, lambda: client("sts", stage.region).get_caller_identity()["Account"])
    say(f"Stage {stage.name}, account {number}, region {stage.region}.")
    found = look_through(Account(number, stage, client))
    for one in found:
        say(f"{one.weight}: {one.text}")
    return all(one.weight is not Weight.MISSING for one in found)


def _make_client(service: str, region: str) -> Any:  # noqa: ANN401  # Clients of a dozen services.
    return boto3.client(service, region_name=region)


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell whose account a stage would be deployed to, and what it lacks.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    parser.add_argument("--require", action="store_true", help="fail where something is missing: before a deployment")
    given = parser.parse_args()
    try:
        ready = tell(STAGES[given.stage], _make_client, partial(print, flush=True))
    except RunnerError as error:
        sys.exit(str(error))
    if given.require and not ready:
        sys.exit("Nothing is deployed before what is missing is there.")


if __name__ == "__main__":
    main()
