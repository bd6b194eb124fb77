"""Patients' values, planted in every way, are looked for in everything that keeps something."""

import base64
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from tests.attack import planting, stores
from tests.attack.report import Attack
from tests.attack.stores import Place
from tests.attack.world import World
from tests.waiting import until

NAME = "canaries of patient data"
LEAST = 18


def attack(world: World, report: Attack, *, short: bool) -> None:
    texts = planting.plant(world)
    _settled(world, texts)
    for gap in stores.gaps([(kind, name) for kind, name, _ in stores.resources(world)]):
        report.breach(f"say in tests/attack/stores.py what this keeps: {gap}")
    found = seen(stores.everything(world), texts)
    for kind in texts:
        places = found.get(kind, [])
        report.expect(not places, f"{kind}: {'; '.join(sorted(set(places))[:6])}")


def seen(places: Iterable[Place], texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return where texts stand and may not, by the way in which they were planted."""
    spelled = {kind: spellings(text) for kind, text in texts.items()}
    found: dict[str, list[str]] = {}
    for place in places:
        lowered = place.text.lower()
        for kind, ways in spelled.items():
            if kind not in place.may and any(way in lowered for way in ways):
                found.setdefault(kind, []).append(place.where)
    return found


def spellings(text: str) -> frozenset[str]:
    """Return how a text may stand somewhere: as it is, in hexadecimal, in base 64 wherever that begins, in UTF-16."""
    raw = text.encode()
    ways = {text, raw.hex(), quote(text), text[::-1], "\0".join(text)}
    for shift in range(3):
        # The first and the last characters depend on what stands beside the text.
        ways.add(base64.b64encode(bytes(shift) + raw).decode().rstrip("=")[4 if shift else 0 : -3])
    return frozenset(way.lower() for way in ways)


def _settled(world: World, texts: Mapping[str, str]) -> None:
    """Wait until all files have their verdicts and what follows from them is projected."""
    with world.partner(world.all_scopes) as partner:

        def complete() -> bool:
            uploads = partner.get("/api/v1/uploads", params={"limit": 20}).json()["uploads"]
            planted = [upload for upload in uploads if upload["reference"] in {texts["reference"], "DICOMweb"}]
            return len(planted) > 1 and all(not upload["counts"].get("awaiting_upload") for upload in planted)

        until(complete, "the verdicts on what was planted", 90)
