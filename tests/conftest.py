"""The order of the tests: what answers fastest comes first, and browsers last."""

from pathlib import Path

_ORDER = ("unit", "fuzz", "emulator", "benchmarks", "browser")
"""Playwright keeps an event loop running in this thread once it has started, which asyncio's users cannot bear."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent

    def place(item):
        folder = item.path.relative_to(here).parts[0]
        return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)

    items.sort(key=place)
