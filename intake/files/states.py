"""A file's states and the transitions between them, as data (design: "A file's life")."""

from enum import StrEnum


class State(StrEnum):
    """Where a file stands. The value is what the table stores and the API answers."""

    AWAITING_UPLOAD = "awaiting_upload"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    DELETED = "deleted"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.AWAITING_UPLOAD: frozenset({State.ACCEPTED, State.REJECTED, State.EXPIRED, State.FAILED}),
    # An object that arrives after its reservation expired is still judged: nothing that reached us is lost.
    State.EXPIRED: frozenset({State.ACCEPTED, State.REJECTED, State.FAILED}),
    # A dead letter that is redriven reopens its file.
    State.FAILED: frozenset({State.ACCEPTED, State.REJECTED}),
    # Only what a person orders leaves this state; an ordinary redelivery does not.
    State.REJECTED: frozenset({State.ACCEPTED, State.REJECTED, State.DELETED}),
    State.ACCEPTED: frozenset(),
    State.DELETED: frozenset(),
}

LIFECYCLE: tuple[frozenset[State], ...] = (
    frozenset({State.AWAITING_UPLOAD}),
    frozenset({State.EXPIRED}),
    frozenset({State.FAILED}),
    frozenset({State.REJECTED}),
    frozenset({State.ACCEPTED, State.DELETED}),
)
"""States in such an order that no transition leads back: who reads lists of files one after the other in this order
meets a file that moves on meanwhile at least once."""

JUDGED = frozenset({State.ACCEPTED, State.REJECTED})
"""States that a verdict leads to."""

OPEN = frozenset({State.AWAITING_UPLOAD, State.EXPIRED, State.FAILED})
"""States that the verdict on an arriving object may replace."""

SETTLING = frozenset({State.ACCEPTED})
"""States in which an archive waits for its entries, whose verdicts decide whether it stays accepted or is rejected.

This is the one step out of the accepted state, and no order takes it: until it is taken, an archive counts as awaited
(docs/adr/0035-an-archives-verdict-follows-from-its-entries.md). So it stands in no table of transitions.
"""


def may_become(target: State, *, reprocessing: bool = False) -> frozenset[State]:
    """Return the states from which a file may move to `target`.

    A judged file moves again only when `reprocessing`, so that a redelivered event never overwrites a verdict.
    """
    sources = {source for source, targets in TRANSITIONS.items() if target in targets}
    return frozenset(sources if reprocessing else sources - JUDGED)
