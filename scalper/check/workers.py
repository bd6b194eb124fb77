"""Files judged side by side in processes of their own, and told in the order in which they were named.

A worker judges some files and writes down what is to be told of them, so that the one process that prints has little to
do.
"""

import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from rich.console import Console

from scalper.check import judge_code
from scalper.check.pool import open_pool
from scalper.formatting import MARKS, escape_name, explain_findings

if TYPE_CHECKING:
    from processor.ingest.offline_check import Checked
    from processor.judge.inspection.profile import Profile

Colours = Literal["standard", "256", "truecolor"] | None

BATCH = 16
"""Files that a worker judges at a time."""
FEWEST = 2 * BATCH
"""Files that are worth a second process: one takes some 0.2 s to start."""


class Style(NamedTuple):
    """How findings are written."""

    as_json: bool
    """As JSON Lines, or for people."""
    colours: str | None
    """What the terminal can show, as rich calls it; None for none."""


@dataclass(slots=True)
class JudgedBatch:
    """What became of some files."""

    text: str = ""
    """Whole lines, ready to be printed."""
    files: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    """Entries of archives included."""
    unreadable: OSError | None = None
    """What ended the batch."""


def count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def judge_files(files: Sequence[Path], profile: "Profile", style: Style, jobs: int) -> Iterator[Iterator[JudgedBatch]]:
    """Judge files with so many processes while the block runs, which gets what became of them, in their order.

    Raises OSError where a worker was ended from outside.
    """
    if jobs == 1 or len(files) < FEWEST:
        yield (judge_batch((path,), profile, style) for path in files)
        return
    batches = [files[first : first + BATCH] for first in range(0, len(files), BATCH)]
    work = partial(judge_batch, profile=profile, style=style)
    with open_pool(work, min(jobs, len(batches)), judge_code.make_importable) as pool:
        yield pool.ask_all(batches)


def judge_batch(paths: Sequence[Path], profile: "Profile", style: Style) -> JudgedBatch:
    """Judge files one after the other, up to the first that cannot be read."""
    from processor.ingest.offline_check import check  # noqa: PLC0415  A worker finds the judge only once it is prepared.

    batch, out = JudgedBatch(), io.StringIO()
    colours = cast("Colours", style.colours if style.colours in {"standard", "256", "truecolor"} else None)
    # It writes as the terminal can show it, whole lines however long.
    console = Console(
        file=out, force_terminal=bool(colours), color_system=colours, highlight=False, soft_wrap=True, width=1000
    )
    try:
        for path in paths:
            for checked in check(path, profile):
                batch.verdicts[name_verdict(checked)] += 1
                if style.as_json:
                    out.write(json.dumps(checked.as_dict(), ensure_ascii=False) + "\n")
                else:
                    print_checked(console, checked)
            batch.files += 1
    except OSError as error:
        # Only its text crosses to the other process, whatever it carried.
        batch.unreadable = OSError(str(error))
    batch.text = out.getvalue()
    return batch


def print_checked(console: Console, checked: "Checked") -> None:
    """Print what was found of one file."""
    judgement = checked.judgement
    console.print(f"{MARKS[name_verdict(checked)]}  {escape_name(checked.path)}  [dim]{judgement.kind}[/]")
    for line in explain_findings(judgement.findings):
        console.print(line)


def name_verdict(checked: "Checked") -> str:
    if checked.judgement.rejected:
        return "rejected"
    return "warned" if checked.judgement.findings else "accepted"
