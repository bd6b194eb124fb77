"""The findings on one file, built from the catalogue's rules, and what a clinic's profile makes of them."""

from dataclasses import dataclass
from typing import Any

from intake.files.model import Finding, Severity
from intake.files.weighing import ANY_KIND, CLASHES, Weights
from processor.judge.rules.catalogue import RULES, TAKEN
from processor.judge.rules.mandatory_rules import PROTECTED


class Findings:
    """Collects findings: one per code, with the first place where it was met."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def add(self, code: str, where: str = "") -> None:
        self._places.setdefault(code, where)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, code: str) -> bool:
        return code in self._places

    def replace(self, code: str, by: str) -> None:
        """Name a cause instead of its symptom, at the same place."""
        self._places[by] = self._places.pop(code)

    def list_all(self) -> tuple[Finding, ...]:
        """Return the findings, those that reject first."""
        if not self._places:
            return ()
        found = [RULES[code].finding(where) for code, where in self._places.items()]
        return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.REJECT))


LEVELS = ("off", "warn", "reject", "shadow")
"""What a rule may do: nothing, warn, reject, or only be counted."""
CONFLICTS = tuple(CLASHES)
"""What may become of a file whose SOP Instance UID another image of the clinic holds: it waits in quarantine for what
two people decide, is refused for good, or is let go as if it were the first one again."""


@dataclass(frozen=True, slots=True)
class Profile(Weights):
    """A clinic's profile. Raises ValueError when it names what does not exist or softens what protects the pipeline."""

    def __post_init__(self) -> None:
        strange = {*(self.kinds or ()), *(self.max_bytes.keys() - {ANY_KIND})} - TAKEN
        if strange:
            raise ValueError(f"there is no kind {min(strange)!r}; there are {', '.join(sorted(TAKEN))}")
        for kind, limit in self.max_bytes.items():
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
                raise ValueError(f"max_bytes of {kind!r} is not a positive number of bytes")
        for code, level in self.rules.items():
            if code not in RULES:
                raise ValueError(f"there is no rule {code!r}")
            if level not in LEVELS:
                raise ValueError(f"rule {code!r} can be {', '.join(LEVELS)}, and not {level!r}")
            if code in PROTECTED and level != "reject":
                raise ValueError(f"rule {code!r} always rejects: {PROTECTED[code]}")
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
        for code in self.find_excesses(kind, size, TAKEN):
            findings.add(code)


EVERYTHING = Profile()
"""The profile of a clinic that has none: all kinds, no limits, the catalogue's severities."""
