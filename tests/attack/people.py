"""Who attacks and who is attacked: clinics, people with browsers, and partners with each set of scopes."""

import html
import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, ClassVar

import httpx

from infra.local.demo import SCOPES, Person, api_id
from infra.local.stack import LocalStack
from intake.files.model import now
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.gateway import JwtAuthorizer, sync_audience
from intake.tenants.model import Clinic, Partner
from portal.accounts.cognito import CognitoClients, CognitoPeople
from portal.accounts.user_pool import name_group
from tests.emulator.sign_in import person_tokens

PASSWORD = "Sc42-attackers-and-attacked!"
SCOPE_SETS: dict[str, frozenset[str]] = {
    "+".join(scope.removeprefix("scalper/") for scope in chosen): frozenset(chosen)
    for size in range(1, len(SCOPES) + 1)
    for chosen in itertools.combinations(sorted(SCOPES), size)
}
"""Every set of scopes that a partner may have, by a name such as `read+upload`."""
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


class Steady(httpx.Client):
    """A client that asks once more where the server had just closed the connection that was kept.

    It is kept until `close_all`, so that none is left behind with its connections open.
    """

    _opened: ClassVar[list["Steady"]] = []

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._opened.append(self)

    @classmethod
    def close_all(cls) -> None:
        while cls._opened:
            cls._opened.pop().close()

    def send(self, request: httpx.Request, **given: Any) -> httpx.Response:
        try:
            return super().send(request, **given)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            return super().send(request, **given)


@dataclass
class Browser:
    """A browser that somebody signs in with, by the managed login. It follows no redirects."""

    stack: LocalStack
    person: Person

    @property
    def portal(self) -> str:
        return self.stack.portal_url

    @cached_property
    def http(self) -> httpx.Client:
        browser = Steady(base_url=self.portal, follow_redirects=False, timeout=60)
        landed = browser.get(self.callback(browser))
        assert landed.status_code == 303, f"signing in was answered with {landed.status_code}"
        return browser

    def callback(self, browser: httpx.Client, next_path: str = "/") -> str:
        """Begin a sign-in in `browser`, sign in at the managed login, and return where that leads back to."""
        login = browser.get("/sign-in", params={"next": next_path}).headers["location"]
        with httpx.Client(follow_redirects=True, timeout=30) as managed:
            page = managed.get(login).raise_for_status()
            form = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
            form |= {"username": self.person.username, "password": self.person.password}
            answer = managed.post(str(page.url.join("/login")), data=form, follow_redirects=False)
        return answer.headers["location"]

    @cached_property
    def csrf_token(self) -> str:
        """The token that this session's forms carry."""
        found = _TOKEN.search(self.http.get("/settings/notifications").text)
        assert found, "no page of this session carries a token"
        return found[1]

    def own_headers(self) -> dict[str, str]:
        """Return what the portal's own pages send with unsafe requests."""
        return {"origin": self.portal, "x-csrf-token": self.csrf_token}

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.http.post(path, headers={**self.own_headers(), **given.pop("headers", {})}, **given)

    def cookies(self) -> dict[str, str]:
        """Return the cookies that it holds, by name."""
        jar: CookieJar = self.http.cookies.jar
        return {cookie.name: cookie.value or "" for cookie in jar}

    @cached_property
    def tokens(self) -> dict[str, str]:
        """The tokens of another sign-in of the same person, by the pool's names: a session's own are the portal's."""
        return person_tokens(self.stack, self.person)

    @property
    def access_token(self) -> str:
        return self.tokens["access_token"]

    def again(self) -> "Browser":
        """Return another browser of the same person, not yet signed in."""
        return Browser(self.stack, self.person)


@dataclass(frozen=True)
class Machine:
    """A partner's client and its secret."""

    client_id: str
    secret: str
    clinic_id: str
    scopes: frozenset[str]


def forgetful(base_url: str = "") -> httpx.Client:
    """Return a client that keeps no cookies: it sends what it is given, each time anew."""
    jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return Steady(base_url=base_url, cookies=jar, timeout=60, follow_redirects=False)


def create_clinic(stack: LocalStack, clinic_id: str, name: str, *, active: bool = True) -> None:
    """Enter a clinic into the directory, with its group, as the admins' page does."""
    CognitoPeople(stack.clients.cognito, stack.outputs["UserPoolId"]).create_group(name_group(clinic_id))
    directory_of(stack).save_clinic(Clinic(clinic_id, name, active=active, created_at=now()))


def create_person(stack: LocalStack, username: str, clinic_id: str | None) -> Person:
    """Create somebody who can sign in at once; of no clinic: an admin."""
    pool, cognito = stack.outputs["UserPoolId"], stack.clients.cognito
    person = Person(username, PASSWORD, clinic_id)
    attributes = [{"Name": "email", "Value": f"{username}@attack.example"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username=username, MessageAction="SUPPRESS", UserAttributes=attributes)
    cognito.admin_set_user_password(UserPoolId=pool, Username=username, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=person.group)
    return person


def create_machine(stack: LocalStack, clinic_id: str, name: str, scopes: frozenset[str]) -> Machine:
    """Create a partner as the admins' page does; `admit` lets it through the gateway."""
    made = CognitoClients(stack.clients.cognito, stack.outputs["UserPoolId"]).create(name, scopes)
    partner = Partner(made.client_id, clinic_id, name, scopes, created_at=now())
    directory_of(stack).save_partner(partner)
    return Machine(made.client_id, made.secret, clinic_id, scopes)


def admit(stack: LocalStack) -> None:
    """Have the gateway's authorizer know all partners of the directory."""
    gateway = JwtAuthorizer(stack.clients.gateway, api_id(stack.outputs["ApiUrl"]), stack.outputs["AuthorizerId"])
    own = {stack.outputs["WebClientId"], stack.outputs["CliClientId"]}
    sync_audience(gateway, directory_of(stack), own, now())


def token_of(stack: LocalStack, client_id: str, secret: str, scopes: frozenset[str] = frozenset()) -> str:
    """Return an access token by the client-credentials grant."""
    grant = {"grant_type": "client_credentials"} | ({"scope": " ".join(sorted(scopes))} if scopes else {})
    answer = httpx.post(stack.token_url, data=grant, auth=(client_id, secret)).raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def directory_of(stack: LocalStack) -> DynamoDirectory:
    return DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
