"""A record's revisions, one by one, as its timeline tells them: what a stretch of time counted is read from these.

What people ordered stands in the timeline before what came of it, in the same revision. The findings of a verdict that
another one followed stand in `past`; of records of before that was kept, the first code alone is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.files.dealing import REPAIRS
from intake.files.states import JUDGED, State
from intake.projections.model import Device, device
from intake.table.items import Item, moment

_SAID = frozenset({*REPAIRS, "superseded", "review-refused"})
"""Events that end a revision and leave the file in its state; all others that end one are states."""

_STATES = frozenset(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One revision of a record."""

    revision: int
    before: State | None
    """None for the first of a file that nobody announced, whose record begins with it."""
    after: State
    at: datetime
    codes: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    device: Device | None = None
    latency_ms: int | None = None
    is_duplicate: bool = False
    """Accepted, and its bytes were stored already."""
    is_verdict: bool = False
    """It was judged: for the first time, once more, or an archive by its entries."""

    @property
    def moves(self) -> bool:
        """Whether the file came to another state: judged again to the same end, it is counted by its first verdict."""
        return self.before is not self.after


def begins_alone(item: Item) -> bool:
    """Say whether nobody announced a file, and no archive held it."""
    return item["source"] == "direct" and not item.get("parent")


def list_steps(item: Item) -> list[Step]:
    """Return the revisions of a record, by its item, the first one first."""
    state = None if begins_alone(item) else State.AWAITING_UPLOAD
    rows = [row for row in item["timeline"] if row["event"] in _STATES | _SAID]
    first = item["revision"] - len(rows) + 1
    verdicts = _list_verdicts(rows, first)
    found: list[Step] = []
    for revision, row in enumerate(rows, first):
        before, state = state, State(row["event"]) if row["event"] in _STATES else state
        if state is None:
            raise ValueError(f"the record of {item['file_id']} does not begin with a state")
        found.append(
            Step(
                revision=revision,
                before=before,
                after=state,
                at=moment(row["at"]),
                latency_ms=_read_latency(item, before, state),
                is_duplicate=_is_duplicate(item, row),
                is_verdict=row["event"] in JUDGED,
                **_tell_verdict(item, row, state, revision, verdicts),
            )
        )
    return found


def _list_verdicts(rows: Sequence[Item], first: int) -> list[int]:
    """Return the revisions that judged a file. An archive that is held against its entries keeps the verdict it had."""
    found, state = list[int](), ""
    for revision, row in enumerate(rows, first):
        if row["event"] in JUDGED and state != State.ACCEPTED:
            found.append(revision)
        state = row["event"] if row["event"] in _STATES else state
    return found


def _read_latency(item: Item, before: State | None, after: State) -> int | None:
    is_first = after in JUDGED and before not in JUDGED
    return item["timings"].get("arrival_to_verdict") if is_first else None


def _is_duplicate(item: Item, row: Item) -> bool:
    """Say whether an accepting verdict named the file that held the bytes: settling an archive takes that from it."""
    named = row.get("detail", "")
    return row["event"] == State.ACCEPTED and "-" in named and named not in {item.get("conflicts_with"), _SETTLED}


_SETTLED = "entries-judged"


def _tell_verdict(item: Item, row: Item, state: State, revision: int, verdicts: list[int]) -> dict[str, Any]:
    """Return what the verdict said that a record stood by in a revision."""
    made_by = device(item["clinic_id"], item.get("metadata", {})) if state in JUDGED else None
    last = {"codes": tuple(item.get("codes", ())), "shadow": tuple(item.get("shadow", ())), "device": made_by}
    standing = max((one for one in verdicts if one <= revision), default=0)
    following = next((one for one in verdicts if one > revision), None)
    if following is None:
        told: dict[str, Any] = last
    else:
        told = next(_read_past(item, standing, following), {})
        told = told or {"codes": tuple(filter(None, [row.get("detail", "")])), "shadow": (), "device": made_by}
    return {**told, "codes": told["codes"] if state is State.REJECTED else ()}


def _read_past(item: Item, standing: int, following: int) -> Iterator[dict[str, Any]]:
    """Yield what the verdict of revision `standing` counted, if it was kept, that the one of `following` replaced."""
    for row in item.get("past", ()):
        if standing <= row["revision"] < following:
            told = {name: tuple(row.get(name, ())) for name in ("codes", "shadow")}
            yield {**told, "device": Device(*row["device"]) if row.get("device") else None}
