"""Sign-out and what locks somebody out end access everywhere, within 20 seconds; a new sign-in works at once."""

from dataclasses import replace
from datetime import timedelta

from intake.files.model import now
from intake.tenants.dynamodb import REVOCATIONS_KEPT
from portal.app import create_app
from portal.auth.lookups import ENDS_WITHIN, REVOCATION_SECONDS, KnownRevocations
from portal.sign_in.cookies import SESSION_SECONDS
from portal.sign_in.flow import Tokens
from tests.fakes import FakeRevocations
from tests.unit.portal.crypto.stored_secret import Seconds
from tests.unit.portal.pool import CLI_CLIENT, WEB_CLIENT, access_token
from tests.unit.portal.portal_fixture import Portal, put_cookie

ORIGIN_ID = "5f0c4c6e-0000-4000-8000-000000000001"


def signed_in(portal, **claims):
    return portal.browser(origin_jti=ORIGIN_ID, **claims)


def kept(client):
    """Return what a browser keeps, as whoever copied it holds it."""
    return [f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar]


def replaying(portal, cookies):
    client = portal.visitor()
    for cookie in cookies:
        put_cookie(client, cookie)
    return client


class OtherWorker:
    """A worker of the same deployment, which remembers its own answers."""

    def __init__(self, portal):
        self.seconds = Seconds()
        known = KnownRevocations(portal.revocations, self.seconds)
        verifier = portal.services.verifier.__class__(
            keys=portal.services.verifier._keys,
            issuer=portal.services.verifier._issuer,
            web_client_id=WEB_CLIENT,
            cli_client_id=CLI_CLIENT,
            partner=portal.services.verifier._partner,
            ended=known.has_ended,
        )
        self.portal = portal
        self.app = create_app(replace(portal.services, verifier=verifier, revocations=known))

    def visitor(self, cookies):
        portal = Portal.__new__(Portal)
        portal.app, portal.origin = self.app, self.portal.origin
        return replaying(portal, cookies)


def test_the_bound_that_pages_tell_is_kept():
    assert REVOCATION_SECONDS < ENDS_WITHIN == 20


def test_old_cookies_show_nothing_after_the_sign_out(portal):
    client = signed_in(portal)
    old = kept(client)
    assert replaying(portal, old).get("/files").status_code == 200
    client.post("/sign-out")
    for path in ("/files", "/uploads", "/session", "/"):
        answer = replaying(portal, old).get(path)
        assert (answer.status_code, "Nora North" in answer.text) in {(303, False), (200, False)}
    assert replaying(portal, old).get("/files").headers["location"].startswith("/sign-in")


def test_another_worker_that_has_just_asked_shows_nothing_ten_seconds_later(portal):
    client = signed_in(portal)
    old, other = kept(client), OtherWorker(portal)
    assert other.visitor(old).get("/files").status_code == 200
    client.post("/sign-out")
    other.seconds.now += REVOCATION_SECONDS
    assert other.visitor(old).get("/files").status_code == 303


def test_the_token_of_a_session_that_was_signed_out_opens_no_api(portal):
    token = access_token(origin_jti=ORIGIN_ID)
    client = signed_in(portal)
    assert portal.machine(token).get("/api/v1/files").status_code == 200
    client.post("/sign-out")
    answer = portal.machine(token).get("/api/v1/files")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (401, "invalid-token")


def test_a_token_that_was_renewed_before_the_sign_out_opens_nothing_either(portal):
    now_s = portal.services.now()
    client = signed_in(portal, iat=now_s - 3570, exp=now_s + 30)
    before = kept(client)
    portal.pool.renewals["refresh-1"] = Tokens(access_token(origin_jti=ORIGIN_ID), "", None)
    assert client.get("/files").status_code == 200
    client.post("/sign-out")
    # The pool would still renew, as it does where its revocation failed.
    portal.pool.revoked.clear()
    assert replaying(portal, before).get("/files").status_code == 303
    assert portal.machine(portal.pool.renewals["refresh-1"].access).get("/api/v1/files").status_code == 401


def test_other_sessions_of_the_same_person_go_on(portal):
    signed_in(portal).post("/sign-out")
    assert portal.browser(origin_jti="another").get("/files").status_code == 200


def test_a_new_sign_in_after_a_sign_out_works_at_once(portal):
    signed_in(portal).post("/sign-out")
    assert portal.browser(origin_jti="the next").get("/files").status_code == 200


def test_an_idle_session_is_ended_for_its_token_too(portal):
    client = signed_in(portal)
    portal.clock.forward(minutes=16)
    assert client.get("/files").status_code == 303
    assert portal.machine(access_token(origin_jti=ORIGIN_ID)).get("/api/v1/files").status_code == 401


def test_signing_out_lets_one_go_though_the_table_cannot_be_reached_and_says_that_it_failed(portal):
    client = signed_in(portal)
    old = kept(client)
    portal.revocations.reachable = False
    answer = client.post("/sign-out")
    assert answer.status_code == 503
    assert "Try again in a moment" in answer.text
    assert kept(client) == []
    assert portal.pool.revoked == ["refresh-1"]
    portal.revocations.reachable = True
    assert replaying(portal, old).post("/sign-out").status_code in {303, 403}


def test_where_nobody_can_say_whose_access_was_ended_nobody_gets_in(portal):
    client = signed_in(portal)
    portal.revocations.reachable = False
    assert client.get("/files").status_code == 503
    assert kept(client) != []
    answer = portal.machine(access_token()).get("/api/v1/files")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert portal.machine().get("/api/v1/files").status_code == 200, "partners are looked up in the directory"


def test_a_dozen_requests_ask_the_table_once(portal):
    client = signed_in(portal)
    for _ in range(12):
        assert client.get("/session").status_code == 200
    assert portal.revocations.lookups == 1
    portal.moments.now += REVOCATION_SECONDS
    client.get("/session")
    assert portal.revocations.lookups == 2


def test_an_answer_that_came_late_is_not_remembered_for_longer(portal):
    seconds, store = Seconds(), FakeRevocations()

    class Slow:
        def find(self, session_id, subject):
            found = store.find(session_id, subject)
            seconds.now += 9
            return found

    known = KnownRevocations(Slow(), seconds)
    assert not known.has_ended("s", "u", 1)
    store.revoke_session("s", now())
    seconds.now += 1
    assert known.has_ended("s", "u", 1)


def test_a_session_ends_after_twelve_hours_whatever_the_browser_keeps(portal):
    client = signed_in(portal)
    for _ in range(SESSION_SECONDS // 600 - 1):
        portal.clock.forward(minutes=10)
        portal.pool.renewals["refresh-1"] = Tokens(access_token(origin_jti=ORIGIN_ID), "", None)
        assert client.get("/session").status_code == 200
    assert client.get("/session").json()["seconds"] <= 600
    portal.clock.forward(minutes=11)
    assert client.get("/session").status_code in {303, 401}


def test_an_item_is_kept_for_longer_than_any_session(portal):
    assert timedelta(seconds=SESSION_SECONDS) < REVOCATIONS_KEPT
