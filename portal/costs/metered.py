"""What `make meter` wrote down: calls, units and bytes for a number of files, in two ways of arriving."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "metered.json"


@dataclass(frozen=True, slots=True)
class Metered:
    """One way of arriving. Amounts are for one file."""

    name: str
    files: int
    raw: dict[str, Any]

    def function(self, name: str, what: str) -> float:
        """Return `invocations`, `cpu_seconds`, `log_bytes` or `log_events` of a function."""
        return float(self.raw["functions"][name][what]) / self.files

    def calls(self, name: str) -> dict[str, float]:
        """Return a function's calls, `service Operation` → number."""
        entries = self.raw["functions"][name]["entries"]
        return {what[5:]: count / self.files for what, count in entries.items() if what.startswith("call ")}

    def entries(self, prefix: str) -> float:
        """Return the sum of all functions' entries that begin so."""
        counts = (
            float(count)
            for function in self.raw["functions"].values()
            for what, count in function["entries"].items()
            if what.startswith(prefix)
        )
        return sum(counts) / self.files

    def writes(self) -> dict[tuple[str, str, str], float]:
        """Return write units by function, place in the table, and index ('' for the table itself)."""
        found: dict[tuple[str, str, str], float] = {}
        for name, function in self.raw["functions"].items():
            for what, count in function["entries"].items():
                if what.startswith("write units, "):
                    place, _, index = what.removeprefix("write units, ").partition(", ")
                    place = " ".join(place.split("#")[:2]).rstrip() if place.startswith("UPLOAD #") else place
                    key = (name, place[:14], index)
                    found[key] = found.get(key, 0.0) + count / self.files
        return found

    def held(self) -> tuple[float, float]:
        """Return the bytes of a judged file's record and claim, and of its places in indexes, its name's too."""
        judge, portal = (self.raw["functions"][name]["entries"] for name in ("judge", "portal"))
        places = [what for what in judge if what.startswith("bytes, ")]
        table = sum(judge[what] for what in places if what.count(", ") == 1)
        indexes = sum(judge[what] for what in places if what.count(", ") > 1)
        return table / self.files, (indexes + portal.get("bytes, UPLOAD FILE, by_name", 0)) / self.files

    @property
    def bytes_answered(self) -> float:
        return float(self.raw["bytes_answered"]) / self.files


@cache
def _read() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text()))


def load_metered() -> dict[str, Metered]:
    """Return what was metered, by the name of the way of arriving."""
    return {name: Metered(name, raw["files"], raw) for name, raw in _read()["patterns"].items()}


def load_sweep() -> dict[str, Any]:
    """Return what one sweep of an idle system took."""
    return dict(_read()["sweep"])
