"""An admin signs in from the command line: managed login, loopback, token endpoint, and the API."""

from dataclasses import dataclass, field

import httpx
import pytest

from infra.local.demo import Person
from infra.local.stack import LocalStack
from scalper.admin.session import open_session
from scalper.errors import NotFoundError
from tests.emulator.sign_in import answered_sign_in
from tests.emulator.stacks import eventually, free_port
from tests.emulator.test_stack import claims

pytestmark = pytest.mark.emulator


@dataclass
class Terminal:
    """Where somebody signs in, by a browser without a screen."""

    stack: LocalStack
    person: Person
    names: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)

    def show(self, url, port):
        back = answered_sign_in(self.stack, url, self.person)
        assert back.startswith(f"http://localhost:{port}/callback?")
        assert httpx.get(back, timeout=30, trust_env=False).status_code == 200

    def welcome(self, name):
        self.names.append(name)

    def report_left_open(self, reason):
        self.left_open.append(reason)


def files_at(address, token):
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{address}/api/v1/files", headers=headers, timeout=30)


def test_an_admin_signs_in_by_loopback_and_the_api_takes_the_token(stack, portal_url, api_url):
    terminal = Terminal(stack, stack.demo.admin)
    with open_session(portal_url, terminal) as rebuilds:
        tokens = rebuilds._api._tokens
        first = tokens.get()
        assert claims(first)["client_id"] == stack.outputs["CliClientId"]
        assert claims(first)["cognito:groups"] == ["admin"]
        for address in (portal_url, api_url):  # The second lies behind the gateway, which lets the client in.
            assert files_at(address, first).status_code == 200
        with pytest.raises(NotFoundError):
            rebuilds.read("nobody-knows-it")
        started = rebuilds.start(clinic_id="northside")
        # What it finds depends on what other tests have left behind.
        assert eventually(lambda: rebuilds.read(started.rebuild_id).ended, within_s=120)
        audited = rebuilds.read(started.rebuild_id)
        assert (audited.state, audited.dry_run) == ("done", True)
        renewed = tokens.get(instead_of=first)
        assert renewed != first
        assert claims(renewed)["client_id"] == stack.outputs["CliClientId"]
        # The emulator leaves the groups out of what its token endpoint renews, so the portal knows no place for it:
        # 403. A token that was not good would be answered with 401.
        assert files_at(api_url, renewed).status_code == 403
    assert terminal.names
    # The emulator has no revocation endpoint: that it could not be asked is told, and nothing else happens.
    assert len(terminal.left_open) == 1


def test_the_user_pool_leads_back_to_no_other_address(stack, portal_url):
    query = {
        "response_type": "code",
        "client_id": stack.outputs["CliClientId"],
        "redirect_uri": f"http://localhost:{free_port()}/callback",
        "scope": "openid",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    answer = httpx.get(f"{stack.endpoint}/oauth2/authorize", params=query, timeout=30)
    assert answer.status_code == 400
