"""Items of the table as plain Python values, and what many of them hold alike."""

import time
from datetime import datetime
from typing import Any

Item = dict[str, Any]
"""Attribute name → plain Python value."""
WireItem = dict[str, Any]
"""Attribute name → DynamoDB's typed value."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expiry() -> int:
    """Return when DynamoDB may remove an item that only guards against repetition: in seven days, in epoch seconds."""
    return int(time.time()) + 7 * 86_400


def collect_sums(item: Item, prefix: str) -> dict[str, int]:
    """Return the item's sums whose names begin with `prefix`, without it, and without those that came to nothing."""
    return {name.removeprefix(prefix): n for name, n in item.items() if name.startswith(prefix) and n}
