"""What `make meter` wrote down: calls, units and bytes for a number of files, in two ways of arriving."""

import json
from dataclasses import dataclass
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

    @property
    def bytes_answered(self) -> float:
        return float(self.raw["bytes_answered"]) / self.files


def load_metered() -> dict[str, Metered]:
    """Return what was metered, by the name of the way of arriving."""
    content = json.loads(FILE.read_text())
    return {name: Metered(name, raw["files"], raw) for name, raw in content["patterns"].items()}


def load_sweep() -> dict[str, Any]:
    """Return what one sweep of an idle system took."""
    content: dict[str, Any] = json.loads(FILE.read_text())
    return dict(content["sweep"])
