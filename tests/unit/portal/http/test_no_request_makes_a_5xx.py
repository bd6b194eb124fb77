"""No request of anybody makes a 5xx: every route, by everybody, with whatever may be sent."""

import os
import random

import anyio
import pytest
from fastapi.routing import iter_route_contexts

from intake.files.states import State
from tests.records import a_file
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.hostile import Chance, Hostile

SEED = int(os.environ.get("SEED", "20261129"))
EACH = int(os.environ.get("REQUESTS", "6"))
"""Requests of each route and each kind of caller; `REQUESTS=500 SEED=1` looks longer and elsewhere."""


def routes(portal):
    return [route for route in iter_route_contexts(portal.app.routes) if getattr(route, "dependant", None)]


def cookie_login(client):
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    headers = {"cookie": cookies, "origin": "https://portal.test", "x-csrf-token": client.headers["x-csrf-token"],
               "accept": "text/html", "host": "portal.test"}  # fmt: skip
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def logins(portal):
    machine = portal.machine().headers["authorization"].encode()
    return {
        "nobody": [(b"host", b"portal.test"), (b"origin", b"https://portal.test")],
        "staff": cookie_login(portal.browser()),
        "admin": cookie_login(portal.admin()),
        "partner": [(b"host", b"portal.test"), (b"authorization", machine)],
    }


async def status_of(app, hostile: Hostile) -> int | str:
    """Return the status of the answer, or the error that escaped."""
    begun: list[int] = []

    messages = iter([{"type": "http.request", "body": hostile.body, "more_body": False}])

    async def receive():
        # Whoever has sent all waits for the answer.
        return next(messages, None) or await anyio.sleep_forever()

    async def send(message):
        begun.extend([message["status"]] if "status" in message else [])

    try:
        await app(hostile.scope(), receive, send)
    except Exception as error:  # noqa: BLE001  # Whatever escapes is a failure, and told with its request.
        return repr(error)
    return begun[0] if begun else "no answer"


@pytest.fixture
def filled(portal, monkeypatch):
    """A portal with files in every state, whose STOW waits for nobody."""
    monkeypatch.setattr("portal.dicomweb.stow.PATIENCE_S", 0)
    Archive(portal).fill()
    for number, state in enumerate(State):
        record = a_file(file_id=f"01k9ktx3mqf8g2w7v5n0ah4ebc-{number:05d}", clinic_id="northside", state=state)
        portal.table.files[record.file_id] = record
    return portal


@pytest.mark.parametrize("who", ["nobody", "staff", "admin", "partner"])
def test_no_request_makes_a_5xx(filled, who):
    print(f"SEED={SEED} REQUESTS={EACH}")
    login = logins(filled)[who]
    ids = random.Random(SEED).sample([*filled.table.files, *filled.table.uploads], 6)
    chance, failures = Chance(SEED, ("01k9ktx3mqf8g2w7v5n0ah4ebc", *ids)), []

    async def attack():
        for route in routes(filled):
            for hostile in chance.requests(route, login, EACH):
                status = await status_of(filled.app, hostile)
                if not isinstance(status, int) or status >= 500:
                    failures.append((status, route.path, hostile))

    anyio.run(attack)
    assert failures == []
