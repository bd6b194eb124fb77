"""Requests that another site has a signed-in browser send: none is carried out.

Each unsafe page route is asked about real things with a body that would be taken, so that what is not refused shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from tests.attack import answers
from tests.attack.addresses import Address, addresses
from tests.attack.bodies import BODIES
from tests.attack.people import Browser
from tests.attack.report import Attack
from tests.attack.world import World

NAME = "csrf"
LEAST = 1_500
OTHER_TYPES = ("text/plain", "application/json", "multipart/form-data; boundary=x", "application/xml", "")
OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
UNPARSED = frozenset({400, 403, 405, 413, 415, 422})
"""What a body of another type may be answered with: it is refused, or cannot be read."""

_ADDRESS = re.compile(r'(?:href|action)="([^"?]+)')


@dataclass(frozen=True)
class Trick:
    """Headers as another site might have them sent, and what is added to the address."""

    name: str
    headers: list[tuple[str, str]]
    query: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


def attack(world: World, report: Attack, *, short: bool) -> None:
    dice = world.dice(NAME)
    unsafe = [address for address in addresses() if not address.is_safe and not address.is_api]
    before = _state(world)
    for address in unsafe:
        browser = world.admin if address.route.startswith("/admin") else world.staff
        tricks = list(_tricks(world, browser))
        for trick in dice.sample(tricks, len(tricks) // 4) if short else tricks:
            _refuse(world, report, address, browser, trick)
        for trick in dice.sample(tricks, 2 if short else 12):
            _refuse(world, report, address, browser, trick, content_type=dice.choice(OTHER_TYPES))
        for trick in _overrides(browser):
            _carry_out_nothing(world, report, address, browser, trick)
    for name, told in _state(world).items():
        report.expect(told == before[name], f"{name}: not as before")


def _state(world: World) -> dict[str, object]:
    """Return what a request that is carried out would change, as its owners see it."""
    partner = world.partner(world.all_scopes)
    pages = {
        "the clinic's addresses": (world.staff, f"/settings/notifications/{world.own.clinic_id}"),
        "proposals": (world.admin, "/admin/reviews"),
        "clinics": (world.admin, "/admin/clinics"),
        "admins": (world.admin, "/admin/admins"),
    }
    told = {name: answers.shape(browser.http.get(path)) for name, (browser, path) in pages.items()}
    clinic = world.admin.http.get(f"/admin/clinics/{world.own.clinic_id}").text
    told["the clinic's people, clients and forms"] = sorted(set(_ADDRESS.findall(clinic)))
    told["an upload"] = partner.get(f"/api/v1/uploads/{world.own.ids['waiting_upload']}").json()["counts"]
    told["uploads"] = [one["upload_id"] for one in partner.get("/api/v1/uploads").json()["uploads"]]
    for name in ("file_id", "rejected", "waiting", "multipart"):
        told[f"the {name} file"] = partner.get(f"/api/v1/files/{world.own.ids[name]}").json()["state"]
    for browser in (world.staff, world.admin):
        told[f"the session of {browser.person.username}"] = browser.http.get("/session").status_code
    return told


def _tricks(world: World, browser: Browser) -> Iterator[Trick]:
    """Return the right token with every wrong origin, and the right origin with every wrong token."""
    token, ours = browser.csrf_token, world.portal
    for name, origin in _origins(ours).items():
        yield Trick(f"origin: {name}", [("origin", origin), ("x-csrf-token", token)])
    yield Trick("no origin", [("x-csrf-token", token)])
    yield Trick("a referer alone", [("x-csrf-token", token), ("referer", f"{ours}/")])
    yield Trick("two origins", [("origin", "https://evil.example"), ("origin", ours), ("x-csrf-token", token)])
    yield Trick("a fetch that says same-origin", [("sec-fetch-site", "same-origin"), ("x-csrf-token", token)])
    for name, wrong in _tokens(world, token).items():
        yield Trick(f"token: {name}", [("origin", ours), ("x-csrf-token", wrong)])
        yield Trick(f"token in a field: {name}", [("origin", ours)], fields={"csrf_token": wrong})
    here = [("origin", ours)]
    yield Trick("no token", here)
    yield Trick("the token in the query", here, query={"csrf_token": token})
    yield Trick("the token in another header", [*here, ("x-xsrf-token", token)])
    yield Trick("the token in another field", here, fields={"csrf": token, "_csrf": token, "csrf_token[]": token})
    yield Trick("a wrong header, the right field", [*here, ("x-csrf-token", "x")], fields={"csrf_token": token})


def _origins(ours: str) -> dict[str, str]:
    host = urlsplit(ours)
    return {
        "foreign": "https://evil.example",
        "null": "null",
        "empty": "",
        "ours as a prefix": f"{ours}.evil.example",
        "ours as a user": f"{ours}@evil.example",
        "ours behind another": f"https://evil.example/{ours}",
        "another port": f"http://localhost:{(host.port or 80) - 1}",
        "no port": "http://localhost",
        "by number": f"http://127.0.0.1:{host.port}",
        "by its other number": f"http://[::1]:{host.port}",
        "by TLS": f"https://localhost:{host.port}",
        "with a slash": f"{ours}/",
        "with a dot": f"http://localhost.:{host.port}",
        "in capitals": ours.upper(),
        "a subdomain": f"http://x.localhost:{host.port}",
        "two in one": f"{ours} https://evil.example",
        "a list": f"{ours}, https://evil.example",
        "a wildcard": "*",
    }


def _tokens(world: World, token: str) -> dict[str, str]:
    return {
        "empty": "",
        "of another clinic's session": world.victim.csrf_token,
        "of a colleague's session": world.colleague.csrf_token,
        "in capitals": token.upper() if token.upper() != token else token.swapcase(),
        "its beginning": token[:-1],
        "and more": token + "0",
        "reversed": token[::-1],
        "true": "true",
        "twice": f"{token}, {token}",
        "not ASCII": "\xe9" * 8,
    }


def _overrides(browser: Browser) -> Iterator[Trick]:
    """Return reads that would be writes, if the method were believed that they name."""
    good = list(browser.own_headers().items())
    for name in OVERRIDES:
        yield Trick(name, [*good, (name, "POST")])
    yield Trick("_method", good, query={"_method": "POST"})


def _send(
    address: Address, browser: Browser, world: World, trick: Trick, *, method: str, content_type: str | None = None
) -> httpx.Response:
    ids = address.ids_of(world.own)
    body = BODIES[address.method, address.template].for_ids(ids)
    if trick.fields and "json" not in body:
        body["data"] = {**body.get("data", {}), **trick.fields}
    headers = [*body.pop("headers").items(), *trick.headers]
    if content_type is not None:
        headers = [*headers, ("content-type", content_type)]
        body = {"content": b'{"order_id":"01k9ktx3mqf8g2w7v5n0ah4ebd","csrf_token":"x"}'}
    encoded = [(name, value.encode("latin-1")) for name, value in headers]
    path = httpx.URL(address.at(ids, world.own)).copy_merge_params(trick.query)
    return browser.http.request(method, path, headers=encoded, **body)


def _refuse(  # noqa: PLR0917 - an attempt, and who makes it
    world: World, report: Attack, address: Address, browser: Browser, trick: Trick, content_type: str | None = None
) -> None:
    answer = _send(address, browser, world, trick, method=address.method, content_type=content_type)
    refused = answer.status_code == 403 if content_type is None else answer.status_code in UNPARSED
    kind = f", as {content_type or 'no type'}" if content_type is not None else ""
    report.expect(refused, f"{address}, {trick.name}{kind}: {answer.status_code}")


def _carry_out_nothing(world: World, report: Attack, address: Address, browser: Browser, trick: Trick) -> None:
    """A read stays a read, whatever method it names: what it does shows in the state."""
    for method in ("GET", "OPTIONS"):
        answer = _send(address, browser, world, trick, method=method)
        read = answer.status_code < 500 and answer.status_code not in {201, 204}
        leads_on = answer.is_redirect and "done=" in answer.headers["location"]
        report.expect(read and not leads_on, f"{method} for {address}, {trick.name}: {answer.status_code}")
