"""The secret by which the API knows the edge: made once by `make bootstrap`, rotated by hand, in no template.

`python -m infra.edge.origin_secret --stage prod` makes it where there is none and tells its current version; `--rotate`
puts another in its place, and the old one is still admitted; `--retire` ends that (docs/runbook.md).
"""

import argparse
import secrets
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from infra.config import StageConfig
from infra.errors import RunnerError
from infra.stages import STAGES

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

HEADER = "x-origin-verify"
"""With it CloudFront sends the secret, and in it the portal looks for it (`portal/crypto/origin_secret.py`)."""

_BYTES = 32
_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class StageSecret:
    """One stage's secret in Secrets Manager. Its value is never shown."""

    def __init__(self, client: "SecretsManagerClient", config: StageConfig) -> None:
        self._client = client
        self._name = secret_name(config)
        self._stage = config.name

    def ensure(self) -> str:
        """Make the secret unless there is one, and return the id of its current version."""
        return (
            self._find_version(_CURRENT)
            or self._client.create_secret(
                Name=self._name,
                Description="Sent by CloudFront with each request, so that the API lets in nothing else.",
                SecretString=secrets.token_urlsafe(_BYTES),
                Tags=[{"Key": "project", "Value": "silent-scalper"}, {"Key": "stage", "Value": self._stage}],
            )["VersionId"]
        )

    def rotate(self) -> str:
        """Put a new value in place of the current one, which is admitted until it is retired; return the version.

        Raises RunnerError where there is no secret.
        """
        self.version()
        value = secrets.token_urlsafe(_BYTES)
        return self._client.put_secret_value(SecretId=self._name, SecretString=value)["VersionId"]

    def retire(self) -> None:
        """Forget the value before the current one: within an hour, nobody admits it any more."""
        old = self._find_version(_PREVIOUS)
        if old:
            self._client.update_secret_version_stage(
                SecretId=self._name, VersionStage=_PREVIOUS, RemoveFromVersionId=old
            )

    def version(self) -> str:
        """Return the id of the current version. Raises RunnerError where there is no secret."""
        current = self._find_version(_CURRENT)
        if not current:
            raise RunnerError(f"There is no secret {self._name}: run `make bootstrap STAGE={self._stage}` first.")
        return current

    def _find_version(self, label: str) -> str:
        try:
            stages = self._client.describe_secret(SecretId=self._name)["VersionIdsToStages"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return ""
        return next((version for version, labels in stages.items() if label in labels), "")


def secret_name(config: StageConfig) -> str:
    return f"silent-scalper/{config.name}/origin"


def open_secret(config: StageConfig) -> StageSecret:
    """Return the secret in the account of the current credentials and the stage's region."""
    return StageSecret(boto3.client("secretsmanager", region_name=config.region), config)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make, rotate or retire the secret that the edge sends.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rotate", action="store_true", help="put another in its place; `make deploy` brings it out")
    what.add_argument("--retire", action="store_true", help="admit the old one no longer, after that")
    given = parser.parse_args()
    config = STAGES[given.stage]
    if config.edge is None:
        print(f"The stage {config.name} has no edge, and needs no secret.")
        return
    secret = open_secret(config)
    if given.retire:
        secret.retire()
        print(f"{secret_name(config)} has one value now; within an hour, no other is admitted.")
        return
    version = secret.rotate() if given.rotate else secret.ensure()
    print(f"{secret_name(config)} is at version {version}.")


if __name__ == "__main__":
    main()
