"""How `scalper audit` and `scalper rebuild` tell what is found: to people in a table, to programs as JSON Lines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn

from scalper.admin.model import Rebuild
from scalper.formatting import escape_name, open_console, show_progress


class JsonReporter:
    """One object per event on standard output; `event` says which."""

    @contextmanager
    def show_progress(self, job: Rebuild) -> Iterator[None]:
        self._print_event("started", **_describe(job))
        yield

    def advance(self, job: Rebuild) -> None:
        self._print_event("progress", **_describe(job))

    def report_end(self, job: Rebuild, exit_code: int) -> None:
        for difference in job.found:
            self._print_event("difference", rebuild_id=job.rebuild_id, **asdict(difference))
        self._print_event("summary", **_describe(job), exit_code=exit_code)

    def report_stop(self, job: Rebuild) -> None:
        self._print_event("stopped", **_describe(job))

    def _print_event(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - What JSON can hold.
        print(json.dumps({"event": event, **facts}, ensure_ascii=False), flush=True)


class ConsoleReporter:
    """A line that moves while it runs, a table of what differs, and a summary."""

    def __init__(self) -> None:
        self._console = open_console()
        self._bar: tuple[Progress, TaskID] | None = None

    @contextmanager
    def show_progress(self, job: Rebuild) -> Iterator[None]:
        told = TextColumn("{task.fields[told]}", markup=False)
        what = "Auditing" if job.dry_run else "Mending"
        with show_progress(self._console, what, told, TimeElapsedColumn(), visible=True) as bar:
            self._bar = bar, bar.add_task("", total=None, told=_describe_progress(job))
            yield
        self._bar = None

    def advance(self, job: Rebuild) -> None:
        if self._bar:
            self._bar[0].update(self._bar[1], told=_describe_progress(job))

    def report_end(self, job: Rebuild, exit_code: int) -> None:  # noqa: ARG002 - JSON Lines name it.
        for subject, group in groupby(job.found, key=lambda one: one.subject):
            rows = list(group)
            width = max(len(row.name) for row in rows)
            self._console.print(f"[bold]{escape_name(subject)}[/]")
            for row in rows:
                verb = "is" if job.dry_run else "was"
                name = escape_name(f"{row.name:{width}}")
                self._console.print(f"    {name}  {verb} {row.standing:>7,}, by the records {row.expected:>7,}")
        if job.differences > len(job.found):
            self._console.print(f"[dim]and {job.differences - len(job.found):,} more[/]")
        for unit in job.busy_units:
            self._console.print(f"[yellow]… kept changing[/]  {escape_name(unit)}")
        self._console.print(_summarise(job))

    def report_stop(self, job: Rebuild) -> None:
        what = _name(job)
        if job.state == "done":
            self._console.print(f"{what} had ended before.")
            return
        self._console.print(f"{what} is stopped: {_describe_progress(job)}.")


Teller = ConsoleReporter | JsonReporter


def _describe(job: Rebuild) -> dict[str, Any]:
    return {name: value for name, value in asdict(job).items() if name != "found"}


def _describe_progress(job: Rebuild) -> str:
    at = f", at {job.position}" if job.position and not job.ended else ""
    return (
        f"{_count(job.clinics_done, 'clinic')} done, {_count(job.looked_at, 'unit')} looked at, "
        f"{_count(job.differences, 'difference')}{at}"
    )


def _summarise(job: Rebuild) -> str:
    """Say in one line or two what came of it, and what to do next."""
    parts = [
        _count(job.differences, "difference"),
        *([f"{_count(job.uncounted, 'change')} counted nowhere"] if job.uncounted else []),
        *([f"{_count(job.marks, 'mark')} of what was counted, wrong or gone"] if job.marks else []),
        *([f"{_count(job.beside, 'item')} beside the sums, wrong or gone"] if job.beside else []),
    ]
    nothing = not (job.differences or job.uncounted or job.marks or job.beside)
    found = "nothing differs" if nothing else f"{', '.join(parts)}{'' if job.dry_run else ': mended'}"
    cost = f"{_count(job.looked_at, 'unit')} looked at, {job.read_units:,.0f} read units"
    line = f"{_name(job)} {'is done' if job.state == 'done' else 'was stopped'}: {found} ({cost})."
    if job.state != "done":
        return f"{line} Not everything was looked at: run it again."
    if job.busy:
        return f"{line} {_count(job.busy, 'unit')} kept changing: run it again in a few minutes."
    return line


def _name(job: Rebuild) -> str:
    where = f"upload {job.upload_id}" if job.upload_id else job.clinic_id or "all clinics"
    return f"The {'audit' if job.dry_run else 'rebuild'} of {escape_name(where)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
