"""Days and moments as forms and addresses write them."""

from datetime import UTC, datetime

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
"""Nothing here happened before or will happen after. Farther out, a day more or another zone is beyond what a datetime
can say."""


def parse_day(text: str) -> datetime | None:
    """Return the beginning of a day, in UTC; None for what is no day of ours, which then filters nothing."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def clamp_moment(moment: datetime) -> datetime:
    """Return an aware moment, in UTC, moved to the nearest one that can be reckoned with."""
    if not EARLIEST.year < moment.year < LATEST.year:
        return EARLIEST if moment.year <= EARLIEST.year else LATEST
    return moment.astimezone(UTC)
