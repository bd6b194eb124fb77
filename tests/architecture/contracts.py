"""The contracts of `make lint` over patterns: read from `pyproject.toml`, and held against a tree of one's own."""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.architecture.sources import PRODUCT, ROOT, Sources


@dataclass(frozen=True)
class Contract:
    """One contract, as it is written."""

    name: str
    options: dict[str, Any]

    @property
    def ignored(self) -> list[str]:
        return list(self.options["ignore_imports"])

    def idle_exceptions(self, sources: Sources) -> list[str]:
        """Return the ignored imports of a single module that imports nothing of what is forbidden (any more)."""
        named = {entry: entry.partition(" -> ")[0] for entry in self.ignored if "*" not in entry.partition(" -> ")[0]}
        return [entry for entry, name in named.items() if not self._forbids(sources, name)]

    def _forbids(self, sources: Sources, name: str) -> bool:
        if name not in sources.modules:
            return False
        outside = {origin.partition(".")[0] for origin, _ in sources.modules[name].imported}
        within = {f"**.{imported.rpartition('.')[2]}" for imported in sources.imports[name]}
        return not (outside | within).isdisjoint(self.options["forbidden_modules"])

    def complaints(self, tree: Path) -> str:
        """Return what `lint-imports` prints of a tree that breaks the contract; empty if it keeps it."""
        (tree / "contract.ini").write_text(self._ini())
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
        done = subprocess.run(
            [*command, "--config", "contract.ini"], cwd=tree, capture_output=True, text=True, check=False
        )
        told = done.stdout + done.stderr
        assert ("Broken contracts" in told) == bool(done.returncode), told
        return told.partition("Broken contracts")[2]

    def _ini(self) -> str:
        lines = ["[importlinter]", "root_packages =", *(f"    {name}" for name in PRODUCT)]
        lines += ["include_external_packages = True", "[importlinter:contract:one]"]
        for name, value in self.options.items():
            lines += (
                [f"{name} =", *(f"    {one}" for one in value)] if isinstance(value, list) else [f"{name} = {value}"]
            )
        return "\n".join(lines)


def over_patterns() -> list[Contract]:
    """Return the contracts that forbid direct imports and excuse by patterns."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return [Contract(options["name"], options) for options in written if options.get("allow_indirect_imports")]
