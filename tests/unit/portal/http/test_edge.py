"""The portal behind an edge: what carries the secret is served, and everything else refused, whatever its path."""

import json
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from portal.crypto.deployment_secrets import ORIGIN_HEADER, OriginSecret
from portal.errors import EdgeUnknownError
from portal.http.edge import asks_for_authorization, authorize
from tests.unit.portal.portal_fixture import partner_token

SECRET = "s3cret-of-the-edge"
CF_ID = "BbLD8lEoVd7E1xx9bI5V_0RdHQ2l5LgAhhStLM-bbQWFJKeepKmzcA=="
PATHS = ["/", "/health", "/api/docs", "/api/openapi.json", "/api/v1/files", "/static/none.css", "/dicomweb/studies"]


def stored(stage):
    return {"AWSCURRENT": SECRET}.get(stage)


def unreachable(_stage):
    raise EdgeUnknownError("unreachable")


@pytest.fixture
def behind(portal):
    """Return programs of a portal behind an edge, with headers of one's choice."""

    def visitor(headers=(), read=stored):
        app = create_app(replace(portal.services, origin_secret=OriginSecret(read)))
        client = TestClient(app, base_url=portal.origin, follow_redirects=False)
        client.headers = [*client.headers.items(), *headers]  # As a list: one name may come twice.
        return client

    return visitor


@pytest.mark.parametrize("path", PATHS)
def test_without_the_secret_no_path_is_served(behind, path):
    answer = behind([("authorization", f"Bearer {partner_token()}")]).get(path)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "not-by-edge")
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_with_it_each_path_answers_as_ever(behind, portal, path):
    headers = {"authorization": f"Bearer {partner_token()}"}
    answer = behind([(ORIGIN_HEADER, SECRET), *headers.items()]).get(path)
    assert answer.status_code == portal.visitor().get(path, headers={**headers, "accept": "*/*"}).status_code != 403


@pytest.mark.parametrize(
    "value", ["", "x", SECRET[:-1], f"{SECRET},{SECRET}", f"{SECRET} x", "x" * 65_536, b"\xc3\xa9\xff"]
)
def test_what_is_not_the_secret_is_refused(behind, value):
    assert behind([(ORIGIN_HEADER, value)]).get("/health").status_code == 403


def test_a_header_that_comes_twice_is_refused(behind):
    assert behind([(ORIGIN_HEADER, SECRET), (ORIGIN_HEADER, SECRET)]).get("/health").status_code == 403


def test_a_refusal_is_logged_and_carries_the_security_headers(behind, log_lines):
    answer = behind().get("/health?patient=DOE")
    assert answer.headers["content-security-policy"]
    (line,) = log_lines()
    assert (line["status"], line["request_id"]) == (403, answer.headers["x-request-id"])
    assert "DOE" not in json.dumps(line)


def test_a_body_is_not_read_before_the_refusal(behind):
    assert behind().post("/api/v1/uploads", content=b"x" * 5_000_000).status_code == 403


def test_a_browser_is_refused_in_words(behind):
    page = behind([("accept", "text/html")]).get("/")
    assert (page.status_code, "This is not the way in" in page.text) == (403, True)


def test_while_the_secret_cannot_be_read_requests_are_asked_to_come_again(behind):
    answer = behind([(ORIGIN_HEADER, SECRET)], unreachable).get("/health")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ([(ORIGIN_HEADER, SECRET), ("x-amz-cf-id", CF_ID)], CF_ID),
        ([("x-amz-cf-id", CF_ID)], None),
        ([(ORIGIN_HEADER, SECRET), ("x-amz-cf-id", "DOE^JANE and whatever else")], None),
    ],
)
def test_the_edges_id_of_a_request_is_logged_only_where_the_edge_vouches_for_it(behind, log_lines, headers, kept):
    behind(headers).get("/health")
    (line,) = log_lines()
    assert line.get("edge_request_id") == kept


def question(*shown):
    """Return what the gateway asks (payload format version 2.0)."""
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:abcdef/$default/GET/",
        "identitySource": list(shown),
        "headers": {ORIGIN_HEADER: "something else"},
    }


@pytest.mark.parametrize(
    ("shown", "authorized"),
    [
        ((SECRET,), True),
        ((), False),
        (("",), False),
        ((f"{SECRET},{SECRET}",), False),
        ((SECRET, SECRET), False),
        (("é",), False),
        (("\ud800",), False),
        ((None,), False),
        (("x" * 10_000,), False),
    ],
)
def test_the_gateway_is_told_whether_it_shall_let_a_request_in(shown, authorized):
    assert authorize(question(*shown), OriginSecret(stored)) == {"isAuthorized": authorized}


def test_where_there_is_no_edge_the_gateway_is_told_no():
    assert authorize(question(SECRET), None) == {"isAuthorized": False}


def test_an_answer_that_nobody_knows_is_an_error_which_the_gateway_does_not_keep():
    with pytest.raises(EdgeUnknownError):
        authorize(question(SECRET), OriginSecret(unreachable))


def test_requests_are_not_taken_for_questions():
    assert asks_for_authorization(question())
    assert not asks_for_authorization({"version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}})
    assert not asks_for_authorization({"type": "REQUEST"})
