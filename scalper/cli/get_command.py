"""`scalper get`: a study or an upload back, into a folder."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn

from scalper.cli.upload_command import ACCEPTED, AGAIN, REJECTED, end_on_signals
from scalper.client import Client
from scalper.downloads.retrieval import Retrieved, Target
from scalper.formatting import count_files, escape_name, format_size, open_console, show_progress

ELSEWHERE = {
    "duplicate": "sent twice",
    "superseded": "replaced by another file",
    "unpacked": "unpacked: its files are here one by one",
}
"""Reasons for which a file is not fetched by itself though all of it is here."""


def fetch_into(path: str, folder: Path, *, jobs: int, force: bool, dicomdir: bool, as_json: bool) -> int:
    """Fetch what the API tells at a path. Return the exit code. Raises ClientError, OSError, KeyboardInterrupt."""
    reporter = JsonReporter() if as_json else ConsoleReporter()
    with end_on_signals(), Client.configured() as client, reporter.show_fetching():
        done = client.retrieve(path, folder, jobs=jobs, force=force, dicomdir=dicomdir, watcher=reporter)
    reporter.report_end(done, folder)
    if done.halted:
        raise done.halted
    if not done.whole:
        return AGAIN
    wanting = done.unlisted or any(one.reason not in ELSEWHERE for one in done.left_out)
    return REJECTED if wanting else ACCEPTED


class JsonReporter:
    """One object per event on standard output; `event` says which. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def report_listing(self, targets: int, size: int) -> None:
        self._print_event("planned", files=targets, bytes=size)

    def advance(self, size: int) -> None: ...

    def report_fetched(self, target: Target) -> None:
        self._print_event("fetched", **_describe(target))

    def report_kept(self, target: Target) -> None:
        self._print_event("kept", **_describe(target))

    def report_trouble(self, target: Target, error: Exception) -> None:
        self._print_event("trouble", error=str(error), **_describe(target))

    @contextmanager
    def show_fetching(self) -> Iterator[None]:
        yield

    def report_end(self, done: Retrieved, folder: Path) -> None:
        for one in done.left_out:
            self._print_event("left_out", file_id=one.file_id, name=one.name, reason=one.reason)
        for path in done.unlisted:
            self._print_event("unlisted", path=str(path))
        self._print_event(
            "summary",
            folder=str(folder),
            fetched=len(done.fetched),
            bytes_fetched=done.bytes_fetched,
            kept=len(done.kept),
            left_out=len(done.left_out),
            troubles=len(done.troubles),
            whole=done.whole,
            dicomdir=str(done.directory) if done.directory else None,
        )

    def _print_event(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - What JSON can hold.
        with self._lock:
            print(json.dumps({"event": event, **facts}, ensure_ascii=False), flush=True)


def _describe(target: Target) -> dict[str, Any]:
    return {"path": str(target.path), "file_id": target.file.file_id, "size": target.file.size}


class ConsoleReporter:
    """A bar while it runs, lines for what needs attention, and a summary."""

    def __init__(self) -> None:
        self._console = open_console()
        self._bar: tuple[Progress, TaskID] | None = None
        self._here = 0

    def report_listing(self, targets: int, size: int) -> None:
        if self._bar:
            self._bar[0].update(self._bar[1], total=size, of=targets)

    def advance(self, size: int) -> None:
        if self._bar:
            self._bar[0].advance(self._bar[1], size)

    def report_fetched(self, target: Target) -> None:  # noqa: ARG002 - JSON Lines name it.
        self._here += 1
        if self._bar:
            self._bar[0].update(self._bar[1], here=self._here)

    def report_kept(self, target: Target) -> None:
        self.report_fetched(target)

    def report_trouble(self, target: Target, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._console.print(f"[red]✗ not fetched[/]  {escape_name(str(target.path))}: {escape_name(reason)}")

    @contextmanager
    def show_fetching(self) -> Iterator[None]:
        count = TextColumn("{task.fields[here]:,}/{task.fields[of]:,} files")
        columns = (count, DownloadColumn(), SpeedColumn(), TimeRemainingColumn())
        with show_progress(self._console, "Fetching", *columns, visible=True) as bar:
            self._bar = bar, bar.add_task("", total=None, here=0, of=0)
            yield
        self._bar = None

    def report_end(self, done: Retrieved, folder: Path) -> None:
        for one in done.left_out:
            reason = ELSEWHERE.get(one.reason, one.reason.replace("_", " "))
            self._console.print(f"[dim]- left out[/]  {escape_name(one.name)}: {reason}")
        said = [f"{count_files(len(done.fetched))} fetched ({format_size(done.bytes_fetched)})"]
        said += [f"{len(done.kept):,} there already"] if done.kept else []
        said += [f"{len(done.left_out):,} left out"] if done.left_out else []
        said += [f"{len(done.troubles):,} could not be fetched"] if done.troubles else []
        self._console.print(f"{escape_name(str(folder))}: {', '.join(said)}.")
        for path in done.unlisted:
            self._console.print(f"[yellow]! not listed[/]  {escape_name(str(path))}: no DICOMDIR can hold it")
        if done.directory:
            listed = len(done.fetched) + len(done.kept) - len(done.unlisted)
            self._console.print(f"{escape_name(str(done.directory))} lists {count_files(listed)}.")
        if not done.whole:
            self._console.print("[yellow]Not complete.[/] Run the same command again to go on.")
