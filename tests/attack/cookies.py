"""A session's cookies, changed by whoever holds them: nothing in them is believed that the portal did not write."""

import base64
import json
import random
import time
from collections.abc import Iterator

import httpx

from tests.attack import answers
from tests.attack.report import Attack
from tests.attack.world import World

FORGED_NAME = "Dr. Somebody Else"
TOKENS = ("scalper-access", "scalper-refresh")
ATTEMPT = "scalper-attempt"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def attack_cookies(world: World, report: Attack, *, short: bool) -> None:
    dice = world.dice("cookies")
    _change(world, report, dice, times=8 if short else 40)
    _rewrite(world, report)
    _mix(world, report)
    _attempt(world, report)


def _session_cookies(world: World) -> dict[str, str]:
    """Return what of a session's cookies are no tokens: those that the portal itself writes."""
    return {name: value for name, value in world.staff.cookies().items() if name not in TOKENS}


def _page(world: World, jar: dict[str, str], path: str = "/files", base: str = "") -> httpx.Response:
    headers = {"cookie": answers.cookie(jar), "accept": "text/html"}
    return world.http.get((base or world.portal) + path, headers=headers)


def _change(world: World, report: Attack, dice: random.Random, times: int) -> None:
    """Change one character, anywhere: the session is not the one that was given out."""
    jar = world.staff.cookies()
    control = _page(world, jar).status_code
    report.expect(control == 200, f"control: a session's own cookies were answered with {control}")
    for name, value in _session_cookies(world).items():
        # The last character of a base64 text may hold bits that count for nothing.
        places = [at for at, one in enumerate(value[:-1]) if one != "." and value[at + 1] != "."]
        for place in dice.sample(places, min(times, len(places))):
            digits = "0123456789" if value[place].isdigit() else ALPHABET
            other = dice.choice([one for one in digits if one != value[place]])
            changed = {**jar, name: value[:place] + other + value[place + 1 :]}
            answer = _page(world, changed)
            what = f"{name} with its character {place} changed: {answer.status_code}"
            report.expect(answers.is_refusal(answer), what)


def _rewrite(world: World, report: Attack) -> None:
    """Write a name, a time and a new secret into the cookie; afterwards nobody is called by that name."""
    jar, now = world.staff.cookies(), int(time.time())
    name = base64.urlsafe_b64encode(FORGED_NAME.encode()).decode().rstrip("=")
    words = {"a name": name, "an earlier time": str(now - 1200), "a later time": str(now + 300), "a secret": "A" * 43}
    for cookie, value in _session_cookies(world).items():
        parts = value.split(".")
        for place, _ in enumerate(parts):
            for kind, word in words.items():
                rewritten = ".".join([*parts[:place], word, *parts[place + 1 :]])
                path = f"/files/{world.own.ids['file_id']}/download"
                answer = _page(world, {**jar, cookie: rewritten}, path)
                what = f"{cookie} with {kind} in its part {place}: {answer.status_code}"
                report.expect(answers.is_refusal(answer), what)
    audit = world.admin.http.get("/admin/audit", params={"clinic": world.own.clinic_id}).text
    report.expect(FORGED_NAME not in audit, "the audit log calls somebody by a name that a cookie said")


def _mix(world: World, report: Attack) -> None:
    """Put two people's sessions together: neither is one."""
    mine, theirs = world.staff.cookies(), world.colleague.cookies()
    for names in (("scalper-access",), ("scalper-refresh", "scalper-access"), tuple(_session_cookies(world))):
        mixed = {**mine, **{name: theirs[name] for name in names}}
        for base in (world.portal, world.gateway):
            answer = _page(world, mixed, base=base)
            what = f"one person's session with another's {', '.join(names)}: {answer.status_code}"
            report.expect(answers.is_refusal(answer), what)


def _attempt(world: World, report: Attack) -> None:
    """Come back from the managed login with a sign-in that was never begun, in every odd spelling."""
    for name, packed in _attempts():
        for base in (world.portal, world.gateway):
            headers = {"cookie": f"{ATTEMPT}={packed}", "accept": "text/html"}
            answer = world.http.get(f"{base}/auth/callback?state=a&code=b", headers=headers)
            # The function in the emulator cannot reach the managed login, and says so.
            unreached = base == world.gateway and answer.status_code == 503
            held = answer.status_code in {400, 401, 403} or answers.is_refusal(answer) or unreached
            report.expect(held, f"a sign-in's cookie: {name}: {answer.status_code}")


def _attempts() -> Iterator[tuple[str, str]]:
    odd = {
        "half a surrogate pair in the state": ["\ud800", "b", "c", "/x"],
        "half a surrogate pair in the nonce": ["a", "\udfff", "c", "/x"],
        "half a surrogate pair in the verifier": ["a", "b", "\ud800", "/x"],
        "half a surrogate pair in the page": ["a", "b", "c", "/\ud800"],
        "numbers": [1, 2, 3, 4],
        "lists": [[], [], [], []],
        "too few": ["a"],
        "too many": ["a"] * 9,
        "an object": {"state": "a"},
        "null": None,
        "a NUL": ["a", "b\0", "c", "/x"],
        "another site": ["a", "b", "c", "//evil.example"],
        "long": ["a", "b" * 2000, "c", "/x"],
    }
    for name, fields in odd.items():
        yield name, base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    deep = b"[" * 2500
    yield "deep lists", base64.urlsafe_b64encode(deep).decode().rstrip("=")
    yield "no base64", "%00"
    yield "nothing", ""
    yield "a lone byte", "A"
    yield "no UTF-8", base64.urlsafe_b64encode(b'["a","\xff","c","/x"]').decode().rstrip("=")
