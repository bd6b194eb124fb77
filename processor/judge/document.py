"""Writes what others read of the catalogue: `python -m processor.judge.document`.

`docs/findings.md` is for people, `intake/rules.json` for the portal, whose editor of profiles must know the rules and
may not import the judge (ADR 0014).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from intake.files.model import Severity
from intake.studies.rules import SECTIONS
from processor.judge.rules.catalogue import CHAPTERS, KINDS_BY_CHAPTER, RULES_VERSION, TAKEN
from processor.judge.rules.mandatory_rules import PROTECTED
from processor.judge.rules.rule import Rule

DOCUMENT = Path("docs/findings.md")
RULES = Path("intake/rules.json")

HEAD = f"""# Findings

What the judge can say about a file. Generated from `processor/judge/rules/catalogue.py` (rules {RULES_VERSION}) by
`uv run python -m processor.judge.document`; do not edit.

A file with a **reject** finding goes to quarantine; one with **warn** findings only is accepted with warnings.
Findings say where (a tag or an offset) and never a patient's value. A warning is the business of the **clinic** that
sent the file, of the **vendor** of the system that wrote it, or of **nobody**: good to know, and folded away on pages.
"""

STUDIES = tuple(
    Rule(found.code, found.severity, found.message, found.remedy, section) for found, section in SECTIONS.items()
)
"""Said of a study and of none of its files, so that no profile weighs them."""

OF_STUDIES = ("The study as a whole", STUDIES)

TABLE_HEAD = "| code | effect | whose | cause | what to do | standard |\n|---|---|---|---|---|---|\n"
EFFECT = {Severity.REJECT: "**reject**", Severity.WARN: "warn"}


def text() -> str:
    """Return the document."""
    parts = [HEAD]
    for title, rules in (*CHAPTERS, OF_STUDIES):
        parts.append(f"\n## {title}\n\n{TABLE_HEAD}")
        for rule in rules:
            cells = (f"`{rule.code}`", EFFECT[rule.severity], rule.whose, rule.message, rule.remedy, rule.section)
            parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


def rules_text() -> str:
    """Return the catalogue as JSON, for whoever lets a clinic's profile weigh it."""
    catalogue = {
        "version": RULES_VERSION,
        "kinds": sorted(TAKEN),
        "chapters": _describe_chapters(CHAPTERS),
        "studies": _describe_chapters((OF_STUDIES,)),
    }
    return json.dumps(catalogue, indent=1) + "\n"


def _describe_chapters(chapters: Iterable[tuple[str, Iterable[Rule]]]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            **({"kinds": sorted(KINDS_BY_CHAPTER[title])} if title in KINDS_BY_CHAPTER else {}),
            "rules": [_describe_rule(rule) for rule in held],
        }
        for title, held in chapters
    ]


def _describe_rule(rule: Rule) -> dict[str, str]:
    told = {
        "code": rule.code,
        "severity": rule.severity.value,
        "message": rule.message,
        "remedy": rule.remedy,
        "whose": rule.whose.value,
        "section": rule.section,
        "protected": PROTECTED.get(rule.code, ""),
    }
    return {key: text for key, text in told.items() if text}


if __name__ == "__main__":
    DOCUMENT.write_text(text())
    RULES.write_text(rules_text())
