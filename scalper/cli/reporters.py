"""How `scalper upload` tells what happens: to people with a bar and a summary, to programs as JSON Lines."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn

from scalper.formatting import (
    count_files,
    describe_left_out,
    escape_name,
    explain_findings,
    format_counts,
    format_size,
    format_state,
    open_console,
    show_progress,
)
from scalper.uploads.local_files import LocalFile, Selection
from scalper.uploads.outcome import Outcome
from scalper.uploads.plan import Plan
from scalper.uploads.transfer import Item
from scalper.uploads.verdicts import Verdict

if TYPE_CHECKING:
    from processor.ingest.offline_check import Checked

PROBLEMS = frozenset({"rejected", "failed", "expired"})


class JsonReporter:
    """One object per event on standard output; `event` says which. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def report_selection(self, found: Selection) -> None:
        for path in found.unreadable:
            self.report_trouble(path, OSError("It cannot be read."))
        for skipped in found.skipped:
            self.report_skipped(*skipped)
        if found.left_out or found.not_entered:
            self._print_event("left_out", files=found.left_out, folders=found.not_entered)

    def report_plan(self, plan: Plan) -> None:
        self._print_event("planned", **{one: len(getattr(plan, one)) for one in ("new", "begun", "earlier", "changed")})

    def report_dry_run(self, plan: Plan) -> None:
        for file in plan.to_send:
            self._print_event("would_send", path=str(file.path), size=file.size)

    def report_upload(self, upload_id: str) -> None:
        self._print_event("upload", upload_id=upload_id)

    def advance(self, size: int) -> None: ...

    def report_check(self, checked: "Checked") -> None:
        self._print_event("checked", **checked.as_dict())

    def report_sent(self, item: Item) -> None:
        self._print_event(
            "sent", path=str(item.file.path), file_id=item.file_id, upload_id=item.upload_id, size=item.file.size
        )

    def report_withheld(self, path: Path) -> None:
        self._print_event("withheld", path=str(path))

    def report_skipped(self, path: Path, reason: str) -> None:
        self._print_event("skipped", path=str(path), reason=reason)

    def report_given_up(self, path: Path | None, file_id: str, reason: str, *, anew: bool) -> None:
        self._print_event("given_up", path=str(path) if path else None, file_id=file_id, reason=reason, anew=anew)

    def report_trouble(self, path: Path, error: Exception) -> None:
        self._print_event("trouble", path=str(path), error=str(error))

    @contextmanager
    def show_sending(self) -> Iterator[None]:
        yield

    @contextmanager
    def show_waiting(self, _count: int) -> Iterator[None]:
        yield

    def report_verdict(self, verdict: Verdict, file: LocalFile | None) -> None:
        self._print_event("verdict", path=str(file.path) if file else None, **to_dict(verdict))

    def report_delivery(self, outcome: Outcome) -> None: ...

    def report_end(self, outcome: Outcome, states: Mapping[str, int], warnings: int, exit_code: int) -> None:
        self._print_event(
            "summary",
            uploads=sorted(set(outcome.uploads.values())),
            sent=outcome.sent,
            bytes_sent=outcome.bytes_sent,
            sent_before=len(outcome.files) - outcome.sent,
            withheld=len(outcome.withheld),
            given_up=len(outcome.given_up),
            troubles=len(outcome.troubles),
            states=dict(states),
            warnings=warnings,
            exit_code=exit_code,
        )

    def _print_event(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - What JSON can hold.
        line = json.dumps({"event": event, **facts}, ensure_ascii=False, default=str)
        with self._lock:
            # What of a path is no UTF-8 stands in it as lone surrogates, which JSON can only tell escaped.
            print(line.encode(errors="backslashreplace").decode(), flush=True)


def to_dict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a line of JSON Lines holds it; `name` is None for a file that needs no explanation."""
    file = verdict.file
    return {
        "file_id": verdict.file_id,
        "upload_id": verdict.upload_id,
        "name": file.name if file else None,
        "state": verdict.state,
        "codes": list(verdict.codes),
        "warnings": verdict.warnings,
        "findings": [asdict(found) for found in file.findings] if file else [],
    }


class ConsoleReporter:
    """Bars while it runs, lines for what needs attention, and a summary."""

    def __init__(self) -> None:
        self._console = open_console()
        self._bar: tuple[Progress, TaskID] | None = None
        self._sent = 0
        self._explained = False
        self._plan = Plan()

    def report_selection(self, found: Selection) -> None:
        for path in found.unreadable:
            self.report_trouble(path, OSError("It cannot be read."))
        for path, reason in found.skipped:
            self.report_skipped(path, reason)
        if told := describe_left_out(found.left_out, found.not_entered):
            self._console.print(f"[dim]{told}[/]")

    def report_plan(self, plan: Plan) -> None:
        self._plan = plan
        if plan.changed:
            self._console.print(f"{count_files(len(plan.changed))} changed since an earlier run; sent as new.")
        if plan.begun:
            self._console.print(f"Continuing an earlier run: {count_files(len(plan.begun))} still to send.")
        if self._bar:
            bar, task = self._bar
            bar.update(task, total=sum(file.size for file in plan.to_send), of=len(plan.to_send))

    def report_dry_run(self, plan: Plan) -> None:
        for file in plan.to_send:
            self._console.print(f"{escape_name(file.name)}  [dim]{format_size(file.size)}[/]")
        before = f"; {len(plan.earlier):,} sent before" if plan.earlier else ""
        total = format_size(sum(file.size for file in plan.to_send))
        self._console.print(f"{count_files(len(plan.to_send))} to send ({total}){before}. Nothing was sent.")

    def report_upload(self, upload_id: str) -> None:
        self._console.print(f"Upload [bold]{upload_id}[/]")

    def advance(self, size: int) -> None:
        if self._bar:
            self._bar[0].advance(self._bar[1], size)

    def report_check(self, checked: "Checked") -> None:
        from scalper.check.workers import print_checked  # noqa: PLC0415  Not every upload judges.

        if checked.judgement.rejected:
            print_checked(self._console, checked)

    def report_sent(self, item: Item) -> None:  # noqa: ARG002 - JSON Lines name it.
        self._sent += 1
        if self._bar:
            self._bar[0].update(self._bar[1], sent=self._sent)

    def report_withheld(self, path: Path) -> None: ...

    def report_skipped(self, path: Path, reason: str) -> None:
        self._console.print(f"[yellow]skipped[/]  {escape_name(str(path))}: {reason}.")

    def report_given_up(self, path: Path | None, file_id: str, reason: str, *, anew: bool) -> None:
        self._console.print(
            f"[yellow]{'changed' if anew else 'given up'}[/]  {escape_name(str(path or file_id))}: {reason}"
        )

    def report_trouble(self, path: Path, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._console.print(f"[red]✗ not sent[/]  {escape_name(str(path))}: {escape_name(reason)}")

    @contextmanager
    def show_sending(self) -> Iterator[None]:
        count = TextColumn("{task.fields[sent]:,}/{task.fields[of]:,} files")
        columns = (count, DownloadColumn(), SpeedColumn(), TimeRemainingColumn())
        with show_progress(self._console, "Sending", *columns, visible=True) as bar:
            self._bar = bar, bar.add_task("", total=None, sent=0, of=0)
            yield
        self._bar = None

    @contextmanager
    def show_waiting(self, count: int) -> Iterator[None]:
        with show_progress(
            self._console, "Waiting for verdicts", MofNCompleteColumn(), TimeRemainingColumn(), visible=True
        ) as bar:
            self._bar = bar, bar.add_task("", total=count)
            yield
        self._bar = None

    def report_verdict(self, verdict: Verdict, file: LocalFile | None) -> None:
        if self._bar and file:
            self._bar[0].advance(self._bar[1])
        if verdict.state in PROBLEMS or verdict.warnings:
            self._explained = True
            name = file.name if file else verdict.file.name if verdict.file else verdict.file_id
            self._console.print(f"{format_state(verdict.state, verdict.warnings)}  {escape_name(name)}")
            for line in explain_findings(verdict.file.findings if verdict.file else (), verdict.state):
                self._console.print(line)

    def report_delivery(self, outcome: Outcome) -> None:
        before = len(outcome.files) - outcome.sent
        if not (self._plan.new or self._plan.begun):
            self._console.print(
                f"Nothing to send: {count_files(before)} sent before." if before else "Nothing to send."
            )
            return
        said = f"{count_files(outcome.sent)} sent ({format_size(outcome.bytes_sent)})"
        also = [f"{before:,} sent before"] if before else []
        also += [f"{len(outcome.withheld):,} kept back by the check"] if outcome.withheld else []
        also += [f"{len(outcome.given_up):,} given up"] if outcome.given_up else []
        also += [f"{len(outcome.troubles):,} could not be sent"] if outcome.troubles else []
        self._console.print(", ".join([said, *also]) + ".")

    def report_end(self, outcome: Outcome, states: Mapping[str, int], warnings: int, exit_code: int) -> None:  # noqa: ARG002
        if states:
            self._console.print(f"Verdicts: {format_counts(states, warnings)}.")
            if not self._explained and any(states.get(state) for state in PROBLEMS):
                self._console.print("[dim]`scalper status UPLOAD` shows why.[/]")
        elif outcome.files and not outcome.halted:
            self._console.print("[dim]`scalper status --last` shows the verdicts; `--wait` waits for them.[/]")


Teller = ConsoleReporter | JsonReporter
