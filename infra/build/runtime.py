"""The Python that the functions run on, and where this machine has it.

Also a script that needs nothing but the standard library, since it is asked before there is an environment:
`python3 infra/build/runtime.py [version]` prints the interpreter's path, or says what to do and fails; `--version` asks
which version the functions run on.
"""

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

RUNTIME = "3.13"
"""Lambda's, in every stage: what all tests run on before a release (docs/adr/0057). Lambda is said to keep it up until
June 2029 (endoflife.date, "AWS Lambda"); its guide, "Lambda runtimes", has the last word."""

MAGIC = {"3.13": 3571}
"""What bytecode begins with, by runtime: another Python's would be left unread without a word
(CPython, `Include/internal/pycore_magic_number.h`). It does not change once a version is released."""


@cache
def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter of `version`, as `3.13`, or None where this machine has none.

    Each that might be one is asked: pyenv puts commands on PATH which only say that there is another version.
    """
    return next((path for path in _list_candidates(version) if _answers_as(path, version)), None)


def tell_of_missing(version: str) -> str:
    """Return what to do where there is no interpreter of `version`."""
    return (
        f"There is no Python {version} on this machine. `uv python install {version}` or `pyenv install {version}` "
        f"brings one; any `python{version}` on PATH will do."
    )


def _list_candidates(version: str) -> Iterator[str]:
    yield sys.executable
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    yield from (str(folder / f"python{version}") for folder in folders)
    # A machine may give no home, or an empty one, and still have its pyenv where PATH or the password file says.
    homes = [Path(os.environ.get("HOME") or "/"), Path(pwd.getpwuid(os.getuid()).pw_dir)]
    roots = [Path(os.environ["PYENV_ROOT"])] if os.environ.get("PYENV_ROOT") else []
    roots += [folder.parent for folder in folders if folder.name == "shims"] + [home / ".pyenv" for home in homes]
    for root in roots:
        yield from (str(path / "bin" / f"python{version}") for path in _list_newest(root / "versions", version))
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        yield _run(uv, "python", "find", "--offline", "--no-project", "--managed-python", version)


def _list_newest(folder: Path, version: str) -> list[Path]:
    """Return the releases of a version that stand in a folder of pyenv's, the newest first."""
    release = re.compile(rf"{re.escape(version)}\.(\d+)")
    found = {path: release.fullmatch(path.name) for path in (folder.iterdir() if folder.is_dir() else ())}
    return sorted((path for path, match in found.items() if match), key=lambda path: -int(path.suffix[1:]))


def _answers_as(path: str, version: str) -> bool:
    """Say whether a file is CPython of that version, whatever its name promises."""
    if not (path and os.access(path, os.X_OK)):
        return False
    program = "import sys; print(sys.implementation.cache_tag)"
    return _run(path, "-I", "-S", "-c", program) == f"cpython-{version.replace('.', '')}"


def _run(*command: str) -> str:
    """Return what a command prints, or nothing where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> None:
    version = sys.argv[1] if len(sys.argv) > 1 else RUNTIME
    found = RUNTIME if version == "--version" else find_interpreter(version)
    if found is None:
        sys.exit(tell_of_missing(version))
    print(found)  # noqa: T201  Its answer.


if __name__ == "__main__":
    main()
