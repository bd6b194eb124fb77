"""A clinic's profile as a form: what is shown of it, what may be entered, and what a change to it was.

The profile's own shape is the judge's (`processor.judge.inspection.findings`); only what departs from the catalogue is
written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intake.languages import format_number, mark
from intake.rules import LEVELS, Catalogue, Rule, catalogue
from portal.errors import FieldsError
from portal.presentation.formatting import format_count, format_size
from portal.presentation.labels import KINDS
from portal.presentation.languages import gettext

MEGABYTE = 1_000_000
MOST_MEGABYTES = 50_000
"""An upload holds no larger file."""
ANY_KIND = "*"

CONFLICTS = {
    "hold": "Keep it in quarantine until two admins decide which one counts",
    "reject": "Reject it; no review can accept it",
    "keep-first": "Keep the first one; the content of the later one is not kept",
}
"""What may become of a file whose SOP Instance UID another image of the clinic holds; the first is usual."""
USUAL = next(iter(CONFLICTS))

WORDS = frozenset(
    {mark("off"), mark("warn"), mark("reject"), mark("shadow"), mark("hold"), mark("keep-first")}
    | {mark("all kinds"), mark("no limit")}
)
"""What stands in changes of a profile and is no name."""
_PARTS = (mark("kinds"), mark("largest"), mark("conflicts"))
"""What changes are of; `rule` is among what is counted."""

Profile = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A rule as a clinic has it. `level` is empty where the catalogue's own holds."""

    rule: Rule
    level: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Rules that belong together; those that nobody may soften are only counted."""

    title: str
    rules: tuple[Weighed, ...]
    protected: int

    @property
    def changed(self) -> int:
        return sum(bool(weighed.level) for weighed in self.rules)


def list_chapters(profile: Profile | None) -> tuple[Chapter, ...]:
    levels = (profile or {}).get("rules", {})
    found = []
    for title, rules in catalogue().chapters:
        softenable = tuple(Weighed(rule, levels.get(rule.code, "")) for rule in rules if not rule.protected)
        found.append(Chapter(title, softenable, len(rules) - len(softenable)))
    return tuple(found)


def read_profile(fields: Mapping[str, str]) -> Profile:
    """Return the profile that a form says. Raises FieldsError."""
    known = catalogue()
    faults: dict[str, str] = {}
    kinds = [kind for kind in known.kinds if f"kind-{kind}" in fields]
    if not kinds:
        faults["kinds"] = gettext("Choose at least one kind of file. To accept none at all, deactivate the clinic.")
    conflicts = fields.get("conflicts", "") or USUAL
    if conflicts not in CONFLICTS:
        faults["conflicts"] = gettext("Choose what happens to such a file.")
    profile = {
        "kinds": None if len(kinds) == len(known.kinds) else kinds,
        "max_bytes": _read_sizes(fields, known, faults),
        "rules": _read_levels(fields, known, faults),
        **({} if conflicts == USUAL else {"conflicts": conflicts}),
    }
    if faults:
        raise FieldsError(faults)
    return profile


def _read_sizes(fields: Mapping[str, str], known: Catalogue, faults: dict[str, str]) -> dict[str, int]:
    sizes = {}
    for kind in (ANY_KIND, *known.kinds):
        field = f"max-{kind}"
        text = fields.get(field, "").strip()
        if not text:
            continue
        if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_MEGABYTES:
            sizes[kind] = int(text) * MEGABYTE
        else:
            told = gettext("Enter a whole number of megabytes from 1 to {most}, or leave it empty.")
            faults[field] = told.format(most=format_number(MOST_MEGABYTES))
    return sizes


def _read_levels(fields: Mapping[str, str], known: Catalogue, faults: dict[str, str]) -> dict[str, str]:
    levels = {}
    for code, rule in known.rules.items():
        level = fields.get(f"rule-{code}", "")
        if not level or rule.protected:
            continue
        if level not in LEVELS:
            faults[f"rule-{code}"] = gettext("Choose one of the effects.")
        elif level != rule.severity:
            levels[code] = level
    return levels


def keep_valid(profile: Profile) -> Profile:
    """Return an earlier profile without the rules and kinds that there no longer are, or that nobody may soften now."""
    known = catalogue()
    kinds = profile.get("kinds")
    levels = profile.get("rules", {})
    kept = {"conflicts": profile["conflicts"]} if profile.get("conflicts", USUAL) != USUAL else {}
    return {
        "kinds": None if kinds is None else [kind for kind in known.kinds if kind in kinds],
        "max_bytes": {kind: n for kind, n in profile.get("max_bytes", {}).items() if kind in {ANY_KIND, *known.kinds}},
        "rules": {
            code: level for code, level in levels.items() if code in known.rules and not known.rules[code].protected
        },
        **kept,
    }


def describe_changes(before: Profile | None, after: Profile) -> dict[str, str]:
    """Return what departs, as `kinds: all kinds → dicom, pdf`, by what it concerns."""
    old, new = _flatten(before or {}), _flatten(after)
    return {
        _name_part(name): f"{old.get(name) or _find_usual(name)} → {new.get(name) or _find_usual(name)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def _name_part(name: str) -> str:
    part, _, which = name.partition(" ")
    return f"{gettext(part)} {which}".strip()


def _flatten(profile: Profile) -> dict[str, str]:
    kinds = profile.get("kinds")
    flat = {"kinds": ", ".join(sorted(kinds))} if kinds is not None else {}
    flat |= {f"largest {kind}": format_size(limit) for kind, limit in profile.get("max_bytes", {}).items()}
    flat |= {"conflicts": gettext(profile["conflicts"])} if "conflicts" in profile else {}
    return flat | {f"rule {code}": gettext(level) for code, level in profile.get("rules", {}).items()}


def _find_usual(name: str) -> str:
    """Return what holds where a profile says nothing."""
    if name == "kinds":
        return gettext("all kinds")
    if name == "conflicts":
        return gettext(USUAL)
    rule = catalogue().rules.get(name.removeprefix("rule "))
    return gettext(rule.severity if rule else "no limit")


def summarize_profile(profile: Profile | None) -> list[tuple[str, str]]:
    """Return a profile in a few words, as labels and texts."""
    written = profile or {}
    kinds, sizes, levels = written.get("kinds"), written.get("max_bytes", {}), written.get("rules", {})
    limits = [
        f"{gettext('Any kind') if kind == ANY_KIND else _name_kind(kind)}: {format_size(n)}"
        for kind, n in sizes.items()
    ]
    differing = gettext("{rules} not with their usual effect").format(rules=format_count(len(levels), "rule"))
    return [
        (gettext("Kinds of files"), gettext("All") if kinds is None else ", ".join(map(_name_kind, kinds))),
        (gettext("Largest file"), "; ".join(limits) or gettext("No limit of its own")),
        (
            gettext("Another image under a known SOP Instance UID"),
            gettext(CONFLICTS[written.get("conflicts", USUAL)]),
        ),
        (gettext("Rules"), differing if levels else gettext("All have their usual effect")),
    ]


def _name_kind(kind: str) -> str:
    return gettext(KINDS.get(kind, kind))
