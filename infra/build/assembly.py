"""The synthesized cloud assembly for the emulator, made again only when its inputs changed."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.build.bundle import EMULATOR, build
from infra.build.cache import BUILD, ROOT, digest, files_under, hold_lock
from infra.build.processes import run_tool, tool_environment


@dataclass(frozen=True, slots=True)
class Assembly:
    """A folder with a stack's template and assets; `name` changes with its content."""

    folder: Path
    name: str
    stack: str = "SilentScalper"

    @property
    def template(self) -> Path:
        return self.folder / f"{self.stack}.template.json"

    @property
    def assets(self) -> Path:
        return self.folder / f"{self.stack}.assets.json"


def local_assembly() -> Assembly:
    """Bundle the functions and synthesize the stage `local`, where anything changed. Raises RunnerError."""
    bundles = [build(name, EMULATOR) for name in ("processor", "render", "portal")]
    sources = files_under(ROOT / "infra")
    with hold_lock("assembly"):
        name = digest([*sources, ROOT / "uv.lock"], *(bundle.name for bundle in bundles))
        folder = BUILD / "assemblies" / name
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                out = Path(scratch) / "out"
                command = [sys.executable, "-m", "infra.app", "--stage", "local", "--out", str(out)]
                run_tool("Synthesis", command, environment=tool_environment(), cwd=ROOT, log=BUILD / "synth.log")
                out.rename(folder)
            # The three newest stay: another process may be deploying the one before.
            siblings = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for older in siblings[3:]:
                shutil.rmtree(older)
        return Assembly(folder, name)
