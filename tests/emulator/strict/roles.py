"""The deployed functions' roles, in the tests' hands, and the names of what they may be tried on."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.clients import role_session
from infra.local.emulator import REGION, Endpoint
from infra.local.stack import LocalStack

FUNCTIONS = {
    "judge": "JudgeFunction",
    "projector": "ProjectorFunction",
    "sweep": "SweepFunction",
    "renderer": "RendererFunction",
    "portal": "PortalFunction",
}
"""Names of outputs."""

REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
"""How S3 and STS, the JSON services, and SNS say that a policy forbids something (their API references, "Common
Errors")."""


_SESSION = boto3.Session()
"""One for all callers, because it reads each service's description once."""


class Caller:
    """Whoever calls: by some credentials, each call once. Root where none are given."""

    def __init__(self, at: Endpoint, credentials: Mapping[str, str] | None = None) -> None:
        environment = {**at.environment(), **(credentials or {})}
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        self._credentials = {name.lower(): environment.get(name) for name in names}
        self._at = at
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        signature = {"signature_version": "s3v4"} if service == "s3" else {}
        config = Config(proxies={}, retries={"total_max_attempts": 1}, **signature)
        where = {"endpoint_url": self._at.url, "region_name": REGION, "verify": str(self._at.certificate)}
        return _SESSION.client(service, **where, **self._credentials, config=config)


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
