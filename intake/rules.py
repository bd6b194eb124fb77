"""The judge's rules as plain data: `rules.json` is written by `python -m processor.judge.document`.

What a clinic may weigh in its own way, for whoever edits profiles; the judge itself reads its own catalogue.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from intake.files.model import Finding, Severity, Whose

LEVELS = ("off", "warn", "reject", "shadow")
"""What a rule may do: nothing, warn, reject, or only be counted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as far as profiles and the API go."""

    code: str
    severity: str
    """What it does where no profile says otherwise: `warn` or `reject`."""
    message: str
    remedy: str
    whose: Whose
    """Who can do something about it."""
    section: str = ""
    """Of the DICOM standard, where it follows from one."""
    protected: str = ""
    """Why it always rejects; empty for a rule that may be softened."""
    kinds: tuple[str, ...] = ()
    """The kinds of files that may break it, where it may be softened; empty for all."""

    def finding(self) -> Finding:
        return Finding(self.code, Severity(self.severity), self.message, self.remedy)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules, and the kinds of files that are taken."""

    version: str
    kinds: tuple[str, ...]
    chapters: tuple[tuple[str, tuple[Rule, ...]], ...]
    """What profiles may weigh."""
    told: tuple[tuple[str, tuple[Rule, ...]], ...]
    """All that may be told, studies' findings included."""

    @property
    def rules(self) -> dict[str, Rule]:
        return {rule.code: rule for _, held in self.chapters for rule in held}


@lru_cache(maxsize=1024)
def whose(code: str) -> Whose:
    """Return whose business a finding is; one of a rule that is no more is the clinic's."""
    rules = (rule for _, held in catalogue().told for rule in held)
    return next((rule.whose for rule in rules if rule.code == code), Whose.CLINIC)


def is_note(finding: Finding) -> bool:
    """Say whether a finding warns and asks nothing of anybody."""
    return finding.severity is Severity.WARN and whose(finding.code) is Whose.NOBODY


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    data = json.loads(files("intake").joinpath("rules.json").read_text())
    chapters = _chapters(data["chapters"])
    return Catalogue(data["version"], tuple(data["kinds"]), chapters, (*chapters, *_chapters(data["studies"])))


def _chapters(rows: Iterable[dict[str, Any]]) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    return tuple((row["title"], tuple(_read_rule(rule, row.get("kinds", ())) for rule in row["rules"])) for row in rows)


def _read_rule(row: dict[str, Any], kinds: Iterable[str]) -> Rule:
    return Rule(**row | {"whose": Whose(row["whose"]), "kinds": tuple(kinds)})
