"""Addresses of pages, and of where a list begins and goes on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from portal.cursors import Cursor


def build_address(path: str, query: Mapping[str, object]) -> str:
    """Return a page's address; what is empty is left out of its query."""
    given = {name: value for name, value in query.items() if value}
    return path + (f"?{urlencode(given)}" if given else "")


def build_page_links(path: str, cursor: Cursor, following: str | None, **query: str) -> dict[str, Any]:
    """Return what every list's pager shows: where the list begins, and where it goes on behind this page.

    `query` is what narrows the list; `following` is the next page's cursor.
    """
    return {
        "newest": build_address(path, query) if cursor else None,
        "following": build_address(path, {**query, "cursor": following}) if following else None,
    }
