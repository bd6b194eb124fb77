"""How `scalper check` tells its findings: to people, or as JSON Lines."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from intake.record import Finding, Severity
from processor.check import Checked, check
from processor.judge import Profile

_MARKS = {
    "accepted": "[green]✓ accepted[/]",
    "warned": "[yellow]! accepted, with warnings[/]",
    "rejected": "[red]✗ rejected[/]",
}


def report(files: Sequence[Path], profile: Profile, *, as_json: bool) -> bool:
    """Judge files, print what was found, and say whether all were accepted. Raises OSError for an unreadable file."""
    console = Console(highlight=False, soft_wrap=True)
    counts: Counter[str] = Counter()
    with _progress(len(files), visible=not as_json) as advance:
        for path in files:
            for checked in check(path, profile):
                verdict = _verdict(checked)
                counts[verdict] += 1
                if as_json:
                    print(json.dumps(checked.as_dict(), ensure_ascii=False))
                else:
                    _tell(console, checked, verdict)
            advance()
    if not as_json:
        console.print(_summary(counts))
    return not counts["rejected"]


def _verdict(checked: Checked) -> str:
    if checked.judgement.rejected:
        return "rejected"
    return "warned" if checked.judgement.findings else "accepted"


def _tell(console: Console, checked: Checked, verdict: str) -> None:
    console.print(f"{_MARKS[verdict]}  {escape(_printable(checked.path))}  [dim]{checked.judgement.kind}[/]")
    for line in _lines(checked.judgement.findings):
        console.print(f"    {line}")


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for found in findings:
        where = f" at {escape(found.where)}" if found.where else ""
        yield f"[bold]{found.code}[/]{where}: {escape(found.message)}"
        if found.severity is Severity.REJECT:
            yield f"[dim]What to do:[/] {escape(found.remedy)}"


def _summary(counts: Counter[str]) -> str:
    total = counts.total()
    accepted = counts["accepted"] + counts["warned"]
    warned = f" ({counts['warned']} with warnings)" if counts["warned"] else ""
    return f"{total} {'file' if total == 1 else 'files'}: {accepted} accepted{warned}, {counts['rejected']} rejected."


def _printable(path: str) -> str:
    """Names in archives are whatever their senders wrote: nothing in them may steer the terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in path)


@contextmanager
def _progress(total: int, *, visible: bool) -> Iterator[Callable[[], None]]:
    errors = Console(stderr=True)
    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not visible or not errors.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
