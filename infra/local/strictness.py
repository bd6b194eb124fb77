"""What the strict emulator lacks: policies in its own words, and a way to itself where it serves TLS only."""

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

_PREFIX = "http://"


@contextlib.contextmanager
def tls_relay(host: str, certificate: Path) -> Iterator[str]:
    """Run an HTTP proxy on loopback until the block is left, and give its address.

    It asks `host` (`name:port`) by TLS what it is asked to get there by plain HTTP, and leads nowhere else.
    """
    handler = type("_Bound", (_Relay,), {"host": host, "certificate": certificate})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{_PREFIX}127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Relay(BaseHTTPRequestHandler):
    host: str
    certificate: Path

    def do_GET(self) -> None:
        if not self.path.startswith(f"{_PREFIX}{self.host}/"):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        verify = ssl.create_default_context(cafile=self.certificate)
        answer = httpx.get(f"https://{self.path.removeprefix(_PREFIX)}", verify=verify, trust_env=False)
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # The base class's name.
        """Say nothing: what the emulator does is in its own log."""


BATCHES = {
    "sns:Publish": "sns:PublishBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:SendMessage": "sqs:SendMessageBatch",
}
"""The emulator's names, by the action that covers them on AWS."""

NAMELESS = frozenset(
    {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
    }
)
"""Actions whose resource the emulator leaves out."""


def translate_policies(iam: Any) -> None:  # noqa: ANN401  # A client of IAM, for which we keep no types.
    """Say in the emulator's words, in each deployed policy, what its statements allow, and nothing else."""
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        arn, version = policy["Arn"], policy["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        translated = {
            **document,
            "Statement": [part for one in document["Statement"] for part in _translate_statement(one)],
        }
        if translated != document:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(translated), SetAsDefault=True)
            iam.delete_policy_version(PolicyArn=arn, VersionId=version)


def _translate_statement(statement: dict[str, Any]) -> list[dict[str, Any]]:
    named = statement["Action"]
    actions = [named] if isinstance(named, str) else named
    nameless = [action for action in actions if action in NAMELESS]
    rest = [action for action in actions if action not in NAMELESS]
    missing = [BATCHES[action] for action in rest if action in BATCHES and BATCHES[action] not in rest]
    if not nameless and not missing:
        return [statement]
    parts = [{**statement, "Action": nameless, "Resource": "*"}] if nameless else []
    return [*parts, {**statement, "Action": [*rest, *missing]}] if rest else parts
