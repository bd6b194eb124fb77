"""What troubles a file: one cause each, so that the causes of an upload add up to its figures."""

from collections.abc import Sequence

from intake.files.model import Finding, Severity
from intake.files.states import State

RANKS: dict[State, int] = {State.REJECTED: 0, State.FAILED: 1, State.EXPIRED: 2}
"""States that somebody should look at, in the order in which to look."""

WARNED = 3
"""The rank of accepted files that carry warnings."""


def cause_of(state: State, findings: Sequence[Finding]) -> str:
    """Return `{rank}#{code}` of the finding that weighs most, or nothing for a file without trouble.

    Causes sort as they are to be looked at. The judge's first finding is the one that explains the others.
    """
    if state is State.ACCEPTED:
        code = code_by(findings, Severity.WARN)
        return f"{WARNED}#{code}" if code else ""
    if state not in RANKS:
        return ""
    return f"{RANKS[state]}#{code_by(findings, Severity.REJECT) if state is State.REJECTED else ''}"


def state_of(cause: str) -> State:
    """Return the state of the files that share a cause."""
    rank = int(cause.partition("#")[0])
    return next((state for state, its in RANKS.items() if its == rank), State.ACCEPTED)


def code_of(cause: str) -> str:
    return cause.partition("#")[2]


def code_by(findings: Sequence[Finding], severity: Severity) -> str:
    """Return the code of the first finding that weighs so much, or nothing."""
    return next((finding.code for finding in findings if finding.severity is severity), "")
