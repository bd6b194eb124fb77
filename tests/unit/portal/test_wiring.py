"""The portal as AWS runs it: composed from settings, behind API Gateway's HTTP API."""

import asyncio
import base64
import importlib
import sys

import pytest
from mangum import Mangum

from intake.errors import SettingsError
from portal.app import create_app
from portal.wiring import wire
from tests.unit.portal.test_settings import COMPLETE
from tests.wired_portal import settings

ENTRIES = ("portal.asgi", "portal.handler")


@pytest.fixture
def aws(monkeypatch):
    """Give boto3 a region and credentials; nothing here lets it use them."""
    for name, value in (
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ):
        monkeypatch.setenv(name, value)


@pytest.fixture
def entries(monkeypatch):
    """Import the entry modules anew, and forget them afterwards."""
    for name in ENTRIES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ENTRIES:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def event_loop():
    """Mangum makes this thread an event loop where it has none, and nobody would close it."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture
def handler(aws, entries, monkeypatch):
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("portal.handler")


def event(method="GET", path="/", headers=None, cookies=(), body=None):
    """Return a request as API Gateway tells it (payload format version 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "portal.test", "x-forwarded-proto": "https", **(headers or {})},
        "cookies": list(cookies),
        "requestContext": {
            "requestId": "gateway-1",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def test_a_portal_is_wired_without_asking_anybody(aws):
    services = wire(settings(mailbox_queue_url="https://sqs.test/mailbox"))
    assert services.mailbox is not None
    assert create_app(services).state.headers.policy.count("amazonaws.com") == 4


def test_without_a_mailbox_none_is_wired(aws):
    assert wire(settings()).mailbox is None


def test_the_lambda_answers_health(handler):
    answer = handler.handle(event(path="/health"), None)
    assert (answer["statusCode"], answer["body"]) == (200, '{"status":"ok"}')
    assert answer["headers"]["x-request-id"] == "gateway-1"


def test_the_lambda_answers_the_gateway_whether_to_let_a_request_in(handler):
    question = {"version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:::a", "identitySource": ["x"]}
    assert handler.handle(question, None) == {"isAuthorized": False}


def test_with_a_secrets_name_only_the_edge_is_let_in_and_nobody_is_asked_before(aws):
    assert wire(settings()).origin_secret is None
    assert wire(settings(origin_secret="silent-scalper/prod/origin")).origin_secret is not None


def test_a_cold_start_without_settings_says_what_is_missing(aws, entries, monkeypatch):
    for name in COMPLETE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="SCALPER_TABLE"):
        importlib.import_module("portal.asgi")


def test_several_cookies_pass_the_gateway(portal):
    session = portal.session()
    client = portal.visitor()
    portal.put(session, client)
    cookies = [f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar]
    headers = {"origin": "https://portal.test", "x-csrf-token": session.csrf_token}
    answer = Mangum(portal.app, lifespan="off")(event("POST", "/sign-out", headers, cookies), None)
    assert answer["statusCode"] == 303
    assert len(answer["cookies"]) == 4


def test_problems_pass_the_gateway_as_text_and_fonts_as_base64(portal, handler, monkeypatch, tmp_path):
    (tmp_path / "font.woff2").write_bytes(b"\x00\xff")
    monkeypatch.setattr("portal.http.pages.rendering.DIST", tmp_path)
    handle = Mangum(create_app(portal.services), lifespan="off", text_mime_types=handler.TEXT)
    problem, font = handle(event(path="/api/v1/files"), None), handle(event(path="/static/font.woff2"), None)
    assert (problem["statusCode"], problem["isBase64Encoded"]) == (401, False)
    assert (font["statusCode"], font["isBase64Encoded"], base64.b64decode(font["body"])) == (200, True, b"\x00\xff")
