"""The files that the emulator writes, one for each service: what is in them, and what is wrong with them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ministack.core.persistence import SERVICE_STATE_FORMAT_VERSIONS, STATE_FORMAT_VERSION

_NEEDED = ("cognito", "dynamodb", "kms", "lambda", "s3", "sns", "sqs")
"""Services whose resources are lost with their file, as the types of CloudFormation's resources name them."""

_TABLE = "AWS::DynamoDB::Table"
_FORMAT = re.compile(rb'\{"__ministack_format__": (\d+)')


def list_standing(folder: Path) -> tuple[set[str], set[str]]:
    """Return the names of the stacks that stand, and of their tables."""
    file = folder / "cloudformation.json"
    stacks = _list_stacks(read(file)) if file.exists() else {}
    return set(stacks), {name for kind, name in _list_resources(stacks) if kind == _TABLE}


def list_newer(folder: Path) -> Iterator[str]:
    """What the emulator would leave aside, because a later one has written it, and would then write over."""
    for file in sorted(folder.glob("*.json")):
        known = SERVICE_STATE_FORMAT_VERSIONS.get(file.stem, STATE_FORMAT_VERSION)
        if (written := _read_format(file)) > known:
            yield f"{file} was written by a newer emulator (format {written}; this one reads {known})"


def identify(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from the one that takes its place."""
    return (file.stat().st_mtime_ns, file.stat().st_size) if file.exists() else None


def read(file: Path) -> dict[str, Any]:
    """Return what a service's file holds. Raises ValueError for what the emulator would pass over."""
    content = json.loads(file.read_bytes())
    held = content.get("payload", content) if isinstance(content, dict) else None
    if not isinstance(held, dict):
        raise ValueError(f"{file} holds no object")  # noqa: TRY004  Damage is damage, whatever JSON makes of it.
    return held


def _read_format(file: Path) -> int:
    """Return the version that the emulator wrote at the head of a file: 1 where it wrote none yet."""
    with file.open("rb") as opened:
        head = _FORMAT.match(opened.read(64))
    return int(head[1]) if head else 1


def list_damage(folder: Path) -> Iterator[str]:
    """Files that are not what the emulator wrote, and what a stack names and no file holds."""
    contents: dict[str, Any] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            contents[file.stem] = read(file)
        except ValueError:
            yield f"{file} is damaged"
    yield from _list_missing_resources(contents)


def _list_missing_resources(contents: Mapping[str, Any]) -> Iterator[str]:
    """What a stack names and no file holds: the next deployment would fail by it, or begin with it empty."""
    tables = {key.rpartition("\0")[2].strip("'") for key in _list_entries(contents.get("dynamodb"), "tables")}
    for kind, name in _list_resources(_list_stacks(contents.get("cloudformation"))):
        service = kind.split("::")[1].lower()
        if service in _NEEDED and service not in contents:
            yield f"{service}.json is missing"
        elif kind == _TABLE and name not in tables:
            yield f"the table {name} is missing"


def _list_stacks(content: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the stacks that stand, by name."""
    stacks = _list_entries(content, "stacks").values()
    return {stack["StackName"]: stack for stack in stacks if not stack["StackStatus"].startswith("DELETE")}


def _list_resources(stacks: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the type and the name of each of the stacks' resources."""
    for stack in stacks.values():
        for resource in stack["_resources"].values():
            yield resource["ResourceType"], resource["PhysicalResourceId"]


def _list_entries(content: Mapping[str, Any] | None, store: str) -> dict[str, Any]:
    """Return a store's entries, by account, region and name, with zeros between them."""
    entries = (content or {}).get(store, {}).get("data", {})
    return entries if isinstance(entries, dict) else {}


def rewind_streams(functions: Path) -> None:
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
