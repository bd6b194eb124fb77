"""Whose credentials these are, before AWS is asked for anything: `python -m infra.delivery.account --stage prod`."""

import argparse
import sys
from collections.abc import Callable

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import StageConfig
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


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell whose account a stage would be deployed to.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    config = STAGES[parser.parse_args().stage]
    try:
        account = check(config, lambda: boto3.client("sts", region_name=config.region).get_caller_identity()["Account"])
    except RunnerError as error:
        sys.exit(str(error))
    print(f"Stage {config.name}, account {account}, region {config.region}.", flush=True)  # noqa: T201  A command says.


if __name__ == "__main__":
    main()
