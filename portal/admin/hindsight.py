"""What another profile would have made of a judged file, by what its record keeps of it.

Findings are weighed again by the function that the judge weighs with, so that what can be told is exact. What the
profile of the day had switched off left no trace in the record; where that would decide, the answer is that nobody can
tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from intake.files.model import FileRecord, Finding, Severity
from intake.files.states import State
from intake.files.weighing import (
    CLASHES,
    IMPLIED,
    KIND_NOT_ALLOWED,
    OFF,
    SHADOW,
    TOO_LARGE,
    UNCOMPARED,
    Weights,
    name_clash,
    order_telling,
)
from intake.rules import Rule, catalogue, whose

SETTLING = frozenset({"archive-nothing-accepted", "archive-entries-rejected"})
"""What an archive's entries say of it, and not the archive itself."""
CLASHING = frozenset({*CLASHES.values(), UNCOMPARED})
REVIEWED = "review-confirmed"
"""The step of a file's story at which two admins had it accepted, whatever was found."""
HELD, EARLIER_REJECTED = "uid-held", "earlier-rejected"
"""Causes that are no findings: an accepted file holds the SOP Instance UID, or would have been rejected itself."""
FILING = "sop-instance-first-kept", "rewrapped", "re-encoded"


class Fate(StrEnum):
    """Where a file would have gone, compared with where it went."""

    REJECTED = "rejected"
    """It was accepted."""
    ACCEPTED = "accepted"
    """It was rejected."""
    PACKED = "packed"
    """It was accepted, and its archive would not have been."""
    WARNED = "warned"
    """Accepted all the same, with other warnings."""
    UNKNOWN = "unknown"
    """Nobody can tell whether it would have been accepted."""
    WARNINGS_UNKNOWN = "warnings-unknown"
    """Accepted all the same; nobody can tell all of its warnings."""
    SAME = "same"


CHANGED = (Fate.REJECTED, Fate.PACKED, Fate.ACCEPTED, Fate.WARNED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate and its causes: codes, or why it cannot be told. Of warnings, `+code` is a new one, `-code` one less."""

    fate: Fate
    causes: tuple[str, ...] = ()


AS_IT_WENT = Outcome(Fate.SAME)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a profile makes of a record."""

    told: tuple[Finding, ...]
    rejecting: tuple[str, ...]
    unseen: Mapping[str, str]
    """Code of a rule that nobody knows to be kept or broken → what the profile would have it do."""

    @property
    def warning(self) -> frozenset[str]:
        return frozenset(found.code for found in self.told if found.severity is Severity.WARN)


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Weighs records by `wanted`. `profiles` are those that files were judged with, by their versions."""

    wanted: Weights
    profiles: Mapping[str, Weights]
    rules: Mapping[str, Rule] = field(default_factory=lambda: catalogue().rules)
    taken: frozenset[str] = field(default_factory=lambda: frozenset(catalogue().kinds))

    def tell(self, record: FileRecord, others: Mapping[str, FileRecord]) -> Outcome:
        """Return what would have become of a file. `others` are its archive and the file that it clashed with."""
        archive = others.get(record.parent or "")
        own = self._tell_of(record)
        if archive and not was_rejected(record):
            unpacked = self._tell_of(archive)
            if unpacked.fate in {Fate.REJECTED, Fate.UNKNOWN}:
                return replace(unpacked, fate=Fate.PACKED if unpacked.fate is Fate.REJECTED else Fate.UNKNOWN)
        earlier = others.get(record.conflicts_with or "") if has_clashed(record) else None
        if (
            earlier
            and self._tell_of(earlier).fate is Fate.REJECTED
            and not set(self.weigh(record).rejecting) - CLASHING
        ):
            return Outcome(Fate.UNKNOWN, (EARLIER_REJECTED,))
        return own

    def _tell_of(self, record: FileRecord) -> Outcome:
        weighed = self.weigh(record)
        if was_rejected(record):
            return self._compare_rejected(record, weighed)
        if weighed.rejecting:
            return Outcome(Fate.REJECTED, weighed.rejecting)
        if deciding := _list_levelled(weighed, Severity.REJECT):
            return Outcome(Fate.UNKNOWN, deciding)
        before = frozenset(found.code for found in record.findings) - SETTLING
        added, gone = weighed.warning - before, before - weighed.warning
        if added or gone:
            return Outcome(
                Fate.WARNED, (*(f"+{code}" for code in sorted(added)), *(f"-{code}" for code in sorted(gone)))
            )
        unsure = _list_levelled(weighed, Severity.WARN)
        return Outcome(Fate.WARNINGS_UNKNOWN, unsure) if unsure else AS_IT_WENT

    def _compare_rejected(self, record: FileRecord, weighed: Weighed) -> Outcome:
        if weighed.rejecting:
            return AS_IT_WENT
        deciding = _list_levelled(weighed, Severity.REJECT)
        return Outcome(Fate.UNKNOWN, deciding) if deciding else Outcome(Fate.ACCEPTED, record.codes)

    def weigh(self, record: FileRecord) -> Weighed:
        """Return what the profile makes of the findings that the record keeps, its kind and its size."""
        used = self.profiles.get(record.profile_version or "")
        raw = self._recall(record, used)
        excesses = self.wanted.find_excesses(record.kind or "", record.size, self.taken)
        found = [*raw, *(self.rules[code].finding() for code in excesses)]
        kept, _ = self.wanted.weigh(tuple(sorted(found, key=lambda one: one.severity is not Severity.REJECT)))
        told = order_telling(kept, whose)
        rejecting = tuple(one.code for one in told if one.severity is Severity.REJECT)
        implied = _find_implied(one.code for one in told)
        levels = {code: self._level(self.wanted, code) for code in self._find_unseen(record, used)}
        unseen = {code: level for code, level in levels.items() if level == Severity.REJECT or code not in implied}
        return Weighed(told, rejecting, unseen)

    def _recall(self, record: FileRecord, used: Weights | None) -> list[Finding]:
        """Return what the judge found, before the profile of the day weighed it, as far as it was kept.

        A severity that no profile changed is the catalogue's of that day, whatever today's says.
        """
        raw = [self._restore(found, used) for found in record.findings]
        raw += [self.rules[code].finding() for code in record.shadow if code in self.rules]
        return [
            self._restate_clash(found) if found.code in CLASHING else found
            for found in raw
            if found.code not in {KIND_NOT_ALLOWED, TOO_LARGE, *SETTLING}
        ]

    def _restore(self, found: Finding, used: Weights | None) -> Finding:
        rule = self.rules.get(found.code)
        unchanged = rule is None or (used is not None and found.code not in used.rules)
        return found if rule is None or unchanged else replace(found, severity=Severity(rule.severity))

    def _restate_clash(self, found: Finding) -> Finding:
        """Return what the profile wants of a clash. Where files are refused, only the places that differ tell more."""
        uncompared = found.code == UNCOMPARED or (found.code == CLASHES["reject"] and not found.where)
        code = name_clash(self.wanted.conflicts, compared=not uncompared)
        return replace(self.rules[code].finding(), where=found.where)

    def _find_unseen(self, record: FileRecord, used: Weights | None) -> set[str]:
        """Return rules that may have been broken without a trace: switched off, or hidden behind what was told."""
        rules = used.rules if used else {}
        off = {code for code, level in rules.items() if level == OFF} - {KIND_NOT_ALLOWED, TOO_LARGE, *SETTLING}
        told = {found.code for found in record.findings}
        hidden = {code for code in _find_implied(told) - told if self._level(used or Weights(), code) == Severity.WARN}
        wanted = name_clash(self.wanted.conflicts, compared=True)
        return {wanted if code in CLASHING else code for code in off | hidden if self._concerns(code, record)}

    def _concerns(self, code: str, record: FileRecord) -> bool:
        rule = self.rules.get(code)
        if rule is None or (rule.kinds and record.kind not in rule.kinds):
            return False
        return code not in FILING or record.duplicate_of is not None

    def _level(self, weights: Weights, code: str) -> str:
        level = weights.rules.get(code)
        return level or (self.rules[code].severity if code in self.rules else SHADOW)


def was_judged(record: FileRecord) -> bool:
    """Say whether a file has a verdict of the judge's: two admins may have accepted it instead."""
    if record.state not in {State.ACCEPTED, State.REJECTED, State.DELETED}:
        return False
    return record.state is not State.ACCEPTED or all(step.event != REVIEWED for step in record.timeline)


def was_rejected(record: FileRecord) -> bool:
    """Say whether a judged file was rejected, for what was found in itself."""
    return record.state is not State.ACCEPTED and not (record.codes and SETTLING.issuperset(record.codes))


def has_clashed(record: FileRecord) -> bool:
    return any(found.code in CLASHING for found in record.findings)


def _list_levelled(weighed: Weighed, severity: Severity) -> tuple[str, ...]:
    return tuple(sorted(code for code, level in weighed.unseen.items() if level == severity))


def _find_implied(codes: Iterable[str]) -> frozenset[str]:
    """Return all that the same faults may break besides."""
    implied: frozenset[str] = frozenset()
    ahead = set(codes)
    while ahead:
        ahead = set().union(*(IMPLIED.get(code, frozenset()) for code in ahead)) - implied
        implied |= ahead
    return implied
