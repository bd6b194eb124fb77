"""How an admin signs in from the command line, and how long that is good."""

from dataclasses import dataclass, field

import httpx
import pytest

from scalper.admin.session import open_session
from scalper.api.retry import Retry
from scalper.errors import ApiError, CredentialsError, NotAdminError, NotFoundError, SessionEndedError, SignInError
from tests.unit.portal.pool import CLI_CLIENT
from tests.unit.scalper.admin.world import NAME, AdminWorld
from tests.wired_portal import ORIGIN


@dataclass
class Person:
    """Whoever sits there: opens what is shown, and reads what is said."""

    world: AdminWorld
    shown: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)

    def show(self, url, port):
        self.shown.append(url)
        self.world.browse(url)

    def welcome(self, name):
        self.names.append(name)

    def report_left_open(self, reason):
        self.left_open.append(reason)


@pytest.fixture
def world():
    return AdminWorld()


@pytest.fixture
def person(world):
    return Person(world)


@pytest.fixture
def opened(world, person):
    def open_at(portal=ORIGIN, patience=5):
        retry = Retry(pause=lambda _seconds: None)
        return open_session(
            portal, person, transport=world.transport, retry=retry, ports=world.ports, patience=patience
        )

    return open_at


def test_the_code_is_exchanged_with_the_verifier_whose_digest_was_sent(world, person, opened):
    with opened() as rebuilds:
        assert rebuilds.start().exact
    asked = world.query
    assert (asked["client_id"], asked["response_type"], asked["scope"]) == (CLI_CLIENT, "code", "openid")
    assert (asked["code_challenge_method"], asked["prompt"]) == ("S256", "login")
    assert asked["redirect_uri"] == f"http://localhost:{world.ports[0]}/callback"
    assert person.names == [NAME]


def test_each_sign_in_draws_its_own_state_and_verifier(world, opened):
    drawn = []
    for _ in range(2):
        with opened():
            drawn.append((world.query["state"], world.query["code_challenge"]))
    assert len({one for pair in drawn for one in pair}) == 4
    assert all(len(state) >= 43 for state, _ in drawn)


def test_a_state_that_is_not_ours_is_waited_past(world, opened):
    def attacked(url):
        world.look_at(url)
        assert world.come_back(code="of-the-attacker", state="guess")[0] == 404
        world.sign_in(url)

    world.browse = attacked
    with opened() as rebuilds:
        assert rebuilds.start().exact


def test_a_code_that_answers_another_sign_in_is_refused_by_the_pool(world, opened):
    def injected(url):
        world.sign_in(url)
        world.query["code_challenge"] = "that-of-another-sign-in"

    world.browse = injected
    with pytest.raises(SignInError, match="400: invalid_grant"), opened():
        pytest.fail("somebody was let in")


@pytest.mark.parametrize(("error", "told"), [("access_denied", "access_denied"), ("\x1b[31mred", "an unknown error")])
def test_a_sign_in_that_did_not_come_off_says_so(world, opened, error, told):
    def denied(url):
        world.look_at(url)
        world.come_back(error=error, state=world.query["state"])

    world.browse = denied
    with pytest.raises(SignInError, match=told), opened():
        pytest.fail("somebody was let in")
    assert world.revoked == []


def test_who_never_signs_in_is_not_waited_for_without_end(world, opened):
    world.browse = lambda _url: None
    with pytest.raises(SignInError, match="Nobody signed in"), opened(patience=0.01):
        pytest.fail("somebody was let in")


def test_a_token_is_renewed_while_it_is_used_and_the_sign_in_ended_at_last(world, person, opened):
    world.lifetime = 0
    with opened() as rebuilds:
        rebuilds.start()
        rebuilds.read("01rebuild1")
        assert world.tokens == 3
        assert world.revoked == []
    assert world.revoked == ["refresh-1"]
    assert person.left_open == []


def test_a_token_that_the_api_does_not_take_is_replaced_once(world, opened):
    with opened() as rebuilds:
        rebuilds.start()
        world.tokens += 1  # As if another had been granted since.
        rebuilds.read("01rebuild1")
    assert world.requests["POST /oauth2/token"] == 2


def test_a_sign_in_that_has_ended_says_so(world, opened):
    world.lifetime, world.ended = 0, True
    with pytest.raises(SessionEndedError, match="an hour"), opened() as rebuilds:
        rebuilds.start()


def test_the_sign_in_ends_whatever_happens(world, opened):
    with pytest.raises(NotFoundError), opened() as rebuilds:
        rebuilds.read("nobody-knows-it")
    assert world.revoked == ["refresh-1"]


def test_a_sign_in_that_cannot_be_ended_is_told(world, person, opened):
    world.revocation = 503
    with opened():
        pass
    assert person.left_open == ["The user pool did not end it (503)."]


def test_who_is_no_admin_is_told_in_words(world, opened):
    world.is_admin = False
    with pytest.raises(NotAdminError, match="whoever signed in is none"), opened() as rebuilds:
        rebuilds.start()
    assert world.revoked == ["refresh-1"]


def test_an_id_that_is_a_path_stays_one_segment(world, opened):
    with pytest.raises(NotFoundError), opened() as rebuilds:
        rebuilds.read("../files")
    assert world.requests["GET /api/v1/rebuilds/../files"] == 1  # As httpx shows `..%2Ffiles`.


STRANGE = {
    "an older portal": ({"scalper_cli_client_id": None}, "older version"),
    "a client that is none": ({"scalper_cli_client_id": "a b"}, "older version"),
    "somebody else's address": ({"resource": "https://other.example"}, "https://other.example"),
    "no address": ({"resource": None}, "does not answer as"),
    "an address that steers the terminal": ({"resource": "\x1b[2J"}, "does not answer as"),
    "a page in the clear": ({"authorization_endpoint": "http://sign-in.test/oauth2/authorize"}, "https"),
    "a page that is a file": ({"authorization_endpoint": "file:///etc/passwd"}, "https"),
    "a page with a query": ({"authorization_endpoint": "https://sign-in.test/x?client_id=y"}, "names no"),
    "a page with line feeds": ({"authorization_endpoint": "https://sign-in.test/\n-x"}, "names no"),
    "tokens elsewhere": ({"token_endpoint": "https://evil.example/oauth2/token"}, "different user pools"),
    "revocation elsewhere": ({"revocation_endpoint": "https://evil.example/"}, "different user pools"),
    "no tokens": ({"token_endpoint": None}, "names no"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_a_portal_that_leads_astray_leads_nobody_to_a_sign_in(world, person, opened, case):
    changes, told = STRANGE[case]
    world.discovered = world.discovered | changes
    with pytest.raises(CredentialsError, match=told), opened():
        pytest.fail("somebody was let in")
    assert person.shown == []


def test_a_portal_in_the_clear_is_asked_nothing(world, opened):
    with pytest.raises(CredentialsError, match="https"), opened("http://portal.test"):
        pytest.fail("somebody was let in")
    assert not world.requests


def test_no_token_shows_in_what_is_printed_of_a_grant(world, opened):
    with opened() as rebuilds:
        tokens = rebuilds._api._tokens
    assert "access-1" not in repr(tokens._grant)
    assert "refresh-1" not in repr(tokens._grant)


def test_tokens_follow_no_redirect(world, opened):
    answered = []

    def redirect(request):
        answered.append(request.url.host)
        if request.url.path.startswith("/api"):
            return httpx.Response(307, headers={"location": "https://evil.example/"})
        return world._answer(request)

    world.transport = httpx.MockTransport(redirect)
    with pytest.raises(ApiError, match="307"), opened() as rebuilds:
        rebuilds.start()
    assert "evil.example" not in answered
