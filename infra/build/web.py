"""The portal's styles and scripts, built by npm, made again only when their inputs changed."""

from pathlib import Path

from infra.build.cache import BUILD, ROOT, digest, files_under, hold_lock
from infra.build.processes import run_tool, tool_environment

_DONE = ROOT / "assets" / "dist" / ".built-from"


def build_web() -> bool:
    """Install the locked npm packages and run the build script where anything changed; say whether it did.

    Raises RunnerError when npm is missing or fails.
    """
    with hold_lock("web"):
        return _install() | _build()


def _install() -> bool:
    lock = ROOT / "package-lock.json"
    done = ROOT / "node_modules" / ".installed-from"
    if _is_current(done, digest([lock])):
        return False
    _npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    done.write_text(digest([lock]))
    return True


def _build() -> bool:
    inputs = digest(files_under(ROOT / "assets", ROOT / "templates", ROOT / "package.json", ROOT / "package-lock.json"))
    if _is_current(_DONE, inputs):
        return False
    _npm("run", "build")
    _DONE.write_text(inputs)
    return True


def _is_current(mark: Path, inputs: str) -> bool:
    return mark.exists() and mark.read_text() == inputs


def _npm(*arguments: str) -> None:
    name = f"npm {' '.join(arguments[:2])}"
    run_tool(name, ["npm", *arguments], environment=tool_environment(), cwd=ROOT, log=BUILD / "npm.log")


if __name__ == "__main__":
    build_web()
