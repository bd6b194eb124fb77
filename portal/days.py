"""Days as forms and addresses write them."""

from datetime import UTC, datetime


def day(text: str) -> datetime | None:
    """Return the beginning of a day, in UTC; None for what is no day, which then filters nothing."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
