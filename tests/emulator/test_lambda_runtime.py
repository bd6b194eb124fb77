"""The built bundles, run as Lambda runs them: each function of the template, in Lambda's own loop, from a code folder
that nobody may write to, with the environment that its template gives it."""

import base64
import gzip
import json
import uuid
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from infra.build.bundle import EMULATOR, build
from infra.local.clients import function_environment, other_client
from intake.files.item_keys import file_key
from intake.files.states import State
from intake.messaging.events import Arrival, notification
from tests.dicom_files import ct_slice, uid
from tests.emulator.lambda_runtime import INIT_S, MOST_BYTES, Environment, read_only
from tests.emulator.partner import PartnerClient
from tests.emulator.stacks import eventually
from tests.emulator.test_exactly_once import Lane

pytestmark = pytest.mark.emulator
pytest.importorskip("awslambdaric", reason="LAMBDA'S LOOP RUNS ON LINUX ONLY")

NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
"""Where nobody answers: an event that is answered all the same asked nobody."""

SILENT = "runtime-incoming"


def http_event(path, *, method="GET", query="", body=None, **headers):
    """Return a request as API Gateway's HTTP API hands it over (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }


def sqs_event(**bodies):
    return {
        "Records": [
            {
                "messageId": message_id,
                "receiptHandle": "handle",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:main",
                "awsRegion": "us-east-1",
            }
            for message_id, body in bodies.items()
        ]
    }


def stream_event(*images):
    """Return changes of the table that left these items, as a function that follows its stream is told of them."""
    return {
        "Records": [
            {
                "eventID": str(number),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s",
                "dynamodb": {
                    "Keys": {"pk": image["pk"], "sk": image["sk"]},
                    "NewImage": image,
                    "SequenceNumber": str(number),
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
            for number, image in enumerate(images)
        ]
    }


def rotation(step, of="portal", version="11111111-2222-4333-8444-555555555555"):
    return {"Step": step, "SecretId": of, "ClientRequestToken": version}


CLINIC = {"pk": {"S": "CLINIC#northside"}, "sk": {"S": "#CLINIC"}, "name": {"S": "x"}}
NOTHING_FAILED = {"batchItemFailures": []}
QUIET = {
    "JudgeFunction": (sqs_event(test={"Service": "Amazon S3", "Event": "s3:TestEvent"}), NOTHING_FAILED),
    "ProjectorFunction": (stream_event(CLINIC), NOTHING_FAILED),
    "ExporterFunction": (stream_event(CLINIC), NOTHING_FAILED),
    "RendererFunction": ({"Records": []}, NOTHING_FAILED),
    "SweepFunction": (rotation("testSecret"), {"swept": False}),
    "PortalFunction": (http_event("/health"), '{"status":"ok"}'),
}
"""An event for each function that it answers without asking anybody, and what it answers."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Return the folder of a bundle, unpacked once."""
    folders = {}

    def unpack(bundle):
        if bundle not in folders:
            folders[bundle] = tmp_path_factory.mktemp(bundle)
            with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
                archive.extractall(folders[bundle])
        return folders[bundle]

    return unpack


@pytest.fixture
def start(stack, unpacked, tmp_path):
    """Return a context manager that starts a function of the deployed template and, at its end, shuts it down."""

    @contextmanager
    def start(function, **settings):
        name = stack.outputs[function]
        handler = stack.clients.functions.get_function_configuration(FunctionName=name)["Handler"]
        told = {**function_environment(stack.clients, stack.at, name), **settings}
        scratch = tmp_path / function
        scratch.mkdir()
        code = unpacked("render" if handler == "processor.handlers.render.handle" else handler.partition(".")[0])
        with read_only(code), Environment(code, handler, told, scratch) as running:
            yield running

    return start


def read_body(answer):
    body = answer["body"].encode()
    body = base64.b64decode(body) if answer["isBase64Encoded"] else body
    return gzip.decompress(body) if answer["headers"].get("content-encoding") == "gzip" else body


def test_every_function_of_the_template_is_run_here(stack):
    # Whoever rebuilds asks the table first, whatever wakes it.
    assert {name for name in stack.outputs if name.endswith("Function")} == {*QUIET, "RebuildFunction"}


def test_whoever_rebuilds_is_woken_by_an_empty_event_and_finds_no_work(start):
    with start("RebuildFunction") as running:
        assert running.wait_until_ready() < INIT_S
        assert [running.invoke({}).read() for _ in ("cold", "warm")] == [{"left": 0}] * 2


@pytest.mark.parametrize("function", QUIET)
def test_a_function_starts_in_time_answers_without_a_network_and_ends_when_told(start, unpacked, function):
    event, expected = QUIET[function]
    bundle = "portal" if function == "PortalFunction" else "processor"
    before = sorted(unpacked(bundle).rglob("*"))
    with start(function, **NOWHERE) as running:
        assert running.wait_until_ready() < INIT_S
        for _ in ("cold", "warm"):
            answer = running.invoke(event)
            assert (answer.kind, answer.taken) == ("response", True), running.output
            read = answer.read()
            assert (read["body"] if bundle == "portal" else read) == expected
        said = running.output
        # No handler of ours stands in the signal's way, and none has anything left to say.
        assert running.shut_down() == -15
        assert running.output == said
    assert "Traceback" not in said
    assert sorted(unpacked(bundle).rglob("*")) == before
    assert list(running.files.iterdir()) == []


def test_what_a_function_cannot_do_is_an_error_with_words_and_the_next_event_is_taken(start):
    with start("SweepFunction", **NOWHERE) as running:
        failed = running.invoke(rotation("createSecret"))
        assert (failed.kind, failed.read()["errorType"]) == ("error", "EndpointConnectionError")
        assert running.invoke(rotation("testSecret")).kind == "response"


def test_a_function_without_its_settings_says_at_its_start_which_is_missing(start):
    with start("PortalFunction", SCALPER_TABLE="") as running:
        failed = running.wait_for_answer()
        assert failed.kind == "init error"
        assert "SCALPER_TABLE" in failed.read()["errorMessage"]


@pytest.mark.plain("a role may read its own buckets only, and rotate the portal's secret only")
def test_the_judge_judges_what_has_arrived_and_names_the_message_that_it_cannot_read(stack, start):
    lane = Lane(stack)
    stack.clients.s3.create_bucket(Bucket=SILENT)
    stack.clients.s3.put_bucket_versioning(Bucket=SILENT, VersioningConfiguration={"Status": "Enabled"})
    (file,) = lane.reserve(1, bucket=SILENT)
    data = ct_slice(study=uid("runtime"), series=uid("runtime", 1), sop=uid("runtime", 1, 1))
    stored = stack.clients.s3.put_object(Bucket=SILENT, Key=file.incoming.key, Body=data)
    arrival = Arrival(replace(file.incoming, version_id=stored["VersionId"]), datetime.now(UTC))
    with start("JudgeFunction") as running:
        answer = running.invoke(sqs_event(good=notification(arrival), strange={"of": "no kind"}))
        assert answer.read() == {"batchItemFailures": [{"itemIdentifier": "strange"}]}, running.output
        assert lane.states([file]) == {State.ACCEPTED: 1}
        metrics = [json.loads(line) for line in running.output.splitlines() if '"_aws"' in line]
    assert any("Accepted" in json.dumps(line) for line in metrics), metrics
    key = {name: {"S": value} for name, value in file_key(file.file_id).items()}
    item = stack.clients.dynamodb.get_item(TableName=stack.outputs["Table"], Key=key)["Item"]
    for follower in ("ProjectorFunction", "ExporterFunction"):
        with start(follower) as running:
            assert running.invoke(stream_event(item)).read() == NOTHING_FAILED, running.output


def test_the_sweep_takes_the_schedules_event(start):
    with start("SweepFunction") as running:
        # The schedule's own sweep may be at it, and it is one at a time.
        eventually(lambda: running.invoke({"source": "aws.scheduler"}).read() == {"swept": True}, within_s=60)


@pytest.mark.plain("a role may read its own buckets only, and rotate the portal's secret only")
def test_the_sweep_rotates_a_secret(stack, start):
    manager = other_client("secretsmanager", stack.at)
    secret = manager.create_secret(Name=f"runtime-{uuid.uuid4()}", SecretString="first")["ARN"]
    version = str(uuid.uuid4())
    with start("SweepFunction") as running:
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            answer = running.invoke(rotation(step, secret, version))
            assert answer.read() == {"swept": False}, running.output
    assert manager.get_secret_value(SecretId=secret)["VersionId"] == version
    assert manager.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")["SecretString"] == "first"


def test_the_portal_answers_a_partner_and_refuses_the_largest_event_in_words(start, partner_token):
    asked = {"authorization": f"Bearer {partner_token}"}
    with start("PortalFunction") as running:
        listed = running.invoke(http_event("/api/v1/files", **asked)).read()
        assert listed["statusCode"] == 200, running.output
        assert "files" in json.loads(read_body(listed))
        whole = http_event("/api/v1/uploads", method="POST", content_type="application/json", body=b"", **asked)
        room = (MOST_BYTES - len(json.dumps(whole))) // 4 * 3
        refused = running.invoke(whole | {"body": base64.b64encode(b" " * room).decode()}).read()
        assert refused["statusCode"] == 413
        assert json.loads(refused["body"])["type"].endswith("/body-too-large")


def test_an_answer_that_lambda_would_not_carry_is_refused_in_words_and_carried_when_it_is_packed(
    stack, start, api_url, partner_token
):
    # A name of quotes is the worst: a CSV doubles each, and JSON puts a backslash before every one.
    names = [f"{number}/" + "/".join(['"' * 250] * 4) for number in range(1700)]
    with PartnerClient(api_url, partner_token) as partner:
        upload_id = None
        for first in range(0, len(names), 425):
            declared = {"files": [{"name": name, "size": 1} for name in names[first : first + 425]]}
            address = f"/api/v1/uploads/{upload_id}/files" if upload_id else "/api/v1/uploads"
            answer = partner.http.post(address, json=declared)
            assert answer.status_code == 201, answer.text
            upload_id = upload_id or answer.json()["upload_id"]
    path = f"/api/v1/uploads/{upload_id}/receipt"
    asked = {"authorization": f"Bearer {partner_token}", "accept": "text/csv"}
    with start("PortalFunction") as running:
        refused = running.invoke(http_event(path, **asked))
        assert (refused.kind, refused.taken) == ("response", True), (len(refused.body), running.output)
        assert refused.read()["statusCode"] == 413
        problem = json.loads(refused.read()["body"])
        assert problem["type"].endswith("/message-too-large")
        assert "gzip" in problem["instead"]
        packed = running.invoke(http_event(path, accept_encoding="gzip", **asked))
        assert packed.taken
        assert read_body(packed.read()).decode("utf-8-sig").count("\r\n") == 1 + len(names)
