"""Judging files on this machine, offline, with exactly the processor's code; archives with all that is in them."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from intake.dicom.streams import ByteSource
from intake.files import keys
from intake.files.model import Severity
from processor.judge import ARCHIVE, Facts, Judgement, judge
from processor.judge.documents.zip import archive
from processor.judge.documents.zip.entries import Entry, EntryDamagedError, inflate
from processor.judge.documents.zip.left_out import read_places
from processor.judge.inspection import carriers
from processor.judge.inspection.envelope import UNKNOWN
from processor.judge.inspection.findings import Profile
from processor.judge.rules.catalogue import RULES

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an archive's entry that are kept in memory; larger ones go to a temporary file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the processor would say of one file. An entry's path is its archive's, `!` and its own."""

    path: str
    size: int
    judgement: Judgement

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as one line of JSON Lines holds it."""
        judgement = self.judgement
        return {
            "path": self.path,
            "kind": judgement.kind,
            "verdict": "rejected" if judgement.rejected else "accepted",
            "warnings": sum(found.severity is Severity.WARN for found in judgement.findings),
            "findings": [
                {
                    "code": found.code,
                    "severity": found.severity.value,
                    "message": found.message,
                    "remedy": found.remedy,
                    "where": found.where,
                    "whose": RULES[found.code].whose.value,
                }
                for found in judgement.findings
            ],
            "metadata": judgement.metadata,
        }


class LocalBytes:
    """A file that is open for reading, as the judge's source of bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        return self._file.read(length)


@dataclass(slots=True)
class Chosen:
    """The files to judge, and how many carrier files beside them are not."""

    files: list[Path] = field(default_factory=list)
    left_out: int = 0


def choose_files(paths: Iterable[Path]) -> Chosen:
    """Return the files that are named, or stand in named folders and are no carrier files, in order.

    Raises FileNotFoundError for a path that is neither, OSError for an unreadable file.
    """
    chosen = Chosen()
    for path in paths:
        if path.is_dir():
            below = list(_files_below(path))
            kept = [one for one in below if not _is_left_out(one, path)]
            chosen.files += kept
            chosen.left_out += len(below) - len(kept)
        elif path.exists():
            chosen.files.append(path)
        else:
            raise FileNotFoundError(f"There is no file or folder {path}.")
    return chosen


def _is_left_out(path: Path, root: Path) -> bool:
    name = path.relative_to(root).as_posix()
    if not carriers.is_carrier_name(name):
        return False
    with path.open("rb") as file:
        return carriers.is_left_out(name, file.read(carriers.LOOK), path.stat().st_size)


def _files_below(folder: Path | str) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names, asking the system no more than it tells anyway."""
    try:
        entries = sorted(os.scandir(folder), key=attrgetter("name"))
    except PermissionError:
        return  # As with `rglob`: what is not ours to see is not there.
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        elif entry.is_file():
            yield Path(entry.path)


def check(path: Path, profile: Profile) -> Iterator[Checked]:
    """Judge a file and, if it is an archive that is taken, each of its entries. Raises OSError if it is unreadable."""
    with path.open("rb") as file:
        source = LocalBytes(file)
        judgement = judge(source, Facts(keys.extension(path.name), profile=profile))
        if judgement.kind != ARCHIVE or judgement.rejected:
            yield Checked(str(path), source.size, judgement)
            return
        entries = archive.list_entries(source, read_places(judgement.metadata))
        inside = [_check_entry(f"{path}!{entry.name}", source, entry, profile) for entry in entries]
        # What an archive's entries make of its own judgement, as `processor/ingest/settle.py` has it.
        rejected = sum(checked.judgement.rejected for checked in inside)
        fault = archive.find_fault(len(inside) - rejected, rejected)
        judgement = replace(judgement, findings=(*judgement.findings, fault)) if fault else judgement
        yield Checked(str(path), source.size, judgement)
        yield from inside


def _check_entry(path: str, source: ByteSource, entry: Entry, profile: Profile) -> Checked:
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as content:
        try:
            for piece in inflate(source, entry):
                content.write(piece)
        except EntryDamagedError:
            return Checked(path, entry.size, Judgement(UNKNOWN, (RULES["archive-entry-damaged"].finding(),), {}, None))
        facts = Facts(keys.extension(entry.name), from_archive=True, profile=profile)
        return Checked(path, entry.size, judge(LocalBytes(content), facts))
