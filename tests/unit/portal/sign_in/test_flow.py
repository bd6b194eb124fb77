"""Signing in at the managed login, and out again."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.sign_in.cookies import ATTEMPT_SECONDS
from portal.sign_in.flow import Tokens, check_next
from tests.unit.portal.pool import WEB_CLIENT, access_token, id_token
from tests.unit.portal.portal_fixture import Portal, cookie_value, set_cookies
from tests.wired_portal import ORIGIN, SIGN_IN_URL

ATTEMPT = "__Host-scalper-attempt"


def begun(client, path="/sign-in"):
    """Begin a sign-in and return what the managed login is asked."""
    response = client.get(path)
    assert response.status_code == 303
    url = urlsplit(response.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{SIGN_IN_URL}/oauth2/authorize"
    return {name: values[0] for name, values in parse_qs(url.query).items()}


def granted(portal, asked, code="code-1", **claims):
    """Have the pool grant tokens for a code, as it does when the password was right."""
    portal.pool.codes[code] = Tokens(access_token(**claims), id_token(asked["nonce"]), "refresh-1")
    return {"code": code, "state": asked["state"]}


def test_a_sign_in_asks_for_a_code_with_pkce_state_and_nonce(portal):
    asked = begun(portal.visitor())
    assert asked["client_id"] == WEB_CLIENT
    assert asked["redirect_uri"] == f"{ORIGIN}/auth/callback"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert asked != begun(portal.visitor())


def test_after_the_sign_in_one_is_where_one_wanted_to_go(portal):
    client = portal.visitor()
    asked = begun(client, "/sign-in?next=/files%3Fstate%3Drejected")
    response = client.get("/auth/callback", params=granted(portal, asked))
    assert (response.status_code, response.headers["location"]) == (303, "/files?state=rejected")
    assert client.get("/files?state=rejected").status_code == 200


def test_the_code_is_redeemed_with_the_verifier_of_the_challenge(portal):
    client = portal.visitor()
    asked = begun(client)
    client.get("/auth/callback", params=granted(portal, asked))
    code, verifier, redirect_uri = portal.pool.redeemed[0]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert (code, redirect_uri) == ("code-1", f"{ORIGIN}/auth/callback")


def test_the_sessions_cookies_are_out_of_reach_of_scripts_other_hosts_and_plain_http(portal):
    client = portal.visitor()
    response = client.get("/auth/callback", params=granted(portal, begun(client)))
    cookies = set_cookies(response)
    assert set(cookies) == {ATTEMPT, *(f"__Host-scalper-{role}" for role in ("session", "access", "refresh"))}
    for cookie in cookies.values():
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert len(cookie) < 4096
    assert cookie_value(cookies[ATTEMPT]) == ""


def test_on_localhost_the_cookies_have_plain_names_and_go_without_tls():
    portal = Portal(origin="http://localhost:8000")
    client = portal.visitor()
    cookies = set_cookies(client.get("/auth/callback", params=granted(portal, begun(client))))
    assert "scalper-access" in cookies
    assert not any("Secure" in cookie for cookie in cookies.values())
    assert client.get("/files").status_code == 200


def test_a_callback_that_this_browser_did_not_ask_for_signs_nobody_in(portal):
    victim = portal.visitor()
    attackers = granted(portal, begun(portal.visitor()))
    assert refused(victim.get("/auth/callback", params=attackers))
    begun(victim)
    assert refused(victim.get("/auth/callback", params=attackers))


@pytest.mark.parametrize("params", [{}, {"error": "access_denied", "error_description": "<b>Ada</b>"}, {"code": "x"}])
def test_a_callback_without_a_code_is_an_error_page_that_echoes_nothing(portal, params):
    client = portal.visitor()
    begun(client)
    response = client.get("/auth/callback", params=params)
    assert refused(response)
    assert "Ada" not in response.text


def test_a_code_that_the_pool_does_not_know_signs_nobody_in(portal):
    client = portal.visitor()
    asked = begun(client)
    assert refused(client.get("/auth/callback", params={"code": "invented", "state": asked["state"]}))


def test_an_id_token_with_another_nonce_signs_nobody_in(portal):
    client = portal.visitor()
    asked = begun(client)
    assert refused(client.get("/auth/callback", params=granted(portal, {**asked, "nonce": "another"})))


@pytest.mark.parametrize(
    "written",
    [
        "W10",
        "",
        "x",
        # `["\udcff","n","v","/"]`: a lone surrogate, which no text can be encoded with.
        "WyJcdWRjZmYiLCJuIiwidiIsIi8iXQ",
        # Of the form that was once written, whole and by hand.
        base64.urlsafe_b64encode(json.dumps(["state", "nonce", "verifier", "/files"]).encode()).decode(),
        "A" * 4000,
    ],
)
def test_an_attempt_cookie_that_the_portal_did_not_write_signs_nobody_in(portal, written):
    client = portal.visitor()
    params = granted(portal, begun(client))
    client.cookies.set(ATTEMPT, written, domain="portal.test", path="/")
    assert refused(client.get("/auth/callback", params=params))
    assert refused(client.get("/auth/callback", params={**params, "state": "state"}))


def test_another_kind_of_cookie_is_no_attempt(portal):
    client = portal.visitor()
    params = granted(portal, begun(client))
    session = portal.services.cookies.touch(portal.session()).partition("=")[2].partition(";")[0]
    client.cookies.set(ATTEMPT, session, domain="portal.test", path="/")
    assert refused(client.get("/auth/callback", params=params))


def test_an_attempt_is_good_for_ten_minutes_whatever_the_browser_keeps(portal):
    client = portal.visitor()
    params = granted(portal, begun(client))
    portal.clock.forward(seconds=ATTEMPT_SECONDS + 1)
    assert refused(client.get("/auth/callback", params=params))


def test_what_an_attempt_holds_is_told_to_nobody(portal):
    client = portal.visitor()
    asked = begun(client, "/sign-in?next=/files%3Fstate%3Drejected")
    value = client.cookies.get(ATTEMPT)
    plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    assert asked["state"].encode() not in plain
    assert b"rejected" not in plain


def refused(response):
    opened = [name for name in set_cookies(response) if "session" in name]
    return response.status_code == 400 and "Sign-in did not work" in response.text and not opened


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie: x",
        "/\n/evil.example",
        "/\t/evil.example",
        "evil.example",
        "",
        "/auth/callback?code=x",
        "/" + "a" * 600,
    ],
)
def test_no_next_leads_out_of_the_portal(path):
    assert check_next(path) == "/"


@pytest.mark.parametrize("path", ["/", "/files", "/files?state=rejected&cursor=a%3D", "/uploads/01k9#x"])
def test_next_leads_to_any_page_of_the_portal(path):
    assert check_next(path) == path


def test_signing_out_revokes_the_refresh_token_and_passes_by_the_managed_login(portal):
    client = portal.browser()
    response = client.post("/sign-out")
    assert response.status_code == 303
    url = urlsplit(response.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{SIGN_IN_URL}/logout"
    assert parse_qs(url.query) == {"client_id": [WEB_CLIENT], "logout_uri": [f"{ORIGIN}/"]}
    assert portal.pool.revoked == ["refresh-1"]
    assert all("Max-Age=0" in cookie for cookie in set_cookies(response).values())
    assert client.get("/files").headers["location"] == "/sign-in?next=%2Ffiles"


def test_nobody_is_signed_out_by_a_link(portal):
    client = portal.browser()
    assert client.get("/sign-out").status_code == 405
    assert portal.pool.revoked == []
