"""Writes `docs/findings.md` from the catalogue: `python -m processor.judge.document`."""

from pathlib import Path

from intake.record import Severity
from intake.study_rules import SECTIONS
from processor.judge.catalogue import CHAPTERS, RULES_VERSION, Rule

DOCUMENT = Path("docs/findings.md")

HEAD = f"""# Findings

What the judge can say about a file. Generated from `processor/judge/catalogue.py` (rules {RULES_VERSION}) by
`uv run python -m processor.judge.document`; do not edit.

A file with a **reject** finding goes to quarantine; one with **warn** findings only is accepted with warnings.
Findings say where (a tag or an offset) and never a patient's value.
"""

STUDIES = tuple(
    Rule(found.code, found.severity, found.message, found.remedy, section) for found, section in SECTIONS.items()
)
"""Said of a study and of none of its files, so that no profile weighs them."""

EFFECT = {Severity.REJECT: "**reject**", Severity.WARN: "warn"}


def text() -> str:
    """Return the document."""
    return HEAD + "".join(_chapter(title, rules) for title, rules in (*CHAPTERS, ("The study as a whole", STUDIES)))


def _chapter(title: str, rules: tuple[Rule, ...]) -> str:
    rows = "".join(_row(rule) for rule in rules)
    return f"\n## {title}\n\n| code | effect | cause | what to do | standard |\n|---|---|---|---|---|\n{rows}"


def _row(rule: Rule) -> str:
    return f"| `{rule.code}` | {EFFECT[rule.severity]} | {rule.message} | {rule.remedy} | {rule.section} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text())
