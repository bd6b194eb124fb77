"""What every response carries, and what every unsafe request must."""

import json

import pytest

from portal.http.request_bounds import MAX_BODY
from tests.unit.portal.portal_fixture import Portal

EVERYWHERE = ["/", "/health", "/api/docs", "/api/openapi.json", "/api/v1/files", "/static/none.css", "/nowhere"]


def directives(response):
    policy = response.headers["content-security-policy"]
    return {name: sources.split() for name, _, sources in (part.partition(" ") for part in policy.split("; "))}


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_carries_the_security_headers(portal, path):
    headers = portal.visitor().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["x-request-id"]


def test_the_content_policy_lets_nothing_run_that_is_not_ours(portal):
    policy = directives(portal.visitor().get("/"))
    assert "unsafe" not in json.dumps(policy)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]


def test_browsers_may_send_bytes_to_the_buckets_and_sign_out_at_the_managed_login(portal):
    policy = directives(portal.visitor().get("/"))
    assert set(policy["connect-src"]) == {"'self'", "https://incoming.s3.test", "https://accepted.s3.test"}
    assert policy["form-action"] == ["'self'", "https://sign-in.test"]


def test_plain_http_on_localhost_is_not_told_to_upgrade():
    headers = Portal(origin="http://localhost:8000").visitor().get("/").headers
    assert "strict-transport-security" not in headers


def test_a_form_is_accepted_with_its_csrf_token(portal):
    client = portal.browser()
    token = client.headers.pop("x-csrf-token")
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303


def test_a_script_is_accepted_with_its_csrf_token(portal):
    assert portal.browser().post("/sign-out").status_code == 303


@pytest.mark.parametrize("token", ["", "x" * 64, "é"])
def test_without_the_sessions_token_nothing_unsafe_happens(portal, token):
    client = portal.browser()
    del client.headers["x-csrf-token"]
    for response in (
        client.post("/sign-out"),
        client.post("/sign-out", headers={"x-csrf-token": token.encode()}),
        client.post("/sign-out", data={"csrf_token": token}),
        client.post("/sign-out", json={"csrf_token": token}),
    ):
        assert response.status_code == 403
    assert portal.pool.revoked == []


def test_another_sessions_token_is_of_no_use(portal):
    client = portal.browser()
    client.headers["x-csrf-token"] = portal.session().csrf_token
    assert client.post("/sign-out").status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://portal.test.evil.example", "http://portal.test"]
)
def test_another_sites_request_is_refused_even_with_the_token(portal, origin):
    assert portal.browser().post("/sign-out", headers={"origin": origin}).status_code == 403
    assert portal.pool.revoked == []


def test_a_request_that_hides_its_origin_is_refused(portal):
    client = portal.browser()
    del client.headers["origin"]
    assert client.post("/sign-out").status_code == 403


def test_the_rest_api_takes_no_cookies(portal):
    assert portal.browser().get("/api/v1/files").status_code == 401


@pytest.mark.parametrize("headers", [{}, {"transfer-encoding": "chunked"}])
def test_a_body_that_is_too_large_is_not_read(portal, headers):
    def body():
        for _ in range(MAX_BODY // 65536 + 1):
            yield b" " * 65536

    sent = body() if headers else b"".join(body())
    response = portal.machine().post("/api/v1/uploads", content=sent, headers={"content-type": "application/json"})
    assert response.status_code == 413
    assert response.json()["type"].endswith("/body-too-large")


def test_pages_and_answers_are_kept_by_no_cache(portal):
    for client, path in ((portal.browser(), "/files"), (portal.machine(), "/api/v1/files")):
        assert client.get(path).headers["cache-control"] == "no-store"
