"""What the commands print alike: marks, findings, numbers, and names that cannot steer the terminal."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn

MARKS = {
    "accepted": "[green]✓ accepted[/]",
    "warned": "[yellow]! accepted, with warnings[/]",
    "rejected": "[red]✗ rejected[/]",
    "failed": "[red]✗ failed[/]",
    "expired": "[yellow]✗ never arrived[/]",
    "awaiting_upload": "[dim]… awaited[/]",
    "deleted": "[dim]✗ deleted[/]",
}
_REMEDIES = {
    "failed": "You need not send it again: the fault is ours, and our staff know about it.",
    "expired": "Send the file again.",
}


_UNITS = ("kB", "MB", "GB", "TB")


class Finding(Protocol):
    """A finding of the judge's, here or as the API tells it."""

    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def where(self) -> str: ...


def open_console() -> Console:
    """Return a console for results, on standard output. Nothing is cut short or wrapped."""
    return Console(highlight=False, soft_wrap=True)


def open_messages() -> Console:
    """Return a console for what is no result, on standard error. Nothing is cut short or wrapped."""
    return Console(highlight=False, soft_wrap=True, stderr=True)


def escape_name(path: str) -> str:
    """Return a file's name fit for print: whatever its sender wrote, nothing in it steers the terminal."""
    return escape("".join(letter if letter.isprintable() else "�" for letter in path))


def format_state(state: str, warnings: int) -> str:
    return MARKS.get("warned" if state == "accepted" and warnings else state, state)


def explain_findings(findings: Iterable[Finding], state: str = "") -> Iterator[str]:
    """Yield lines with what was found and what to do about it."""
    for found in findings:
        where = f" at {escape(found.where)}" if found.where else ""
        yield f"    [bold]{found.code}[/]{where}: {escape(found.message)}"
        if found.severity == "reject":
            yield f"    [dim]What to do:[/] {escape(found.remedy)}"
    if state in _REMEDIES:
        yield f"    [dim]What to do:[/] {_REMEDIES[state]}"


def count_files(count: int, which: str = "") -> str:
    """Write `1 file`, or `7 other files` where `which` is `other `."""
    return f"{count:,} {which}file{'' if count == 1 else 's'}"


def describe_left_out(files: int, folders: int) -> str:
    """Say in one line what a selection leaves out; nothing where it leaves out nothing."""
    told = [count_files(files, "other ")] if files else []
    told += [f"{folders:,} hidden folder{'' if folders == 1 else 's'}"] if folders else []
    return f"{' and '.join(told)} left out, such as a CD's viewer or README; --include-all sends them." if told else ""


def format_size(count: float) -> str:
    """Write bytes in decimal units, as file managers do."""
    if count < 1000:
        return f"{count:,.0f} bytes"
    power = min(int(math.log10(count)) // 3, len(_UNITS))
    return f"{count / 1000**power:,.1f} {_UNITS[power - 1]}"


def format_counts(counts: Mapping[str, int], warnings: int) -> str:
    """Write counts by state: `998 accepted (3 with warnings), 2 rejected`."""
    told = {"accepted": "accepted", "rejected": "rejected", "failed": "failed", "expired": "never arrived"}
    told |= {"deleted": "deleted", "awaiting_upload": "awaited"}
    parts = [f"{counts.get(state, 0):,} {word}" for state, word in told.items() if counts.get(state)]
    if warnings and parts:
        parts[0] += f" ({warnings:,} with warnings)"
    return ", ".join(parts) or "none yet"


@contextmanager
def show_progress(console: Console, what: str, *columns: ProgressColumn, visible: bool) -> Iterator[Progress]:
    """Show a bar while the block runs, on standard error where the output goes elsewhere; none without a terminal."""
    screen = console if console.is_terminal else Console(stderr=True)
    bar = Progress(
        TextColumn(what),
        BarColumn(bar_width=None),
        *columns,
        console=screen,
        transient=True,
        expand=True,
        disable=not visible or not screen.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        yield bar
