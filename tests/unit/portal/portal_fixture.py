"""A portal on fakes, and browsers and machines that talk to it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from intake.files.model import now
from intake.storage.model import Presigned
from intake.tenants.model import Clinic, Partner
from portal.app import create_app
from portal.auth.lookups import KnownPartners, KnownRevocations, SigningKeys
from portal.auth.tokens import AccessClaims, Verifier, digest_session
from portal.http.access import find_access
from portal.http.access_table import Access
from portal.services import Services
from portal.sign_in.cookies import Session
from portal.sign_in.flow import SignIn
from tests.fakes import FakeRecords, FakeVerdicts
from tests.unit.portal.crypto.stored_secret import Seconds
from tests.unit.portal.pool import (
    CLI_CLIENT,
    ISSUER,
    WEB_CLIENT,
    FakeKeyServer,
    FakeUserPool,
    access_claims,
    access_token,
    partner_token,
)
from tests.wired_portal import ORIGIN, Backends, settings, wired_portal

ALL_SCOPES = frozenset({"scalper/upload", "scalper/read", "scalper/webhooks"})


@dataclass
class Clock:
    """A clock that stands still until it is put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Portal(Backends):
    """A portal and everything behind it."""

    origin: str = ORIGIN
    clock: Clock = field(default_factory=Clock)
    pool: FakeUserPool = field(default_factory=FakeUserPool)
    key_server: FakeKeyServer = field(default_factory=FakeKeyServer)
    moments: Seconds = field(default_factory=Seconds)
    """The time by which answers are remembered."""

    def __post_init__(self) -> None:
        for clinic_id, name in (("northside", "Northside Imaging"), ("lakeview", "Lakeview Clinic")):
            self.directory.save_clinic(Clinic(clinic_id, name))
        self.directory.save_partner(Partner("partner-1", "northside", "Northside RIS", ALL_SCOPES))
        self.directory.save_partner(Partner("partner-2", "lakeview", "Lakeview RIS", ALL_SCOPES))
        self.records = FakeRecords(self.table, self.clock)
        self.verdicts = FakeVerdicts(self.table)
        self.services = self._services()
        self.app = create_app(self.services)

    def _services(self) -> Services:
        configured = settings(portal_origin=self.origin)
        revocations = KnownRevocations(self.revocations, self.moments)
        verifier = Verifier(
            keys=SigningKeys(self.key_server.fetch),
            issuer=ISSUER,
            web_client_id=WEB_CLIENT,
            cli_client_id=CLI_CLIENT,
            partner=KnownPartners(self.directory, now=self.clock).find,
            ended=revocations.has_ended,
        )
        return wired_portal(
            self,
            records=self.records,
            send=self.sent,
            verifier=verifier,
            sign_in=SignIn(self.pool, verifier, configured),
            settings=configured,
            clock=self.clock,
            revocations=revocations,
        )

    def sent(self, presigned: Presigned, body: bytes) -> None:
        """Take a body as the incoming bucket does; tests judge it."""
        self.objects.put("incoming", urlsplit(presigned.url).path.lstrip("/"), body)

    def without_mailbox(self) -> Services:
        return replace(self.services, mailbox=None)

    def visitor(self, **options: Any) -> TestClient:
        """Return a browser in which nobody is signed in."""
        headers = {"accept": "text/html", "origin": self.origin}
        return TestClient(self.app, base_url=self.origin, headers=headers, follow_redirects=False, **options)

    def machine(self, token: str = "", **options: Any) -> TestClient:
        """Return a program with a bearer token; by default, that of northside's partner."""
        headers = {"authorization": f"Bearer {token or partner_token()}"}
        return TestClient(self.app, base_url=self.origin, headers=headers, follow_redirects=False, **options)

    def browser(self, **claims: Any) -> TestClient:
        """Return a browser in which somebody is signed in; by default, a member of northside's staff.

        It sends the CSRF token as scripts do; `csrf_of` is for forms.
        """
        session = self.session(**claims)
        client = self.visitor()
        self.put(session, client)
        client.headers["x-csrf-token"] = session.csrf_token
        return client

    def admin(self) -> TestClient:
        return self.browser(sub="admin-1", **{"cognito:groups": ["admin"]})

    def session(self, *, renewed_by: str = "refresh-1", **claims: Any) -> Session:
        """Return a session as the callback of a sign-in opens it."""
        token = access_token(**claims)
        said = access_claims(**claims)
        return Session.new(
            AccessClaims(
                subject=said["sub"],
                client_id=WEB_CLIENT,
                groups=frozenset(),
                scopes=frozenset(),
                expires_at=said["exp"],
                partner=None,
                session_id=digest_session(said, token),
                signed_in_at=said["iat"],
            ),
            now=self.services.now(),
            display_name="Nora North",
            access_token=token,
            refresh_token=renewed_by,
        )

    def put(self, session: Session, client: TestClient) -> None:
        """Have a browser keep a session, as the portal writes it."""
        for value in self.services.cookies.write(session):
            put_cookie(client, value)


def put_cookie(client: TestClient, set_cookie: str) -> None:
    name, _, rest = set_cookie.partition("=")
    client.cookies.set(name, rest.partition(";")[0], domain=str(client.base_url.host), path="/")


def set_cookies(response: Any) -> Mapping[str, str]:
    """Return a response's cookies: name → the whole Set-Cookie value."""
    return {value.partition("=")[0]: value for value in response.headers.get_list("set-cookie")}


def cookie_value(set_cookie: str) -> str:
    match = re.match(r"[^=]+=([^;]*)", set_cookie)
    assert match
    return match[1]


def cookies_of(portal: Portal, session: Session) -> dict[str, str]:
    """Return a session's cookies by role."""
    written = (value.partition(";")[0].partition("=") for value in portal.services.cookies.write(session))
    return {name.rpartition("-")[2]: value for name, _, value in written}


@dataclass(frozen=True, slots=True)
class Declared:
    """A route, and whom it admits: None where nobody said so."""

    method: str
    path: str
    access: Access | None


def list_declared(app: FastAPI) -> Iterator[Declared]:
    """Yield every method of every route of an app, with what is declared of it."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or {"*"}):
            path = route.path or ""
            yield Declared(method, path, find_access(method, path))
