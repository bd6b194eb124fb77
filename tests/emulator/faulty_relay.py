"""A server on loopback that stands between a function and one service of the emulator, and fails when it is told to."""

import http.client
import json
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.emulator.loopback_server import LoopbackServer
from tests.waiting import until

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True)
class Request:
    """A request to the service, as faults choose by it."""

    method: str
    path: str
    operation: str
    """DynamoDB's, such as `TransactWriteItems`; S3 names none."""
    body: bytes = b""


Fault = Callable[[Request], bool]


class FaultyRelay(LoopbackServer):
    """`fails` says which requests are refused, with the service's own answer for a moment's trouble."""

    def __init__(self, upstream: str, service: str) -> None:
        self.upstream, self.service = urlsplit(upstream), service
        self.fails: Fault = lambda request: False
        self.refused: list[Request] = []

    def refusal(self, request: Request) -> tuple[int, str, bytes]:
        """Return status, media type and body: Amazon S3 API Reference, "Error responses"; DynamoDB Developer Guide,
        "Error handling"; of a stream, a page that is empty (DynamoDB API Reference, GetRecords)."""
        if self.service == "s3":
            told = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            return 503, "application/xml", told.encode()
        if self.service == "dynamodb_streams":
            page = {"Records": [], "NextShardIterator": json.loads(request.body)["ShardIterator"]}
            return 200, "application/x-amz-json-1.0", json.dumps(page).encode()
        kind = "com.amazonaws.dynamodb.v20120810#ThrottlingException"
        return 400, "application/x-amz-json-1.0", json.dumps({"__type": kind, "message": "Throttled."}).encode()


@contextmanager
def troubled(stack, *services, function="JudgeFunction"):
    """Run a deployed function behind relays, one for each service, until the block is left."""
    functions, name = stack.clients.functions, stack.outputs[function]
    usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    relays = {service: FaultyRelay(stack.endpoint, service) for service in services}
    try:
        for relay in relays.values():
            relay.__enter__()
        there = {f"AWS_ENDPOINT_URL_{service.upper()}": relay.url for service, relay in relays.items()}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**usual, **there}})
        yield relays
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": usual})
        until(lambda: _is_idle(stack), "the judge's last message behind the relays", 60)
        for relay in relays.values():
            relay.__exit__()


def _is_idle(stack):
    attributes = stack.clients.sqs.get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=["All"])
    return attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        relay = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        request = Request(self.command, self.path, operation, body)
        if relay.fails(request):
            relay.refused.append(request)
            self._answer(*relay.refusal(request))
            return
        with closing(http.client.HTTPConnection(str(relay.upstream.hostname), relay.upstream.port, timeout=60)) as at:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            at.request(self.command, self.path, body, headers)
            self._pass_on(at.getresponse())

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - The server finds methods by these names.

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _pass_on(self, response: http.client.HTTPResponse) -> None:
        content = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


FaultyRelay.handler = _Handler
