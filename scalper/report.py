"""How `scalper check` tells its findings: to people, or as JSON Lines."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from processor.check import Checked, check
from processor.judge import Profile
from scalper import show


def report(files: Sequence[Path], profile: Profile, *, as_json: bool) -> bool:
    """Judge files, print what was found, and say whether all were accepted. Raises OSError for an unreadable file."""
    console = show.output()
    counts: Counter[str] = Counter()
    columns = (MofNCompleteColumn(), TimeRemainingColumn())
    with show.progress(console, "Checking", *columns, visible=not as_json) as bar:
        task = bar.add_task("", total=len(files))
        for path in files:
            for checked in check(path, profile):
                verdict = _verdict(checked)
                counts[verdict] += 1
                if as_json:
                    print(json.dumps(checked.as_dict(), ensure_ascii=False))
                else:
                    tell(console, checked)
            bar.advance(task)
    if not as_json:
        console.print(_summary(counts))
    return not counts["rejected"]


def tell(console: Console, checked: Checked) -> None:
    """Print what was found of one file."""
    judgement = checked.judgement
    console.print(f"{show.MARKS[_verdict(checked)]}  {show.name(checked.path)}  [dim]{judgement.kind}[/]")
    for line in show.explained(judgement.findings):
        console.print(line)


def _verdict(checked: Checked) -> str:
    if checked.judgement.rejected:
        return "rejected"
    return "warned" if checked.judgement.findings else "accepted"


def _summary(counts: Counter[str]) -> str:
    accepted = counts["accepted"] + counts["warned"]
    warned = f" ({counts['warned']} with warnings)" if counts["warned"] else ""
    return f"{show.files(counts.total())}: {accepted} accepted{warned}, {counts['rejected']} rejected."


def profile_of(path: Path | None) -> Profile:
    """Read a clinic's profile; without one, everything is taken. Raises OSError, ValueError."""
    if path is None:
        return Profile()
    try:
        return Profile.parsed(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is no profile: {error}.") from error
