"""How `scalper check` tells its findings: to people, or as JSON Lines."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import MofNCompleteColumn, TimeRemainingColumn
from rich.text import Text

from processor.judge.inspection.findings import Profile
from scalper.check import workers
from scalper.check.workers import Style
from scalper.formatting import count_files, open_console, show_progress


def report(files: Sequence[Path], profile: Profile, *, as_json: bool, jobs: int = 1) -> bool:
    """Judge files, print what was found in their order, and say whether all were accepted.

    Raises OSError for an unreadable file, once what comes before it is printed.
    """
    console, verdicts = open_console(), Counter[str]()
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
            bar.advance(task, batch.files)
            if batch.unreadable:
                raise batch.unreadable
    if not as_json:
        accepted = verdicts["accepted"] + verdicts["warned"]
        warned = f" ({verdicts['warned']} with warnings)" if verdicts["warned"] else ""
        rejected = verdicts["rejected"]
        console.print(f"{count_files(verdicts.total())}: {accepted} accepted{warned}, {rejected} rejected.")
    return not verdicts["rejected"]


def read_profile(path: Path | None) -> Profile:
    """Read a clinic's profile; without one, everything is taken. Raises OSError, ValueError."""
    if path is None:
        return Profile()
    try:
        return Profile.parse(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is not a profile: {error}.") from error
