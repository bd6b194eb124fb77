"""Pictures: found, signed for, kept, noted and removed, by the fake as by the bucket; and what has them made."""

import io
import json
import urllib.parse
from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from intake.errors import ContentionError
from intake.files.model import ObjectVersion, now
from intake.renditions import s3 as adapter
from intake.renditions.aws_lambda import LambdaRenderer
from intake.renditions.model import EDGES, NoPreview, RenditionAnswer, RenditionRequest, rendition_key
from intake.renditions.ports import RendererBusyError
from intake.renditions.s3 import NOTE_COUNTS_FOR, S3Renditions
from intake.storage.s3.uploads import SIGNING
from tests.fakes import FakeRenderer, FakeRenditions

REQUEST = RenditionRequest(
    clinic_id="northside",
    file_id="01j-0001",
    stored=ObjectVersion("accepted", "northside/01j/01j-0001", "v1"),
    size=524_288,
    kind="dicom",
    accepted=True,
)
REJECTED = replace(REQUEST, accepted=False)
NEIGHBOUR = replace(REQUEST, file_id="01j-00012")
SMALL, LARGE = EDGES
PICTURES = {SMALL: b"small", LARGE: b"large"}


def open_bucket(aws):
    client = aws.client("s3", config=SIGNING)
    client.create_bucket(Bucket="renditions")
    return S3Renditions(client, "renditions")


@pytest.fixture
def renditions(either):
    return either(FakeRenditions, open_bucket)


def test_of_a_file_that_nobody_drew_nothing_is_kept(renditions):
    assert renditions.find(REQUEST, SMALL) is None


def test_what_was_put_is_found_by_its_edge_and_in_its_own_state_only(renditions):
    renditions.put(REQUEST, {SMALL: b"small"})
    assert renditions.find(REQUEST, SMALL) == RenditionAnswer(media_type="image/webp")
    assert renditions.find(REQUEST, LARGE) is None
    assert renditions.find(REJECTED, SMALL) is None
    assert renditions.find(NEIGHBOUR, SMALL) is None


@pytest.mark.parametrize("reason", NoPreview)
def test_a_note_tells_why_there_is_no_picture(renditions, reason):
    renditions.put_note(REQUEST, reason)
    assert [renditions.find(REQUEST, edge) for edge in EDGES] == [RenditionAnswer(reason=reason)] * 2


def test_a_note_counts_for_as_long_as_it_says(renditions, monkeypatch):
    renditions.put_note(REQUEST, NoPreview.UNKNOWN_FORMAT)
    later = now() + NOTE_COUNTS_FOR
    monkeypatch.setattr(adapter, "now", lambda: later)
    renditions.clock = lambda: later
    assert renditions.find(REQUEST, SMALL) is None


def test_a_picture_that_was_made_after_all_is_found_before_an_older_note(renditions):
    renditions.put_note(REQUEST, NoPreview.TOO_SLOW)
    renditions.put(REQUEST, PICTURES)
    assert renditions.find(REQUEST, LARGE) == RenditionAnswer(media_type="image/webp")


def test_all_of_a_file_is_removed_and_nothing_of_its_neighbours(renditions):
    renditions.remove(REQUEST.clinic_id, REQUEST.file_id)
    for request in (REQUEST, REJECTED, NEIGHBOUR):
        renditions.put(request, PICTURES)
        renditions.put_note(request, NoPreview.TOO_SLOW)
    renditions.remove(REQUEST.clinic_id, REQUEST.file_id)
    assert [renditions.find(request, edge) for request in (REQUEST, REJECTED) for edge in EDGES] == [None] * 4
    assert renditions.find(NEIGHBOUR, SMALL) is not None


def test_a_signed_address_is_that_of_the_picture_alone(renditions):
    url = urllib.parse.urlsplit(renditions.sign(REQUEST, LARGE))
    assert url.path == f"/{rendition_key(REQUEST, LARGE)}"
    assert "X-Amz-Signature" in urllib.parse.parse_qs(url.query)


def test_a_link_is_good_for_five_minutes_and_the_picture_is_for_its_browser_alone(aws):
    renditions = open_bucket(aws)
    renditions.put(REQUEST, PICTURES)
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(renditions.sign(REQUEST, SMALL)).query)
    assert asked["X-Amz-Expires"] == ["300"]
    kept = aws.client("s3").head_object(Bucket="renditions", Key=rendition_key(REQUEST, SMALL))
    assert (kept["ContentType"], kept["CacheControl"]) == ("image/webp", "private, max-age=300")
    assert kept["Metadata"] == {}


def test_what_is_not_about_a_missing_object_is_raised(aws):
    with pytest.raises(ClientError):
        S3Renditions(aws.client("s3"), "nowhere").put_note(REQUEST, NoPreview.CRASHED)


@pytest.mark.parametrize("method", ["head_object", "get_object"])
def test_a_refusal_is_not_taken_for_an_absence(aws, method):
    client = aws.client("s3")
    with Stubber(client) as stub:
        if method == "get_object":
            stub.add_client_error("head_object", "404")
        stub.add_client_error(method, "AccessDenied" if method == "get_object" else "403")
        with pytest.raises(ClientError):
            S3Renditions(client, "renditions").find(REQUEST, SMALL)


def test_pictures_that_would_not_go_are_removed_by_another_try(aws):
    client = aws.client("s3")
    with Stubber(client) as stub:
        stub.add_response("delete_objects", {"Errors": [{"Key": "accepted/x", "Code": "InternalError"}]})
        with pytest.raises(ContentionError):
            S3Renditions(client, "renditions").remove("northside", "x")


# The renderer.


@pytest.fixture
def client():
    return boto3.client("lambda", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


def ask(client, answer=None, *, code="", status=429, **more):
    with Stubber(client) as stub:
        if code:
            stub.add_client_error("invoke", code, http_status_code=status)
        else:
            body = json.dumps(answer).encode()
            said = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body)), **more}
            stub.add_response("invoke", said, {"FunctionName": "renderer", "Payload": REQUEST.to_json().encode()})
        return LambdaRenderer(lambda: client, "renderer").render(REQUEST)


@pytest.mark.parametrize(
    "answer",
    [
        RenditionAnswer(),
        RenditionAnswer(reason=NoPreview.TOO_LARGE),
        RenditionAnswer(image=b"x", media_type="image/png"),
    ],
)
def test_the_function_is_asked_and_its_answer_read(client, answer):
    assert ask(client, answer.to_dict()) == answer


@pytest.mark.parametrize(
    ("code", "status"), [("TooManyRequestsException", 429), ("ServiceException", 500), ("EC2ThrottledException", 502)]
)
def test_one_that_takes_no_more_is_busy(client, code, status):
    with pytest.raises(RendererBusyError):
        ask(client, code=code, status=status)


def test_one_that_failed_is_busy_and_nothing_is_said_of_the_file(client):
    with pytest.raises(RendererBusyError):
        ask(client, {"errorMessage": "Task timed out"}, FunctionError="Unhandled")


def test_one_that_may_not_be_asked_is_told(client):
    with pytest.raises(ClientError):
        ask(client, code="AccessDeniedException", status=403)


def test_one_that_does_not_answer_is_busy(client, monkeypatch):
    def time_out(**_):
        raise ReadTimeoutError(endpoint_url="https://lambda.test")

    monkeypatch.setattr(client, "invoke", time_out)
    with pytest.raises(RendererBusyError):
        LambdaRenderer(lambda: client, "renderer").render(REQUEST)


def test_the_fake_keeps_what_it_made_answers_a_view_and_refuses_as_the_function_does():
    renderer = FakeRenderer()
    assert renderer.render(REQUEST) == RenditionAnswer()
    assert renderer.renditions.find(REQUEST, LARGE) is not None
