"""The findings on one file, built from the catalogue's rules."""

from intake.record import Finding, Severity
from processor.judge.catalogue import RULES


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

    def listed(self) -> tuple[Finding, ...]:
        """Return the findings, those that reject first."""
        if not self._places:
            return ()
        found = [RULES[code].finding(where) for code, where in self._places.items()]
        return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.REJECT))
