"""A browser's session: sealed, renewed in silence, ended by idleness."""

import base64
import time
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from portal.crypto.deployment_secrets import DeploymentKey
from portal.errors import SignInError, UserPoolUnavailableError
from portal.sign_in.cookies import IDLE_SECONDS, Cookies
from portal.sign_in.flow import Tokens
from tests.unit.portal.crypto.stored_secret import Stored
from tests.unit.portal.pool import CLI_CLIENT, access_token
from tests.unit.portal.portal_fixture import cookie_value, cookies_of, put_cookie, set_cookies


def lapsing(**claims):
    """Return the claims of a token that has half a minute left."""
    now = int(time.time())
    return {"iat": now - 3570, "exp": now + 30, **claims}


def too_busy(_refresh_token):
    raise UserPoolUnavailableError("The user pool is busy.")


def test_a_page_leads_to_the_sign_in_and_back(portal):
    response = portal.visitor().get("/files?state=rejected")
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=%2Ffiles%3Fstate%3Drejected"


def test_htmx_is_led_to_the_sign_in_by_its_own_header(portal):
    headers = {"hx-request": "true", "hx-current-url": "https://portal.test/uploads/u1?page=2"}
    response = portal.visitor().get("/uploads/u1/_receipt", headers=headers)
    assert response.status_code == 401
    assert response.headers["hx-redirect"] == "/sign-in?next=%2Fuploads%2Fu1%3Fpage%3D2"


def test_a_script_is_told_to_sign_in_by_a_problem(portal):
    response = portal.visitor().post("/upload/new", headers={"accept": "*/*"}, json={})
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"].endswith("/sign-in-required")


def test_an_access_token_that_lapses_is_renewed_in_silence(portal):
    portal.pool.renewals["refresh-1"] = Tokens(access_token(), "", None)
    response = portal.browser(**lapsing()).get("/files")
    assert response.status_code == 200
    kept = portal.services.cookies.read({name: cookie_value(value) for name, value in set_cookies(response).items()})
    assert kept.access_token == portal.pool.renewals["refresh-1"].access
    assert kept.refresh_token == "refresh-1"


def test_a_rotated_refresh_token_replaces_the_old_one(portal):
    portal.pool.renewals["refresh-1"] = Tokens(access_token(), "", "refresh-2")
    response = portal.browser(**lapsing()).get("/files")
    kept = portal.services.cookies.read({name: cookie_value(value) for name, value in set_cookies(response).items()})
    assert kept.refresh_token == "refresh-2"


def test_a_session_whose_refresh_token_was_revoked_has_ended(portal):
    client = portal.browser(**lapsing())
    portal.pool.revoked.append("refresh-1")
    response = client.get("/files")
    assert response.headers["location"].startswith("/sign-in")
    assert all("Max-Age=0" in cookie for cookie in set_cookies(response).values())


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(portal):
    client = portal.browser()
    portal.clock.forward(seconds=IDLE_SECONDS + 1)
    response = client.get("/files")
    assert response.headers["location"].startswith("/sign-in")
    assert portal.pool.revoked == ["refresh-1"]


def test_each_request_of_a_user_keeps_the_session_alive(portal):
    client = portal.browser()
    for _ in range(3):
        portal.clock.forward(minutes=10)
        assert client.get("/files").status_code == 200


def test_what_a_page_asks_for_by_itself_does_not(portal):
    client = portal.browser()
    for _ in range(2):
        portal.clock.forward(minutes=10)
        response = client.get("/files", headers={"x-background": "1"})
    assert response.status_code == 303


def test_a_session_from_the_future_is_none(portal):
    client = portal.browser()
    portal.clock.forward(hours=-1)
    assert client.get("/files").status_code == 303


def test_a_session_around_a_forged_token_opens_nothing(portal):
    client = portal.visitor()
    portal.put(replace(portal.session(), access_token="x.y.z"), client)
    assert client.get("/files").status_code == 303


def test_a_members_page_names_the_member(portal):
    assert "Nora North" in portal.browser().get("/files").text


def test_somebody_without_a_clinic_is_told_so(portal):
    response = portal.browser(**{"cognito:groups": None}).get("/files")
    assert response.status_code == 403
    assert "Your account does not belong to exactly one clinic" in response.text


def test_a_session_survives_its_cookies(portal):
    session = replace(portal.session(), display_name="Zoë; Domain=evil")
    jar = {value.partition("=")[0]: cookie_value(value) for value in portal.services.cookies.write(session)}
    assert portal.services.cookies.read(jar) == session


def test_what_does_not_fit_into_a_cookie_is_refused(portal):
    with pytest.raises(SignInError):
        portal.services.cookies.write(replace(portal.session(), access_token="a" * 4096))


def keeping(portal, cookies):
    client = portal.visitor()
    for role, value in cookies.items():
        put_cookie(client, f"__Host-scalper-{role}={value}")
    return client


def is_signed_out(portal, cookies):
    return keeping(portal, cookies).get("/files").status_code == 303


def test_the_cookies_of_two_sessions_do_not_fit_together(portal):
    """Of two people, and of two sessions of one person: whatever comes from another session is worth nothing."""
    mine = cookies_of(portal, portal.session())
    for other in (portal.session(sub="user-2", **{"cognito:groups": ["clinic:lakeview"]}), portal.session()):
        others = cookies_of(portal, other)
        for roles in (["session"], ["access"], ["refresh"], ["access", "refresh"], ["session", "access"]):
            assert is_signed_out(portal, mine | {role: others[role] for role in roles}), roles
    assert not is_signed_out(portal, mine)


def test_a_cookie_of_one_role_is_none_of_another(portal):
    mine = cookies_of(portal, portal.session())
    assert is_signed_out(portal, mine | {"session": mine["access"]})
    assert is_signed_out(portal, mine | {"access": mine["refresh"], "refresh": mine["access"]})


def test_no_bit_of_a_sessions_cookie_can_be_changed(portal):
    mine = cookies_of(portal, portal.session())
    for role, value in mine.items():
        for at in (0, 5, len(value) // 2, len(value) - 1):
            other = "A" if value[at] != "A" else "B"
            assert is_signed_out(portal, mine | {role: value[:at] + other + value[at + 1 :]}), (role, at)


def test_another_deployments_cookies_are_none(portal):
    other = Cookies(DeploymentKey({"AWSCURRENT": "of-another"}.get), secure=True)
    written = (value.partition(";")[0].partition("=") for value in other.write(portal.session()))
    assert is_signed_out(portal, {name.rpartition("-")[2]: value for name, _, value in written})


def test_cookies_tell_nothing_of_the_session(portal):
    for value in cookies_of(portal, portal.session()).values():
        plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        assert not [secret for secret in (b"Nora", b"user-1", b"refresh-1", b"northside") if secret in plain]


def test_an_old_cookie_sets_the_idle_clock_back_and_never_forward(portal):
    session = portal.session()
    first = cookies_of(portal, session)
    client = keeping(portal, first)
    portal.clock.forward(minutes=10)
    assert client.get("/files").status_code == 200, "a newer cookie"
    portal.clock.forward(minutes=6)
    assert client.get("/files").status_code == 200
    assert is_signed_out(portal, first), "idle by the cookie that was copied before"


def test_the_name_that_the_audit_log_shows_is_the_tokens(portal):
    client = portal.browser()
    put_cookie(client, "__Host-scalper-session=" + "A" * 43 + f".{int(time.time())}.RHIuIEZvcmdlZA")
    client.post("/sign-out")
    assert "Dr. Forged" not in str(portal.audit)


def test_a_renewal_that_answers_with_somebody_elses_token_ends_the_session(portal):
    for claims in ({"sub": "user-2"}, {"client_id": CLI_CLIENT}, {"client_id": "partner-1", "cognito:groups": None}):
        portal.pool.renewals["refresh-1"] = Tokens(access_token(**claims), "", None)
        response = portal.browser(**lapsing()).get("/files")
        assert response.headers["location"].startswith("/sign-in")
        assert all("Max-Age=0" in cookie for cookie in set_cookies(response).values())


@pytest.mark.parametrize(("left", "status"), [(30, 200), (-30, 503)])
def test_a_busy_pool_ends_no_session_and_its_token_serves_while_it_is_good(portal, monkeypatch, left, status):
    now = int(time.time())
    browser = portal.browser(iat=now + left - 3600, exp=now + left)
    with monkeypatch.context() as busy:
        busy.setattr(portal.pool, "refresh", too_busy)
        response = browser.get("/files")
    assert (response.status_code, set_cookies(response)) == (status, {})
    portal.pool.renewals["refresh-1"] = Tokens(access_token(), "", None)
    assert browser.get("/files").status_code == 200


def test_signing_out_while_the_pool_is_busy_ends_the_session_here(portal, monkeypatch):
    client = portal.browser()
    copied = {name.rpartition("-")[2]: value for name, value in client.cookies.items()}
    assert not is_signed_out(portal, copied)
    monkeypatch.setattr(portal.pool, "revoke", too_busy)
    response = client.post("/sign-out")
    assert response.status_code == 503
    assert all("Max-Age=0" in cookie for cookie in set_cookies(response).values())
    assert is_signed_out(portal, copied)


def test_two_tabs_that_renew_at_once_and_answer_in_any_order_keep_one_session(portal):
    """A touch that was begun before a renewal, and is told after it, still fits what the renewal wrote."""
    session = portal.session(**lapsing())
    portal.pool.renewals["refresh-1"] = Tokens(access_token(), "", None)
    renewed = keeping(portal, cookies_of(portal, session)).get("/files")
    jar = {name.rpartition("-")[2]: cookie_value(value) for name, value in set_cookies(renewed).items()}
    late = portal.services.cookies.touch(session)
    assert not is_signed_out(portal, jar | {"session": cookie_value(late)})


def test_a_session_from_before_the_update_is_signed_out_cleanly(portal):
    old = {"session": "s" * 43 + f".{int(time.time())}.Tm9yYQ", "access": access_token(), "refresh": "eyJ.old"}
    response = keeping(portal, old).get("/files")
    assert response.headers["location"].startswith("/sign-in")
    assert {name.rpartition("-")[2] for name in set_cookies(response)} >= set(old)
    assert all("Max-Age=0" in cookie for cookie in set_cookies(response).values())


def test_while_the_key_cannot_be_read_nobody_is_signed_out_and_nobody_gets_in(portal):
    stored = Stored()
    app = create_app(replace(portal.services, deployment_key=DeploymentKey(stored.read)))
    client = keeping(portal, cookies_of(portal, portal.session()))
    stored.reachable = False
    unsure = TestClient(app, base_url=portal.origin, cookies=client.cookies, follow_redirects=False)
    response = unsure.get("/files")
    assert (response.status_code, set_cookies(response)) == (503, {})
    assert response.headers["retry-after"] == "5"
