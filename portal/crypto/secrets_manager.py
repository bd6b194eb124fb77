"""Secrets in AWS Secrets Manager (API Reference, GetSecretValue)."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from intake.aws_errors import read_error_code
from portal.crypto.deployment_secrets import PREVIOUS
from portal.errors import SecretUnknownError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

_BUSY = frozenset({"InternalServiceError", "ServiceUnavailable", "ThrottlingException"})


class StoredSecret:
    """One secret, by its name or ARN."""

    def __init__(self, client: "SecretsManagerClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, stage: str) -> str | None:
        """Return the version at a stage, or None where there was no earlier one. Raises SecretUnknownError."""
        try:
            return self._client.get_secret_value(SecretId=self._name, VersionStage=stage)["SecretString"]
        except ClientError as error:
            # That there is no secret at all is a fault of the deployment, and told as such.
            if read_error_code(error) == "ResourceNotFoundException" and stage == PREVIOUS:
                return None
            if read_error_code(error) in _BUSY:
                raise SecretUnknownError("Secrets Manager is busy.") from error
            raise
        except (HTTPClientError, NoConnectionError) as error:
            raise SecretUnknownError("Secrets Manager cannot be reached.") from error
