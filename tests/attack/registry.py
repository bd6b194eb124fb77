"""The classes of attacks, in the order in which they run, and how one is run."""

import time
import traceback
from typing import Protocol

from tests.attack import (
    canaries,
    csrf,
    cursors,
    growth,
    hostile_files,
    keys,
    places,
    presigned,
    routes,
    tokens,
    webhook_addresses,
)
from tests.attack.report import Attack
from tests.attack.world import World


class AttackClass(Protocol):
    """A module of attacks of one kind."""

    NAME: str
    LEAST: int

    def attack(self, world: World, report: Attack, *, short: bool) -> None: ...


CLASSES: tuple[AttackClass, ...] = (
    tokens,
    places,
    routes,
    keys,
    cursors,
    csrf,
    presigned,
    webhook_addresses,
    hostile_files,
    growth,
    # Last, so that what the others sent is looked for in logs, too.
    canaries,
)


def run(kind: AttackClass, world: World, *, short: bool) -> Attack:
    """Run one class. In its short form, any attempt at all is enough."""
    report = Attack(kind.NAME, 1 if short else kind.LEAST)
    started = time.monotonic()
    try:
        kind.attack(world, report, short=short)
    except Exception as error:  # noqa: BLE001 - a class that breaks off has proven nothing; the others go on
        traceback.print_exc()
        report.breach(f"the class broke off: {type(error).__name__}")
    report.seconds = time.monotonic() - started
    return report
