"""The saved queries: their SQL as it is run everywhere, what they tell, and how their columns are shown.

One text serves three: Athena's console, where it is saved (`infra/observability/stack.py`), the admins' page, and the
tests, which run it on DuckDB. So the SQL keeps to what both engines understand (docs/adr/0026-analytics.md).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PERIODS = (7, 30, 90)
"""Days that a query may look back over."""
USUAL = 30
"""The period that the files are written with."""

_PERIOD = f"INTERVAL '{USUAL}' DAY"
_FOLDER = Path(__file__).parent


class Told(StrEnum):
    """What a column holds, and so how it is shown."""

    CAUSE = "cause"
    CLINIC = "clinic"
    DEVICE = "device"
    COUNT = "count"
    BYTES = "bytes"
    PERCENT = "percent"
    DURATION = "duration"
    DOLLARS = "dollars"
    HOUR = "hour"
    DAY = "day"

    @property
    def is_number(self) -> bool:
        return self in {Told.COUNT, Told.BYTES, Told.PERCENT, Told.DURATION, Told.DOLLARS}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the answer."""

    name: str
    """In the SQL."""
    label: str
    told: Told
    bar: str = ""
    """How a bar beside the number shows, against the largest of the column: `bad` or `calm`; nothing for none."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question that is asked again and again."""

    key: str
    """Of its address, and of its file."""
    title: str
    explanation: str
    columns: tuple[Column, ...]

    def sql(self, days: int = USUAL) -> str:
        """Return the text for a period. Raises ValueError for one that is not offered.

        The number is one of ours: nothing that somebody typed gets into the text.
        """
        if days not in PERIODS:
            raise ValueError("no such period")
        text = (_FOLDER / f"{self.key}.sql").read_text(encoding="utf-8")
        return text.replace(_PERIOD, f"INTERVAL '{days:d}' DAY")


QUERIES = (
    SavedQuery(
        "rejections",
        "Rejections",
        "What files are rejected for, and which device made them. A file counts by its latest verdict, and under each "
        "rule that it breaks; its share is of all files of that device that were judged.",
        (
            Column("cause", "Cause", Told.CAUSE),
            Column("device", "Device", Told.DEVICE),
            Column("clinic_id", "Clinic", Told.CLINIC),
            Column("files", "Rejected", Told.COUNT),
            Column("files_judged", "Judged", Told.COUNT),
            Column("percent", "Share", Told.PERCENT, "bad"),
        ),
    ),
    SavedQuery(
        "throughput",
        "Throughput",
        "How many verdicts fall in each hour of the day, in UTC, and how many fell in the busiest single one. A file "
        "that was checked again counts each time.",
        (
            Column("hour_utc", "Hour (UTC)", Told.HOUR),
            Column("files", "Verdicts", Told.COUNT, "calm"),
            Column("bytes", "Data", Told.BYTES),
            Column("rejected_percent", "Rejected", Told.PERCENT),
            Column("busiest", "Busiest hour", Told.COUNT),
        ),
    ),
    SavedQuery(
        "time_to_verdict",
        "Time to verdict",
        "How long files waited for their first verdict after they arrived, by day in UTC: the time within which half, "
        "95 and 99 of a hundred had it. Exact, unlike the dashboard's, which counts in bins.",
        (
            Column("day", "Day (UTC)", Told.DAY),
            Column("files", "Files", Told.COUNT),
            Column("p50_ms", "50 %", Told.DURATION),
            Column("p95_ms", "95 %", Told.DURATION, "calm"),
            Column("p99_ms", "99 %", Told.DURATION),
            Column("slowest_ms", "Slowest", Told.DURATION),
        ),
    ),
    SavedQuery(
        "cost",
        "Cost by clinic",
        "What the files of the period cost, estimated from AWS's list prices: processing once for each verdict, and a "
        "month of storage for what was newly stored. It is for comparing clinics. It is not a bill.",
        (
            Column("clinic_id", "Clinic", Told.CLINIC),
            Column("verdicts", "Verdicts", Told.COUNT),
            Column("stored_bytes", "Newly stored", Told.BYTES),
            Column("processing_usd", "Processing", Told.DOLLARS),
            Column("storage_usd", "Storage, a month", Told.DOLLARS),
            Column("total_usd", "Together", Told.DOLLARS, "calm"),
        ),
    ),
)


def find_query(key: str) -> SavedQuery | None:
    return next((query for query in QUERIES if query.key == key), None)
