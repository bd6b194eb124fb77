"""Which other websites' scripts may call the API: those that a stage lists, with tokens and never with cookies."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app

VIEWER = "https://viewer.example.org"
STRANGERS = (
    "https://evil.example",
    "null",
    "https://viewer.example.org.evil.example",
    "https://evilviewer.example.org",
    "http://viewer.example.org",
    "https://viewer.example.org:8443",
    "https://VIEWER.example.org",
    "https://viewer.example.org/",
    "https://viewer.example.org, https://evil.example",
    "",
)
STUDIES = "/dicomweb/studies"


def ask(client, origin, path=STUDIES, method="GET", headers="authorization"):
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return client.options(path, headers=asked)


@pytest.fixture
def opened(portal):
    """A client without a token, of a portal that lets a viewer's website in."""
    settings = portal.services.settings.model_copy(update={"browser_origins": f"{VIEWER} https://ohif.example.org"})
    return TestClient(create_app(replace(portal.services, settings=settings)), base_url=settings.portal_origin)


def test_a_listed_website_may_ask_with_a_token_and_read_what_the_answer_says(opened, portal):
    preflight = ask(opened, VIEWER)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == VIEWER
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert "Origin" in preflight.headers["vary"]
    token = portal.machine().headers["authorization"]
    answer = opened.get(STUDIES, headers={"Origin": VIEWER, "Authorization": token})
    assert answer.headers["access-control-allow-origin"] == VIEWER
    assert {"Warning", "ETag"} <= {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_website_is_let_in(opened, portal, origin):
    assert "access-control-allow-origin" not in ask(opened, origin).headers
    token = portal.machine().headers["authorization"]
    answer = opened.get(STUDIES, headers={"Origin": origin, "Authorization": token})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", [STUDIES, "/api/v1/uploads", "/"])
def test_cookies_never_count_and_pages_are_of_no_other_site(opened, path):
    preflight = ask(opened, VIEWER, path)
    assert "access-control-allow-credentials" not in preflight.headers
    assert ("access-control-allow-origin" in preflight.headers) is (path != "/")


def test_a_listed_website_is_told_why_it_is_refused(opened):
    answer = opened.get(STUDIES, headers={"Origin": VIEWER})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == VIEWER


def test_nobody_is_let_in_where_a_stage_lists_nobody(portal):
    assert "access-control-allow-origin" not in ask(portal.visitor(), VIEWER).headers
