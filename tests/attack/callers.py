"""Who asks: each kind of identity, by each way of saying who one is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx

from tests.attack import answers
from tests.attack.addresses import Address
from tests.attack.bodies import BODIES
from tests.attack.people import SCOPE_SETS, Browser
from tests.attack.world import World


class Standing(StrEnum):
    """What somebody is, whatever the way they come."""

    NOBODY = "nobody"
    STAFF = "staff"
    ADMIN = "admin"
    PARTNER = "partner"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Caller:
    """An identity and the way in which it says who it is: a token as bearer, or cookies."""

    name: str
    standing: Standing
    http: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)
    unsafe: dict[str, str] = field(default_factory=dict)
    """Headers of unsafe requests at pages: origin and CSRF token, as good as this caller can have them."""
    clinic_id: str | None = None
    scopes: frozenset[str] = frozenset()
    by_bearer: bool = False
    is_thorough: bool = False
    """Asks about everything malformed; the others ask about one such thing."""

    def ask(self, address: Address, path: str, ids: dict[str, str]) -> httpx.Response:
        """Send the address's own request, about the things of these ids."""
        body: dict[str, Any] = {}
        if (address.method, address.template) in BODIES:
            body = BODIES[address.method, address.template].for_ids(ids)
        page = {} if address.is_api else {"accept": "text/html"}
        unsafe = {} if address.is_safe or address.is_api else self.unsafe
        headers = {**page, **body.pop("headers", {}), **self.headers, **unsafe}
        return self.http.request(address.method, path, headers=headers, **body)


def callers(world: World, *, short: bool) -> Iterator[Caller]:
    """Return every identity that the matrix asks as; in the short form those who differ most."""
    yield Caller("anonymous", Standing.NOBODY, world.http_at_portal, unsafe={"origin": world.portal})
    yield _signed_in("staff", Standing.STAFF, world.staff)
    yield _signed_in("admin", Standing.ADMIN, world.admin)
    yield from (_partner(world, name) for name in _chosen(world, short=short))
    yield from (_in_cookies(world, name) for name in _chosen(world, short=short))
    world.wait_for_ends()
    yield _replayed(world, "disabled staff", Standing.DISABLED, world.disabled)
    yield _by_bearer(world, "disabled staff by bearer", Standing.DISABLED, world.disabled)
    if not short:
        yield _signed_in("other clinic's staff", Standing.STAFF, world.victim)
        yield _by_bearer(world, "staff by bearer", Standing.STAFF, world.staff)
        yield _by_bearer(world, "admin by bearer", Standing.ADMIN, world.admin)


def _chosen(world: World, *, short: bool) -> list[str]:
    return [world.all_scopes, "upload"] if short else list(SCOPE_SETS)


def _signed_in(name: str, standing: Standing, browser: Browser) -> Caller:
    clinic = browser.person.clinic_id
    return Caller(name, standing, browser.http, {}, browser.own_headers(), clinic, is_thorough=True)


def _replayed(world: World, name: str, standing: Standing, browser: Browser) -> Caller:
    """The cookies of a session as they once were, whatever the portal would have the browser forget."""
    headers = {"cookie": answers.cookie(browser.cookies())}
    clinic = browser.person.clinic_id
    return Caller(name, standing, world.http_at_portal, headers, browser.own_headers(), clinic)


def _by_bearer(world: World, name: str, standing: Standing, browser: Browser) -> Caller:
    headers = {"authorization": f"Bearer {browser.access_token}"}
    unsafe, clinic = {"origin": world.portal}, browser.person.clinic_id
    return Caller(name, standing, world.http_at_portal, headers, unsafe, clinic, by_bearer=True)


def _partner(world: World, scopes: str) -> Caller:
    headers = {"authorization": f"Bearer {world.token(scopes)}"}
    return Caller(
        f"partner with {scopes}",
        Standing.PARTNER,
        world.http_at_portal,
        headers,
        {"origin": world.portal},
        world.machines[scopes].clinic_id,
        SCOPE_SETS[scopes],
        by_bearer=True,
        is_thorough=scopes == world.all_scopes,
    )


def _in_cookies(world: World, scopes: str) -> Caller:
    """A partner's token among the cookies of a session that is real: no forger has better ones."""
    session = world.colleague
    jar = {**session.cookies(), "scalper-access": world.token(scopes), "scalper-refresh": "none"}
    return Caller(
        f"partner with {scopes} in staff's cookies",
        Standing.PARTNER,
        world.http_at_portal,
        {"cookie": answers.cookie(jar)},
        session.own_headers(),
        world.machines[scopes].clinic_id,
        SCOPE_SETS[scopes],
    )
