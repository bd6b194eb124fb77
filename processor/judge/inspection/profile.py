"""What one clinic wants judged in its own way: its kinds, its size limits, and how much its rules weigh."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from intake.files.model import Finding, Severity
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.kinds import TAKEN
from processor.judge.rules.catalogue import RULES
from processor.judge.rules.mandatory_rules import PROTECTED

LEVELS = ("off", "warn", "reject", "shadow")
"""What a rule may do: nothing, warn, reject, or only be counted."""
ANY_KIND = "*"
CONFLICTS = ("hold", "reject", "keep-first")
"""What may become of a file whose SOP Instance UID another image of the clinic holds: it waits in quarantine for what
two people decide, is refused for good, or is let go as if it were the first one again."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A clinic's profile. Raises ValueError when it names what does not exist or softens what protects the pipeline."""

    kinds: frozenset[str] | None = None
    """The kinds that the clinic may send; None for all that are taken."""
    max_bytes: Mapping[str, int] = field(default_factory=dict)
    """Kind → largest size in bytes; `*` for the kinds that are not named."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Code → one of LEVELS; rules that are not named keep the catalogue's severity."""
    conflicts: str = "hold"
    """One of CONFLICTS."""

    def __post_init__(self) -> None:
        _check_kinds(self.kinds or ())
        _check_sizes(self.max_bytes)
        _check_rules(self.rules)
        if self.conflicts not in CONFLICTS:
            raise ValueError(f"conflicts can be {', '.join(CONFLICTS)}, and not {self.conflicts!r}")

    @classmethod
    def parse(cls, data: Any) -> "Profile":  # noqa: ANN401 — it is whatever a JSON file or a form held.
        """Return the profile that `as_dict` wrote. Raises ValueError that says what is wrong."""
        if not isinstance(data, dict):
            raise ValueError("a profile is an object with kinds, max_bytes and rules")  # noqa: TRY004
        unknown = sorted(map(str, data.keys() - {"kinds", "max_bytes", "rules", "conflicts"}))
        if unknown:
            raise ValueError(f"a profile has no {unknown[0]!r}")
        kinds, max_bytes, rules = data.get("kinds"), data.get("max_bytes", {}), data.get("rules", {})
        if kinds is not None and not (isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)):
            raise ValueError("kinds is a list of kinds, or null for all")
        if not isinstance(max_bytes, dict) or not isinstance(rules, dict):
            raise ValueError("max_bytes and rules are objects")  # noqa: TRY004
        return cls(None if kinds is None else frozenset(kinds), max_bytes, rules, data.get("conflicts", "hold"))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data that can be written as JSON."""
        kinds = None if self.kinds is None else sorted(self.kinds)
        conflicts = {} if self.conflicts == "hold" else {"conflicts": self.conflicts}
        return {"kinds": kinds, "max_bytes": dict(self.max_bytes), "rules": dict(self.rules), **conflicts}

    def check(self, kind: str, size: int, findings: Findings) -> None:
        """Find a kind that the clinic does not send and a size beyond its limit."""
        if self.kinds is not None and kind in TAKEN and kind not in self.kinds:
            findings.add("kind-not-allowed")
        if self.max_bytes:
            limit = self.max_bytes.get(kind, self.max_bytes.get(ANY_KIND))
            if limit is not None and size > limit:
                findings.add("too-large")

    def weigh(self, findings: tuple[Finding, ...]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Return the findings with the clinic's severities, those that reject first, and the codes only counted."""
        if not self.rules:
            return findings, ()
        kept = [
            replace(found, severity=Severity(self.rules[found.code])) if found.code in self.rules else found
            for found in findings
            if self.rules.get(found.code) not in {"off", "shadow"}
        ]
        kept.sort(key=lambda found: found.severity is not Severity.REJECT)
        return tuple(kept), tuple(found.code for found in findings if self.rules.get(found.code) == "shadow")


def _check_kinds(kinds: Iterable[str]) -> None:
    for kind in kinds:
        if kind not in TAKEN:
            raise ValueError(f"there is no kind {kind!r}; there are {', '.join(sorted(TAKEN))}")


def _check_sizes(max_bytes: Mapping[str, int]) -> None:
    _check_kinds(max_bytes.keys() - {ANY_KIND})
    for kind, limit in max_bytes.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"max_bytes of {kind!r} is not a positive number of bytes")


def _check_rules(rules: Mapping[str, str]) -> None:
    for code, level in rules.items():
        if code not in RULES:
            raise ValueError(f"there is no rule {code!r}")
        if level not in LEVELS:
            raise ValueError(f"rule {code!r} can be {', '.join(LEVELS)}, and not {level!r}")
        if code in PROTECTED and level != "reject":
            raise ValueError(f"rule {code!r} always rejects: {PROTECTED[code]}")


EVERYTHING = Profile()
"""The profile of a clinic that has none: all kinds, no limits, the catalogue's severities."""
