"""The findings on one file, built from the catalogue's rules."""

from collections.abc import Mapping

from intake.files.model import Finding, Severity, Whose
from processor.judge.rules.catalogue import RULES

IMPLIED: Mapping[str, frozenset[str]] = {
    "file-meta-missing": frozenset({"preamble-missing"}),
    "file-meta-incomplete": frozenset({"file-meta-length-missing"}),
    "transfer-syntax-missing": frozenset({"file-meta-incomplete"}),
    "patient-module-missing": frozenset({"patient-module-incomplete", "study-module-incomplete"}),
    "patient-module-incomplete": frozenset({"study-module-incomplete"}),
}
"""Code that tells a fault → what the same fault breaks besides, so that one fault is one warning."""
_RANKS = {Whose.CLINIC: 0, Whose.VENDOR: 1, Whose.NOBODY: 2}


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


def order_telling(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return one finding for each fault, in the order in which to read them: rejections, then warnings by whose.

    It goes over what a clinic's profile has left: where that has a rule reject, no warning may hide it.
    """
    if len(found) < 2:
        return found
    hidden = frozenset().union(*(IMPLIED.get(finding.code, ()) for finding in found))
    kept = [finding for finding in found if finding.severity is Severity.REJECT or finding.code not in hidden]
    return tuple(sorted(kept, key=_rank))


def _rank(finding: Finding) -> int:
    return -1 if finding.severity is Severity.REJECT else _RANKS[RULES[finding.code].whose]
