"""Cursors of other lists and other clinics, changed and invented ones, at every list: one 400, and nothing told.

What is asked about another clinic's things with them is answered as it is about unknown ones.
"""

import base64
import html
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

import httpx

from intake.files.keys import new_upload_id
from tests.attack import answers
from tests.attack.addresses import PRIVATE, listed_by_cursor
from tests.attack.report import Attack
from tests.attack.things import Things, announce
from tests.attack.world import World

NAME = "cursors"
LEAST = 800
OTHERS, MADE = 10, 12
"""Other lists' cursors, and invented ones, that each list is tried with."""
MANY = 500
"""Files of an upload: more than any page shows, or any search looks at."""
BY_LINK = {"/shared/content"}
"""Its cursors are bound to a link besides, by which nobody of the askers comes; its own tests try them."""

DAY, EXAMS = "2026-01-31", 60
"""A day on which more exams are expected than any page shows."""

LISTS = {
    "machine": (
        "/api/v1/files",
        "/api/v1/files?state=awaiting_upload",
        "/api/v1/files?upload_id={many}",
        "/api/v1/files?study_uid={study_uid}",
        "/api/v1/files?modality=CT",
        "/api/v1/uploads",
        "/api/v1/uploads/{many}",
        "/api/v1/uploads/{many}/receipt",
        "/api/v1/studies",
        "/api/v1/studies/{study_uid}/content",
        "/api/v1/uploads/{many}/content",
        "/api/v1/changes",
        "/api/v1/expected-exams?day={expected_day}",
    ),
    "staff": (
        "/files",
        "/files?upload={many}",
        "/files?study={study_id}",
        "/files?search={search}",
        "/uploads",
        "/uploads/{many}",
        "/uploads/{many}/_receipt",
        "/uploads/{many}/trouble?cause=1%23",
        "/upload/{many}/files",
        "/studies",
        "/studies?search={search}",
        "/studies/{study_id}",
        "/studies/{study_id}/content",
        "/patients/{patient}",
        "/expected?day={expected_day}",
    ),
    "admin": (
        "/admin/audit",
        "/admin/quarantine",
        "/admin/stuck",
        "/admin/uploads",
        "/admin/orders/{order_id}",
        "/admin/orders/{order_id}/_progress",
        "/files",
        "/studies",
    ),
}
"""Every list that is told in pages, and who asks."""

_LINK = re.compile(r'(?:cursor|since)=([^"&\s]+)')


@dataclass(frozen=True)
class Asker:
    """Somebody with a client, and the things of theirs that lists are about."""

    name: str
    http: httpx.Client
    ids: dict[str, str]
    own_headers: Callable[[], dict[str, str]] = dict
    """What an unsafe request of its brings: a browser's token."""

    def ask(self, template: str, cursor: str | None, *, limit: bool = False) -> httpx.Response:
        path = template.format(**self.ids)
        name = "since" if path.startswith("/api/v1/changes") else "cursor"
        more = {**({name: cursor} if cursor is not None else {}), **({"limit": "1"} if limit else {})}
        url = httpx.URL(path).copy_merge_params(more)
        if path.endswith("/content"):
            return self.http.post(url, json={}, headers=self.own_headers())
        return self.http.get(url)

    def real(self, template: str) -> str | None:
        """Return the cursor that a list gives, if it has more than a page."""
        answer = self.ask(template, None, limit=template.startswith("/api/"))
        if "json" in answer.headers.get("content-type", ""):
            told: dict[str, str] = answer.json()
            return told.get("next") or told.get("cursor")
        found = _LINK.search(answer.text)
        return unquote(html.unescape(found[1])) if found else None


class Lists:
    """The askers, and the real cursors of all their lists."""

    def __init__(self, world: World) -> None:
        self.world = world
        machine, victim = world.partner(world.all_scopes), world.partner("victim")
        ids, theirs = _ids(world.own, machine), _ids(world.foreign, victim)
        self.attackers = {
            "machine": Asker("partner", machine, ids),
            "staff": Asker("staff", world.staff.http, ids, world.staff.own_headers),
            "admin": Asker("admin", world.admin.http, {**ids, "order_id": _order(world)}),
        }
        self.victims = {
            "machine": Asker("other clinic's partner", victim, theirs),
            "staff": Asker("other clinic's staff", world.victim.http, theirs, world.victim.own_headers),
        }

    @cached_property
    def real(self) -> dict[tuple[str, str], str]:
        """Real cursors, by asker's name and list."""
        askers = [*self.attackers.items(), *self.victims.items()]
        found = {(asker.name, template): asker.real(template) for kind, asker in askers for template in LISTS[kind]}
        return {where: cursor for where, cursor in found.items() if cursor}


def attack(world: World, report: Attack, *, short: bool) -> None:
    for route in sorted(listed_by_cursor() - BY_LINK - {list_.partition("?")[0] for list_ in _routes()}):
        report.breach(f"GET {route} takes a cursor and has no row")
    lists, dice = Lists(world), world.dice(NAME)
    _decode(world, report, lists)
    for kind, asker in lists.attackers.items():
        for template in LISTS[kind]:
            _try_all(report, lists, asker, template, dice, short=short)
    _compare(world, report, lists, short=short)


def _ids(things: Things, partner: httpx.Client) -> dict[str, str]:
    """Have an upload and a day's list made that are longer than a page, and return them among the ids."""
    name = things.canaries["file name"]
    many = announce(partner, {f"{name}-{number}": 1 for number in range(MANY)})["upload_id"]
    exam = things.canaries["expected exam"]
    exams = [{"accession_number": f"{exam}-{number}", "day": DAY} for number in range(EXAMS)]
    answer = partner.post("/api/v1/expected-exams", json={"exams": exams})
    assert answer.status_code == 200, f"expected exams were answered with {answer.status_code}"
    return {**things.ids, "many": many, "expected_day": DAY}


def _order(world: World) -> str:
    """Have an admin place an order of their own, and return its id."""
    form = {"order_id": new_upload_id(), "scope": "selected", "file": world.own.ids["rejected"], "task": "try"}
    assert world.admin.post("/admin/quarantine", data=form).status_code == 303
    return form["order_id"]


def _routes() -> Iterator[str]:
    own = ("study_id", "patient", "order_id", "study_uid", "search")
    names = {
        "many": "{upload_id}",
        "expected_day": DAY,
        **{name: f"{{{name}}}" for name in own},
    }
    for templates in LISTS.values():
        for template in templates:
            yield template.format(**names)


def _decode(world: World, report: Attack, lists: Lists) -> None:
    """Read cursors as their holder can: they say nothing, of nobody."""
    words = [value.lower() for things in (world.own, world.foreign) for value in things.ids.values() if len(value) > 7]
    for (asker, template), cursor in lists.real.items():
        told = _decoded(cursor)
        read = [word for word in words if word in f"{cursor} {told}".lower()]
        read = read or re.findall(r"\d{4}-\d\d-\d\d|[0-9a-z]{26}", told)
        report.expect(not read, f"{asker}, {template}: its cursor can be read")


def _decoded(cursor: str) -> str:
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if cursor.isascii() else b""
    return raw.decode("latin-1").lower()


def _try_all(report: Attack, lists: Lists, asker: Asker, template: str, dice: random.Random, *, short: bool) -> None:
    own = lists.real.get((asker.name, template))
    if own:
        status = asker.ask(template, own).status_code
        report.expect(status == 200, f"control: {asker.name}, {template}, its own cursor: {status}")
    baseline = asker.ask(template, "x")
    report.expect(baseline.status_code == 400, f"{asker.name}, {template}, the text 'x': {baseline.status_code}")
    refusal = _shape(baseline, "x")
    strange = list(_strange(lists, asker, template, own, dice))
    for name, cursor in dice.sample(strange, len(strange) // 4) if short else strange:
        answer = asker.ask(template, cursor)
        told = lists.world.foreign.told_in(answer.text) if asker.name != "admin" else []
        same = not told and _shape(answer, cursor) == refusal
        what = "tells" if told else "another 400" if answer.status_code == 400 else answer.status_code
        report.expect(same, f"{asker.name}, {template}, {name}: {what}")


def _shape(answer: httpx.Response, cursor: str) -> object:
    return answers.shape(answer, {"cursor": cursor})


def _strange(
    lists: Lists, asker: Asker, template: str, own: str | None, dice: random.Random
) -> Iterator[tuple[str, str]]:
    """Return cursors that are not this list's, by what they are."""
    # With another filter, the same list may go on: what it then tells is its own clinic's. So may a page's own script.
    here = (asker.name, _list(template))
    others = [one for one in lists.real.items() if (one[0][0], _list(one[0][1])) != here]
    for (whose, where), cursor in dice.sample(others, min(OTHERS, len(others))):
        yield f"{whose}'s cursor of {where}", cursor
    base = own or next(iter(lists.real.values()))
    yield from ((f"{name} of a real cursor", cursor) for name, cursor in _changed(base, dice))
    made = dice.sample(_positions(lists.world.foreign.ids), MADE)
    yield from ((f"made of {text[:24]!r}", _encoded(text)) for text in made)
    yield from ((f"the text {text[:12]!r}", text) for text in ("A", "====", "..", "é", "%00", "null", "0", "-1", "~"))


def _list(template: str) -> str:
    """Return the address of a list: without filters, and of the page where a part of it is what is asked for."""
    return template.partition("?")[0].partition("/_")[0]


def _changed(cursor: str, dice: random.Random) -> Iterator[tuple[str, str]]:
    place = dice.randrange(len(cursor) - 1)
    yield "a changed character", f"{cursor[:place]}{'A' if cursor[place] != 'A' else 'B'}{cursor[place + 1 :]}"
    yield "the beginning", cursor[: len(cursor) // 2]
    yield "the end", cursor[len(cursor) // 2 :]
    yield "all but the last character", cursor[:-1]
    yield "one character more", cursor + "A"
    yield "two", cursor + cursor
    yield "the reverse", cursor[::-1]
    yield "the other case", cursor.swapcase()
    yield "a space before", f" {cursor}"
    yield "a NUL behind", f"{cursor}\0"
    yield "an encoding", _encoded(cursor)


def _positions(ids: dict[str, str]) -> list[str]:
    """Return what cursors might be made of, other clinics' ids among it."""
    upload, file = ids["upload_id"], ids["file_id"]
    return [
        *("~", "!", " ", "\x00", "0", "9" * 199, "#", "{}", "' OR 1=1", "FILE#", "FILE#~", "#META", "#COUNTS"),
        *(f"FILE#{file}", f"UPLOAD#{upload}", upload, file, f"hillside#accepted#{file}"),
        *("changes#0", "changes#-1", "changes#999999999999999", "2026-11-29T00:00:00.000000Z#" + file),
        '{"pk":"UPLOAD#"}',
    ]


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _compare(world: World, report: Attack, lists: Lists, *, short: bool) -> None:
    """Ask about another clinic's things, with and without a cursor, as about unknown ones."""
    theirs, unknown = lists.victims["machine"].ids, {**PRIVATE, "many": PRIVATE["upload_id"], "expected_day": DAY}
    texts = ["!", "~", f"FILE#{theirs['file_id']}"]
    tried: list[str | None] = [None, "IQ", "x", *map(_encoded, texts), *list(lists.real.values())[:4]]
    for kind, asker in list(lists.attackers.items())[:2]:
        for template in (template for template in LISTS[kind] if "{" in template):
            for cursor in tried[: 4 if short else None]:
                told = [
                    answers.shape(Asker("", asker.http, ids).ask(template, cursor), {**ids, "cursor": cursor or ""})
                    for ids in (theirs, unknown)
                ]
                what = f"{asker.name}, {template}, {'no cursor' if cursor is None else 'a cursor'}: "
                report.expect(told[0] == told[1], f"{what}other's is told from unknown")
                report.expect(told[0][0] < 500, f"{what}{told[0][0]}")
