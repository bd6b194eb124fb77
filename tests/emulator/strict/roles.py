"""The deployed functions' roles, in the tests' hands, and the names of what they may be tried on."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.aws import role_session
from infra.emulator import REGION, Endpoint
from infra.local import LocalStack

FUNCTIONS = {
    "judge": "JudgeFunction",
    "projector": "ProjectorFunction",
    "sweep": "SweepFunction",
    "portal": "PortalFunction",
}
"""Names of outputs."""

REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
"""How S3 and STS, the JSON services, and SNS say that a policy forbids something (their API references, "Common
Errors")."""


class Caller:
    """Whoever calls: by some credentials, each call once. Root where none are given."""

    def __init__(self, at: Endpoint, credentials: Mapping[str, str] | None = None) -> None:
        environment = {**at.environment(), **(credentials or {})}
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        self._session = boto3.Session(*(environment.get(name) for name in names), region_name=REGION)
        self._at = at
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        config = Config(proxies={}, retries={"total_max_attempts": 1})
        return self._session.client(
            service, endpoint_url=self._at.url, verify=str(self._at.certificate), config=config
        )


class Role(Caller):
    """One of the deployed roles."""

    def __init__(self, stack: LocalStack, function: str) -> None:
        self.arn = stack.clients.functions.get_function_configuration(FunctionName=function)["Role"]
        self.name = self.arn.rpartition("/")[2]
        self.credentials = role_session(stack.at, self.arn)
        super().__init__(stack.at, self.credentials)


def refusal(call: Any) -> str | None:
    """Make a call, and return the code by which it was refused: None where a policy allowed it."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return code if code in REFUSALS else None
    return None
