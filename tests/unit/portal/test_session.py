"""A browser's session: renewed in silence, ended by idleness."""

import time
from dataclasses import replace

import pytest

from portal.cookies import IDLE_SECONDS
from portal.errors import SignInError
from portal.sign_in import Tokens
from tests.unit.portal.pool import access_token
from tests.unit.portal.portal_fixture import cookie_value, set_cookies

SESSION, ACCESS, REFRESH = (f"__Host-scalper-{role}" for role in ("session", "access", "refresh"))


def lapsing(**claims):
    """Return the claims of a token that has half a minute left."""
    now = int(time.time())
    return {"iat": now - 3570, "exp": now + 30, **claims}


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
    assert "Your account does not stand for one clinic" in response.text


def test_a_session_survives_its_cookies(portal):
    session = replace(portal.session(), display_name="Zoë; Domain=evil")
    jar = {value.partition("=")[0]: cookie_value(value) for value in portal.services.cookies.write(session)}
    assert portal.services.cookies.read(jar) == session


def test_what_does_not_fit_into_a_cookie_is_refused(portal):
    with pytest.raises(SignInError):
        portal.services.cookies.write(replace(portal.session(), access_token="a" * 4096))
