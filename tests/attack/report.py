"""What attacks found: by class, how many were tried and which got through."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

SHOWN = 40
"""Breaches of a class that are told one by one."""


@dataclass
class Attack:
    """A class of attacks as it runs: counts attempts and keeps what got through."""

    name: str
    least: int
    """Attempts without which the class says nothing."""
    attempts: int = 0
    breaches: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is worth knowing and no breach."""
    seconds: float = 0.0

    def expect(self, held: bool, what: str) -> bool:
        """Count an attempt; it is a breach unless `held`. Return `held`.

        `what` names route, identity and kind of the attempt, and never a value of a patient's or a token.
        """
        self.attempts += 1
        if not held:
            self.breaches.append(what)
        return held

    def breach(self, what: str) -> None:
        """Keep a breach of an attempt that was counted, or a gap in the suite itself."""
        self.breaches.append(what)

    def note(self, what: str) -> None:
        self.notes.append(what)

    @property
    def failed(self) -> bool:
        """A class that hardly tried has proven nothing."""
        return bool(self.breaches) or self.attempts < self.least


def table(attacks: Iterable[Attack], *, short: bool = False) -> Table:
    """Return the table of classes, attempts and breaches, for a console."""
    shown = Table(title="Attacks" + (" (short form)" if short else ""))
    for title in ("Class", "Attempts", "At least", "Breaches", "Seconds"):
        shown.add_column(title, justify="left" if title == "Class" else "right")
    for attack in attacks:
        style = "bold red" if attack.failed else ""
        least = "any" if short else f"{attack.least:,}"
        numbers = (f"{attack.attempts:,}", least, f"{len(attack.breaches):,}", f"{attack.seconds:.1f}")
        shown.add_row(attack.name, *numbers, style=style)
    return shown


def as_json(attacks: Sequence[Attack], *, seed: int, short: bool) -> dict[str, Any]:
    """Return what `.scalper/attack.json` holds."""
    return {
        "seed": seed,
        "short": short,
        "attempts": sum(attack.attempts for attack in attacks),
        "breaches": sum(len(attack.breaches) for attack in attacks),
        "classes": [
            {
                "class": attack.name,
                "attempts": attack.attempts,
                "least": attack.least,
                "breaches": attack.breaches,
                "notes": attack.notes,
                "seconds": round(attack.seconds, 1),
                "failed": attack.failed,
            }
            for attack in attacks
        ],
    }


def write(attacks: Sequence[Attack], file: Path, *, seed: int, short: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(as_json(attacks, seed=seed, short=short), indent=1) + "\n")
