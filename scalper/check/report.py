"""How `scalper check` tells its findings: to people, or as JSON Lines."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import MofNCompleteColumn, TimeRemainingColumn
from rich.text import Text

from intake.files.model import Metadata
from intake.studies.media_directory import read_contents
from processor.judge.inspection.findings import Profile
from scalper.check import workers
from scalper.check.batches import JudgedBatch
from scalper.check.workers import Style
from scalper.formatting import count_files, escape_name, open_console, show_progress


@dataclass(slots=True)
class Found:
    """The instances that were met, and the DICOMDIRs that list some."""

    instances: dict[str, set[str]] = field(default_factory=dict)
    """Series Instance UID → SOP Instance UIDs."""
    directories: list[tuple[str, Metadata]] = field(default_factory=list)

    def add(self, batch: JudgedBatch) -> None:
        for series_uid, instance_uid in batch.instances:
            self.instances.setdefault(series_uid, set()).add(instance_uid)
        self.directories += batch.directories

    def tell(self) -> list[str]:
        """Return a line for each DICOMDIR: what it lists, and what of that was not met."""
        here = {series_uid: len(instances) for series_uid, instances in self.instances.items()}
        contents = [(path, read_contents(metadata, here)) for path, metadata in self.directories]
        return [f"{escape_name(path)}: {read.describe('among these files')}" for path, read in contents if read]


def report(files: Sequence[Path], profile: Profile, *, as_json: bool, jobs: int = 1, left_out: int = 0) -> bool:
    """Judge files, print what was found in their order, and say whether all were accepted.

    Raises OSError for an unreadable file, once what comes before it is printed.
    """
    console, verdicts, found = open_console(), Counter[str](), Found()
    style = Style(as_json, console.color_system)
    columns = (MofNCompleteColumn(), TimeRemainingColumn())
    # The bar has a thread, which would keep workers from being begun the cheap way.
    with (
        workers.judge_files(files, profile, style, jobs) as batches,
        show_progress(console, "Checking", *columns, visible=not (as_json and console.is_terminal)) as bar,
    ):
        task = bar.add_task("", total=len(files))
        for batch in batches:
            # Whole lines at once: above the bar on a terminal, else as they are.
            if console.is_terminal and batch.text:
                console.print(Text.from_ansi(batch.text))
            else:
                print(batch.text, end="", flush=True)
            verdicts.update(batch.verdicts)
            found.add(batch)
            bar.advance(task, batch.files)
            if batch.unreadable:
                raise batch.unreadable
    if not as_json:
        accepted = verdicts["accepted"] + verdicts["warned"]
        warned = f" ({verdicts['warned']} with warnings)" if verdicts["warned"] else ""
        rejected = verdicts["rejected"]
        for line in found.tell():
            console.print(line)
        others = f" {count_files(left_out, 'other ')} left out." if left_out else ""
        console.print(f"{count_files(verdicts.total())}: {accepted} accepted{warned}, {rejected} rejected.{others}")
    return not verdicts["rejected"]


def read_profile(path: Path | None) -> Profile:
    """Read a clinic's profile; without one, everything is taken. Raises OSError, ValueError."""
    if path is None:
        return Profile()
    try:
        return Profile.parse(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is not a profile: {error}.") from error
