"""What the emulator keeps between two runs, and whether it is whole.

It writes a file for each service when it is asked to stop, one after the other, and tells nobody of one that it could
not write. The files of the stop before are therefore kept beside the new ones until all of these are there: whoever is
killed in the middle, or finds the disk full, leaves a state to go on from.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.errors import RunnerError

_FILES = ("cognito", "dynamodb", "kms", "lambda", "s3", "sns", "sqs")
"""Services whose resources are lost with their file, as the types of CloudFormation's resources name them."""


class SavedState:
    """The services' files under `folder`. `open` before a run, `close` after it."""

    def __init__(self, folder: Path) -> None:
        self.services = folder / "services"
        self._before = folder / "services.before"

    def open(self, tell: Callable[[str], None]) -> None:
        """Make the files ready to be read, and keep them. Goes back to the last whole ones where the run before ended
        in the middle, and tells so. Raises RunnerError where there is nothing to go back to.
        """
        if self._before.exists():
            if not any(self.services.glob("*.json")):
                tell(self._go_back("nothing was written"))
            elif fault := self.find_fault():
                tell(self._go_back(fault))
            else:
                shutil.rmtree(self._before)
        elif fault := next(self._list_damage(), None):
            raise RunnerError(f"{fault}: move {self.services} away to start afresh, or put a good copy back.")
        _rewind_streams(self.services / "lambda.json")
        self.services.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.services, self._before, copy_function=_link)

    def close(self) -> None:
        """Let go of what was kept. Raises RunnerError where the emulator left something unwritten."""
        if fault := self.find_fault():
            raise RunnerError(
                f"The emulator could not write its whole state: {fault}. Is the disk full? The next start goes back to "
                f"the last whole one ({_tell_age(self._before)})."
            )
        shutil.rmtree(self._before)

    def find_fault(self) -> str | None:
        """Return why these files are not those of a stop that went to its end, or None."""
        return next((fault for faults in (self._list_unwritten, self._list_damage) for fault in faults()), None)

    def describe_writing(self) -> str:
        """Return which file is being written, and how much of it there is. Empty between two files."""
        for file in self.services.glob("*.tmp"):
            with contextlib.suppress(FileNotFoundError):
                return f"{file.stem}, {file.stat().st_size / 1e6:.0f} MB"
        return ""

    def _list_unwritten(self) -> Iterator[str]:
        """Files that are still those of the stop before. The emulator replaces a file and never writes into one."""
        for file in sorted(self.services.glob("*.tmp")):
            yield f"{file.stem} is half written"
        for old in sorted(self._before.glob("*.json")):
            if _see(self.services / old.name) in {None, _see(old)} and _read(old):
                yield f"{old.name} was not written"

    def _list_damage(self) -> Iterator[str]:
        contents: dict[str, Any] = {}
        for file in sorted(self.services.glob("*.json")):
            try:
                contents[file.stem] = _read(file)
            except ValueError:
                yield f"{file} is damaged"
        yield from _list_missing_resources(contents)

    def _go_back(self, fault: str) -> str:
        """Put the last whole files back, keep the others where there are any, and return what to tell."""
        begun, kept = "it begins afresh, for there is none before it", ""
        if any(self._before.glob("*.json")):
            begun = f"it goes on from the last whole one, {_tell_age(self._before)}"
        if any(_see(file) != _see(self._before / file.name) for file in self.services.glob("*.json")):
            aside = self.services.with_name("services.incomplete")
            shutil.rmtree(aside, ignore_errors=True)
            self.services.rename(aside)
            kept = f" What was written is kept in {aside}."
        shutil.rmtree(self.services, ignore_errors=True)
        self._before.rename(self.services)
        return f"The run before ended before its state was written ({fault}): {begun}.{kept}"


def _see(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from the one that takes its place."""
    return (file.stat().st_mtime_ns, file.stat().st_size) if file.exists() else None


def _read(file: Path) -> dict[str, Any]:
    """Return what a service's file holds. Raises ValueError for what the emulator would pass over."""
    content = json.loads(file.read_bytes())
    held = content.get("payload", content) if isinstance(content, dict) else None
    if not isinstance(held, dict):
        raise ValueError(f"{file} holds no object")  # noqa: TRY004  Damage is damage, whatever JSON makes of it.
    return held


def _list_missing_resources(contents: Mapping[str, Any]) -> Iterator[str]:
    """What a stack names and no file holds: the next deployment would fail by it, or begin with it empty."""
    tables = {key.rpartition("\0")[2].strip("'") for key in _list_entries(contents.get("dynamodb"), "tables")}
    for stack in _list_entries(contents.get("cloudformation"), "stacks").values():
        standing = {} if stack["StackStatus"].startswith("DELETE") else stack["_resources"]
        for resource in standing.values():
            kind, name = resource["ResourceType"], resource["PhysicalResourceId"]
            service = kind.split("::")[1].lower()
            if service in _FILES and service not in contents:
                yield f"{service}.json is missing"
            elif kind == "AWS::DynamoDB::Table" and name not in tables:
                yield f"the table {name} is missing"


def _list_entries(content: Mapping[str, Any] | None, store: str) -> dict[str, Any]:
    """Return a store's entries, by account, region and name, with zeros between them."""
    entries = (content or {}).get(store, {}).get("data", {})
    return entries if isinstance(entries, dict) else {}


def _rewind_streams(functions: Path) -> None:
    """Have the functions that follow tables' streams read them from their start.

    The emulator keeps how many changes they have read, and forgets the changes: after a restart it would pass over as
    many new ones. Reading a change again harms nobody, since each is counted once.
    """
    if not functions.exists():
        return
    kept = json.loads(functions.read_bytes())
    if kept.get("payload", {}).pop("dynamodb_stream_positions", None):
        rewound = functions.with_suffix(".rewound")
        rewound.write_text(json.dumps(kept))
        rewound.replace(functions)


def _link(source: str, target: str) -> None:
    """Keep a file under another name; by a link where the file system has them, which takes no room."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _tell_age(folder: Path) -> str:
    written = max((file.stat().st_mtime for file in folder.glob("*.json")), default=None)
    return f"of {datetime.fromtimestamp(written, UTC):%Y-%m-%d %H:%M:%S} UTC" if written else "which is empty"
