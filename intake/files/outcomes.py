"""What becomes of a write to a record, and pages of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Generic, TypeVar

from intake.files.model import ObjectVersion

Row_co = TypeVar("Row_co", covariant=True)


class Outcome(Enum):
    """What became of a verdict that was to be recorded."""

    RECORDED = auto()
    ALREADY_RECORDED = auto()
    """This object version has its verdict already: a redelivered event. No other object for what was deleted."""
    NO_RESERVATION = auto()
    """The key looks like a reservation's, but none of its clinic stands behind it that reserved this bucket and key; or
    another version has been judged under it."""
    DUPLICATE_BYTES = auto()
    """Another accepted file of the clinic holds the same bytes."""
    SOP_INSTANCE_CONFLICT = auto()
    """Another accepted file of the clinic has the same SOP Instance UID and other bytes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome, and the record that stands in the way where one does."""

    outcome: Outcome
    other_file_id: str | None = None
    other_stored: ObjectVersion | None = None


RESERVED_AT_ONCE = 98
"""Files that are reserved as a whole: none of them stays behind where one is refused. DynamoDB takes 100 items in one
transaction; the upload is one of them, and the batch of its files."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """Rows and where to go on: `next` is what the next page comes after, None on the last one.

    In the system it is a position, such as a sort key, and for the list's own reader; outside a cursor, which is sealed
    (`portal/cursors.py`).
    """

    rows: tuple[Row_co, ...]
    next: str | None = None
    looked_back_to: datetime | None = None
    """Where a search ended the page early: every file since this moment was looked at, and older ones were not."""
