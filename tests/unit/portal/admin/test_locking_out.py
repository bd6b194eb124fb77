"""What locks somebody out on the portal's pages ends their access at once, and everywhere within 20 seconds."""

import pytest

from portal.accounts.user_pool import Standing
from portal.auth.lookups import REVOCATION_SECONDS
from tests.unit.portal.auth.test_revocations import OtherWorker, kept, replaying, signed_in
from tests.unit.portal.pool import access_token


def admin_and(portal, name="Sam Reed"):
    """Return an admin's browser, and a member of staff with an account."""
    admin = portal.people.add("Root", "admin", subject="admin-1")
    portal.people.add("Second", "admin")
    person = portal.people.add(name, "clinic:northside", subject="user-1")
    assert admin.standing is Standing.ACTIVE
    return portal.admin(), person


@pytest.mark.parametrize("deed", ["disable", "reset-password", "reset-mfa"])
def test_what_locks_somebody_out_ends_their_sessions_and_their_tokens(portal, deed):
    admin, person = admin_and(portal)
    token, theirs = access_token(), [signed_in(portal), portal.browser(origin_jti="another")]
    assert {client.get("/files").status_code for client in theirs} == {200}
    assert admin.post(f"/admin/people/{person.username}/{deed}").status_code == 303
    assert {client.get("/files").status_code for client in theirs} == {303}
    assert portal.machine(token).get("/api/v1/files").status_code == 401
    assert admin.get("/admin").status_code == 200


def test_who_was_disabled_is_shown_nothing_by_another_worker_ten_seconds_later(portal):
    admin, person = admin_and(portal)
    old, other = kept(signed_in(portal)), OtherWorker(portal)
    assert other.visitor(old).get("/files").status_code == 200
    admin.post(f"/admin/people/{person.username}/disable")
    other.seconds.now += REVOCATION_SECONDS
    assert other.visitor(old).get("/files").status_code == 303


def test_who_was_enabled_again_signs_in_and_works_at_once_and_old_cookies_stay_worthless(portal):
    admin, person = admin_and(portal)
    old = kept(signed_in(portal))
    admin.post(f"/admin/people/{person.username}/disable")
    admin.post(f"/admin/people/{person.username}/enable")
    portal.clock.forward(seconds=2)
    later = portal.services.now()
    assert (
        portal.browser(origin_jti="new", auth_time=later, iat=later, exp=later + 900).get("/files").status_code == 200
    )
    assert replaying(portal, old).get("/files").status_code == 303


def test_a_token_that_was_renewed_while_somebody_was_being_disabled_is_of_the_old_sign_in(portal):
    admin, person = admin_and(portal)
    before = portal.services.now() - 60
    admin.post(f"/admin/people/{person.username}/disable")
    assert portal.machine(access_token(auth_time=before)).get("/api/v1/files").status_code == 401


def test_disabling_again_finishes_what_a_crash_left_half_done(portal):
    admin, person = admin_and(portal)
    client = signed_in(portal)
    portal.people.disable(portal.people.known[person.username])
    assert client.get("/files").status_code == 200, "disabled at the pool only"
    admin.post(f"/admin/people/{person.username}/disable")
    assert client.get("/files").status_code == 303


def test_a_pool_that_fails_while_it_disables_leaves_no_session(portal, monkeypatch):
    admin, person = admin_and(portal)
    client = signed_in(portal)

    def failing(_self, _person):
        raise TimeoutError

    monkeypatch.setattr(type(portal.people), "disable", failing)
    with pytest.raises(TimeoutError):
        admin.post(f"/admin/people/{person.username}/disable")
    assert client.get("/files").status_code == 303


def test_pages_tell_within_how_many_seconds_access_ends(portal):
    admin, person = admin_and(portal)
    assert admin.get(f"/admin/people/{person.username}").text.count("within 20 seconds") == 4
    assert "within 20 seconds" in portal.visitor().get("/signed-out").text
    done = admin.post(f"/admin/people/{person.username}/disable", follow_redirects=True)
    assert "is signed out everywhere within 20 seconds" in done.text
