"""Where a token may stand, and for how long a session lasts: everywhere else, and afterwards, it opens nothing."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx

from tests.attack import answers, cookies
from tests.attack.people import SCOPE_SETS
from tests.attack.report import Attack
from tests.attack.tokens import forger_of
from tests.attack.world import ENDS_WITHIN_S, World

NAME = "places of tokens"
LEAST = 40
LIST = "/api/v1/files?limit=1"
PAGES = ("/files", "/uploads", "/studies", "/settings/notifications", "/session", "/upload", "/admin")


@dataclass(frozen=True)
class Place:
    """A request that says who one is in a place where that counts for nothing."""

    name: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    method: str = "GET"
    data: Mapping[str, str] | None = None


def attack(world: World, report: Attack, *, short: bool) -> None:
    places = [*_at_the_api(world), *_at_pages(world), *_partners_in_cookies(world)]
    chosen = world.dice(NAME).sample(places, len(places) // 3) if short else places
    for place in chosen:
        for base in (world.portal, world.gateway):
            _refused(world, report, base, place)
    _double(world, report)
    cookies.attack_cookies(world, report, short=short)
    _leave(world, report)
    _be_disabled(world, report)


def _ask(world: World, base: str, place: Place) -> httpx.Response:
    headers = [("accept", "text/html"), ("origin", world.portal), *place.headers]
    return world.http.request(place.method, base + place.path, headers=headers, data=place.data)


def _refused(world: World, report: Attack, base: str, place: Place) -> None:
    answer = _ask(world, base, place)
    told = {*world.own.told_in(answer.text), *world.foreign.told_in(answer.text)}
    path = place.path.replace(world.own.ids["file_id"], "{file_id}")
    where = "gateway" if base == world.gateway else "portal"
    refused = answers.is_refusal(answer) and not told
    report.expect(refused, f"{where}, {place.name}, {place.method} {path}: {answer.status_code}")


def _at_the_api(world: World) -> Iterator[Place]:
    """The API takes one bearer token, in one header."""
    good, staff = world.token(world.all_scopes), world.staff.cookies()
    for name in ("access_token", "token", "jwt", "authorization", "bearer_token"):
        yield Place(f"a token in the query's {name}", f"{LIST}&{name}={good}")
        yield Place(f"a token in a cookie {name}", LIST, [("cookie", f"{name}={good}")])
    for scheme in ("Basic", "Token", "Digest", "Negotiate", "DPoP", "JWT", "MAC", ""):
        yield Place(f"the scheme {scheme!r}", LIST, [("authorization", f"{scheme} {good}".strip())])
    for name in ("x-forwarded-authorization", "x-amzn-oidc-data", "x-amzn-oidc-accesstoken", "x-access-token"):
        yield Place(f"the header {name}", LIST, [(name, f"Bearer {good}"), (name, good)])
    for name in ("proxy-authorization", "x-original-authorization", "x-api-key", "sec-websocket-protocol"):
        yield Place(f"the header {name}", LIST, [(name, f"Bearer {good}")])
    form = {"access_token": good}
    yield Place("a token in a form", "/api/v1/uploads", method="POST", data=form)
    for path in (LIST, "/dicomweb/studies", "/api/v1/webhooks"):
        yield Place("a session's cookies at the API", path, [("cookie", answers.cookie(staff))])
        yield Place("an access cookie at the API", path, [("cookie", f"scalper-access={staff['scalper-access']}")])


def _at_pages(world: World) -> Iterator[Place]:
    """Pages take sessions: no token by itself opens one, whoever's it is."""
    tokens = {"a partner's token": world.token(world.all_scopes), "a staff's token": world.staff.access_token}
    tokens["an admin's token"] = world.admin.access_token
    for name, token in tokens.items():
        for path in PAGES:
            yield Place(f"{name} as bearer at a page", path, [("authorization", f"Bearer {token}")])
            jar = {"scalper-access": token, "scalper-refresh": "x"}
            yield Place(f"{name} in a cookie without a session", path, [("cookie", answers.cookie(jar))])


def _partners_in_cookies(world: World) -> Iterator[Place]:
    """A partner's token among cookies: invented ones, and ones of a session that is real."""
    now, file = int(time.time()), world.own.ids["file_id"]
    sessions = {
        "an invented session": {"scalper-session": f"{'A' * 43}.{now}.RHI", "scalper-refresh": "x"},
        "a real session": {**world.colleague.cookies(), "scalper-refresh": "x"},
        "a real session and its refresh token": world.colleague.cookies(),
    }
    for kind, jar in sessions.items():
        for scopes in SCOPE_SETS:
            header = ("cookie", answers.cookie({**jar, "scalper-access": world.token(scopes)}))
            for path in ("/files", f"/files/{file}", f"/files/{file}/download"):
                yield Place(f"a partner's token ({scopes}) in {kind}", path, [header])
    secure = {f"__Host-{name}": value for name, value in sessions["an invented session"].items()}
    secure["__Host-scalper-access"] = world.token(world.all_scopes)
    yield Place("a partner's token in an invented __Host- session", "/files", [("cookie", answers.cookie(secure))])


def _double(world: World, report: Attack) -> None:
    """Two headers or two cookies of one name: whoever is believed, nobody else is."""
    good, forged = world.token(world.all_scopes), forger_of(world).as_victim(world.foreign.clinic_id)
    pairs = {"good, forged": (good, forged), "forged, good": (forged, good), "forged, forged": (forged, forged)}
    for name, tokens in pairs.items():
        doubled = [("authorization", f"Bearer {token}") for token in tokens]
        joined = [("authorization", ", ".join(f"Bearer {token}" for token in tokens))]
        for kind, headers in (("two headers", doubled), ("one header", joined)):
            for base in (world.portal, world.gateway):
                answer = _ask(world, base, Place(name, LIST, headers))
                held = not world.foreign.told_in(answer.text) and answer.status_code in {200, 400, 401, 403}
                held &= answer.status_code != 200 or good in tokens
                report.expect(held, f"{kind}, {name}: {answer.status_code}")


def _leave(world: World, report: Attack) -> None:
    """After sign-out, what the browser had is worth nothing, and another browser's session goes on."""
    leaving, staying = world.colleague.again(), world.colleague.again()
    assert staying.csrf_token
    headers = leaving.own_headers()
    jar = leaving.cookies()
    answer = leaving.http.post("/sign-out", headers=headers)
    report.expect(answer.status_code == 303, f"signing out was answered with {answer.status_code}")
    _wait_for_refusal(world, jar, time.monotonic() + ENDS_WITHIN_S)
    _replay(world, report, jar, headers, "after sign-out")
    going_on = staying.http.get("/files").status_code
    report.expect(going_on == 200, f"another browser's session after a sign-out elsewhere: {going_on}")


def _be_disabled(world: World, report: Attack) -> None:
    """After an account was disabled, its session and its token are worth nothing."""
    jar = world.disabled.cookies()
    world.wait_for_ends()
    _replay(world, report, jar, world.disabled.own_headers(), "after disabling")
    bearer = [("authorization", f"Bearer {world.disabled.access_token}")]
    for path in (LIST, f"/api/v1/files/{world.own.ids['file_id']}", "/dicomweb/studies"):
        for base in (world.portal, world.gateway):
            _refused(world, report, base, Place("an access token after disabling", path, bearer))


def _wait_for_refusal(world: World, jar: Mapping[str, str], until: float) -> None:
    """Wait until old cookies are refused everywhere, or ought to be."""
    header = [("cookie", answers.cookie(jar))]
    for base in (world.portal, world.gateway):
        while not answers.is_refusal(_ask(world, base, Place("", "/session", header))) and time.monotonic() < until:
            time.sleep(0.5)


def _replay(world: World, report: Attack, jar: Mapping[str, str], headers: Mapping[str, str], when: str) -> None:
    file = world.own.ids["file_id"]
    session = [("cookie", answers.cookie(jar)), ("x-csrf-token", headers["x-csrf-token"])]
    kept = [("authorization", f"Bearer {jar['scalper-access']}")]
    lapsed = [("cookie", answers.cookie({**jar, "scalper-access": "x.y.z"})), session[1]]
    for path in ("/files", f"/files/{file}", f"/files/{file}/download", "/session"):
        for base in (world.portal, world.gateway):
            _refused(world, report, base, Place(f"cookies {when}", path, session))
            _refused(world, report, base, Place(f"the refresh token {when}", path, lapsed))
    for path in (LIST, f"/api/v1/files/{file}", "/dicomweb/studies"):
        for base in (world.portal, world.gateway):
            _refused(world, report, base, Place(f"the access cookie as a token {when}", path, kept))
    prolonging = Place(f"cookies {when}", "/session", session, method="POST")
    _refused(world, report, world.portal, prolonging)
