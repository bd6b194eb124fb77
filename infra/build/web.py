"""The portal's styles and scripts, built by npm, made again only when their inputs changed."""

from pathlib import Path

from infra.build.cache import BUILD, ROOT, digest, files_under, hold_lock
from infra.build.processes import run_tool, tool_environment

_LOCK = ROOT / "package-lock.json"
_INSTALLED = ROOT / "node_modules" / ".installed-from"
_BUILT = ROOT / "assets" / "dist" / ".built-from"


def build_web() -> bool:
    """Install the locked npm packages and run the build script where anything changed; say whether it did.

    Raises RunnerError when npm is missing or fails.
    """
    with hold_lock("web"):
        installed = _run_npm(_INSTALLED, [_LOCK], "ci", "--no-audit", "--no-fund", "--loglevel=error")
        sources = files_under(ROOT / "assets", ROOT / "templates", ROOT / "package.json", _LOCK)
        return _run_npm(_BUILT, sources, "run", "build") or installed


def _run_npm(mark: Path, inputs: list[Path], *arguments: str) -> bool:
    """Run npm unless `mark` says that it ran with these inputs; say whether it did."""
    name = digest(inputs)
    if mark.exists() and mark.read_text() == name:
        return False
    tool = f"npm {' '.join(arguments[:2])}"
    run_tool(tool, ["npm", *arguments], environment=tool_environment(), cwd=ROOT, log=BUILD / "npm.log")
    mark.write_text(name)
    return True


if __name__ == "__main__":
    build_web()
