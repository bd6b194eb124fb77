"""Rotates the portal's secret, as Secrets Manager asks in four steps (User Guide, "Lambda rotation functions").

The sweep does it and cannot read what it writes: nothing has to be told of a new key but that there is one, since the
portal reads the secret anew and keeps to the version before it as well.
"""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

_BYTES = 48
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


class KeyRotation:
    """The steps. Each may come twice."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        self._client = client

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one step. Setting and testing are of secrets that somebody else has to be told; here there is nobody."""
        secret, version = event["SecretId"], event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            value = secrets.token_urlsafe(_BYTES)
            try:
                self._client.put_secret_value(
                    SecretId=secret, ClientRequestToken=version, SecretString=value, VersionStages=[_PENDING]
                )
            except ClientError as error:
                # The step came before: its value stays.
                if read_error_code(error) != "ResourceExistsException":
                    raise
        elif event["Step"] == "finishSecret":
            stages = self._client.describe_secret(SecretId=secret)["VersionIdsToStages"]
            current = next(one for one, labels in stages.items() if _CURRENT in labels)
            if current != version:
                self._client.update_secret_version_stage(
                    SecretId=secret, VersionStage=_CURRENT, MoveToVersionId=version, RemoveFromVersionId=current
                )


def asks_for_rotation(event: Mapping[str, Any]) -> bool:
    """Tell a step of Secrets Manager from the schedule's event."""
    return {"Step", "SecretId", "ClientRequestToken"} <= event.keys()
