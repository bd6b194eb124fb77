"""The judge's rules as plain data: `rules.json` is written by `python -m processor.judge.document`.

What a clinic may weigh in its own way, for whoever edits profiles; the judge itself reads its own catalogue.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

LEVELS = ("off", "warn", "reject", "shadow")
"""What a rule may do: nothing, warn, reject, or only be counted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as far as profiles go."""

    code: str
    severity: str
    """What it does where no profile says otherwise: `warn` or `reject`."""
    message: str
    protected: str = ""
    """Why it always rejects; empty for a rule that may be softened."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules, and the kinds of files that are taken."""

    version: str
    kinds: tuple[str, ...]
    chapters: tuple[tuple[str, tuple[Rule, ...]], ...]

    @property
    def rules(self) -> dict[str, Rule]:
        return {rule.code: rule for _, held in self.chapters for rule in held}


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    data = json.loads(files("intake").joinpath("rules.json").read_text())
    chapters = tuple(
        (chapter["title"], tuple(Rule(**rule) for rule in chapter["rules"])) for chapter in data["chapters"]
    )
    return Catalogue(data["version"], tuple(data["kinds"]), chapters)
