"""What a clinic's profile makes of findings: severities, what is only counted, and what is told of it.

The judge weighs with it what it has just found, and the portal what records keep of findings, to tell what another
profile would have done.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from intake.files.model import Finding, Severity, Whose

ANY_KIND = "*"
OFF, SHADOW = "off", "shadow"
"""Levels of a rule that is not told: nothing is kept of what it finds, or only its code."""
KIND_NOT_ALLOWED, TOO_LARGE = "kind-not-allowed", "too-large"
"""What a profile itself finds, by a file's kind and size."""

CLASHES: Mapping[str, str] = {
    "hold": "sop-instance-conflict",
    "reject": "sop-instance-refused",
    "keep-first": "sop-instance-first-kept",
}
"""What a clinic wants of another image under a known SOP Instance UID → what is found."""

UNCOMPARED = "sop-instance-uncompared"
"""Found instead where the two images could not be compared, unless the clinic has such files refused."""

IMPLIED: Mapping[str, frozenset[str]] = {
    "file-meta-missing": frozenset({"preamble-missing"}),
    "file-meta-incomplete": frozenset({"file-meta-length-missing"}),
    "transfer-syntax-missing": frozenset({"file-meta-incomplete"}),
    "patient-module-missing": frozenset({"patient-module-incomplete", "study-module-incomplete"}),
    "patient-module-incomplete": frozenset({"study-module-incomplete"}),
}
"""Code that tells a fault → what the same fault breaks besides, so that one fault is one warning."""

_RANKS = {Whose.CLINIC: 0, Whose.VENDOR: 1, Whose.NOBODY: 2}


def name_clash(conflicts: str, *, compared: bool) -> str:
    """Return what is found where another image, or what may be one, has the SOP Instance UID of an accepted file."""
    return CLASHES[conflicts] if compared or conflicts == "reject" else UNCOMPARED


@dataclass(frozen=True, slots=True)
class Weights:
    """What a profile says, unchecked."""

    kinds: frozenset[str] | None = None
    """The kinds that the clinic may send; None for all that are taken."""
    max_bytes: Mapping[str, int] = field(default_factory=dict)
    """Kind → largest size in bytes; `*` for the kinds that are not named."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Code → what it does; rules that are not named keep the catalogue's severity."""
    conflicts: str = "hold"
    """One of CLASHES."""

    @classmethod
    def read(cls, profile: Mapping[str, Any] | None) -> "Weights":
        """Return what a profile says, as the judge's `Profile` or a form wrote it; None for the default."""
        written = profile or {}
        kinds = written.get("kinds")
        chosen = None if kinds is None else frozenset(kinds)
        return cls(chosen, written.get("max_bytes", {}), written.get("rules", {}), written.get("conflicts", "hold"))

    def find_excesses(self, kind: str, size: int, taken: Collection[str]) -> tuple[str, ...]:
        """Return what a file's kind and size in bytes break. A kind that is not `taken` is refused to everybody."""
        found = () if self.kinds is None or kind in self.kinds or kind not in taken else (KIND_NOT_ALLOWED,)
        limit = self.max_bytes.get(kind, self.max_bytes.get(ANY_KIND)) if self.max_bytes else None
        return (*found, TOO_LARGE) if limit is not None and size > limit else found

    def weigh(self, findings: tuple[Finding, ...]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Return the findings with the clinic's severities, those that reject first, and the codes only counted."""
        if not self.rules:
            return findings, ()
        kept = [
            replace(found, severity=Severity(self.rules[found.code])) if found.code in self.rules else found
            for found in findings
            if self.rules.get(found.code) not in {OFF, SHADOW}
        ]
        kept.sort(key=lambda found: found.severity is not Severity.REJECT)
        return tuple(kept), tuple(found.code for found in findings if self.rules.get(found.code) == SHADOW)


def order_telling(found: tuple[Finding, ...], whose: Callable[[str], Whose]) -> tuple[Finding, ...]:
    """Return one finding for each fault, in the order in which to read them: rejections, then warnings by whose.

    It goes over what a clinic's profile has left: where that has a rule reject, no warning may hide it.
    """
    if len(found) < 2:
        return found
    hidden = frozenset().union(*(IMPLIED.get(finding.code, ()) for finding in found))
    kept = [finding for finding in found if finding.severity is Severity.REJECT or finding.code not in hidden]
    return tuple(sorted(kept, key=lambda told: -1 if told.severity is Severity.REJECT else _RANKS[whose(told.code)]))
