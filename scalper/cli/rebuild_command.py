"""`scalper audit` and `scalper rebuild`: started at the portal, followed from here, told in a table."""

import os
import sys
import time
import webbrowser
from contextlib import AbstractContextManager
from dataclasses import dataclass

import typer

from scalper.admin import session
from scalper.admin.model import Rebuild
from scalper.admin.session import Rebuilds
from scalper.api import credentials
from scalper.cli.rebuild_reporters import ConsoleReporter, JsonReporter, Teller
from scalper.cli.upload_command import ACCEPTED, AGAIN, REJECTED, end_on_signals
from scalper.errors import ClientError, NotPermittedError, SessionEndedError, StillRunningError, UnreachableError
from scalper.formatting import escape_name, open_messages

EXACT, DIFFERS = ACCEPTED, REJECTED
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0
"""Seconds between two looks at a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildOptions:
    """What `scalper audit` or `scalper rebuild` was asked to do."""

    clinic_id: str | None
    upload_id: str | None
    read_units: int | None
    follow: str | None
    portal: str | None
    opens_browser: bool
    as_json: bool
    yes: bool = False


def audit(options: RebuildOptions) -> int:
    """Compare without writing. Return the exit code. Raises ClientError, KeyboardInterrupt."""
    teller = _choose_teller(options)
    with end_on_signals(), _open(options) as rebuilds:
        found = rebuilds.read(options.follow) if options.follow else _start(rebuilds, options, dry_run=True)
        return _report_end(_follow(rebuilds, found, teller), teller)


def rebuild(options: RebuildOptions) -> int:
    """Compare, ask, and mend. Return the exit code. Raises ClientError, KeyboardInterrupt."""
    if not options.follow:
        _require_answer(options)
    teller = _choose_teller(options)
    with end_on_signals(), _open(options) as rebuilds:
        found = rebuilds.read(options.follow) if options.follow else _start(rebuilds, options, dry_run=True)
        audited = _follow(rebuilds, found, teller)
        code = _report_end(audited, teller)
        # What keeps changing is no reason to leave alone what was found; what was stopped may not be what was meant.
        if not audited.dry_run or audited.state != "done" or audited.exact or not _has_findings(audited):
            return code
        if not _is_wanted(options):
            return DIFFERS
        mending = rebuilds.start(
            clinic_id=audited.clinic_id,
            upload_id=audited.upload_id,
            dry_run=False,
            read_units_per_second=options.read_units,
        )
        return _report_end(_follow(rebuilds, mending, teller), teller)


def stop(options: RebuildOptions, rebuild_id: str) -> int:
    """Stop one that runs, and tell how far it had come. Raises ClientError."""
    with _open(options) as rebuilds:
        stopped = rebuilds.stop(rebuild_id)
    _choose_teller(options).report_stop(stopped)
    return EXACT


class PersonAtTerminal:
    """Leads whoever sits at the terminal through the sign-in, on standard error: results go to standard output."""

    def __init__(self, portal: str, *, opens_browser: bool) -> None:
        self._portal = portal
        self._opens_browser = opens_browser
        self._console = open_messages()

    def show(self, url: str, port: int) -> None:
        self._console.print(f"Sign in to {escape_name(self._portal)} as an admin, within 5 minutes:")
        self._console.print(f"  {escape_name(url)}")
        self._console.print(
            f"[dim]Is the browser on another machine? Connect from there first: ssh -L {port}:localhost:{port}[/]"
        )
        if self._opens_browser and not _open_browser(url):
            self._console.print("[dim]No browser could be opened here: open the address yourself.[/]")

    def welcome(self, name: str) -> None:
        self._console.print(f"Signed in as {escape_name(name)}." if name else "Signed in.")

    def report_left_open(self, reason: str) -> None:
        self._console.print(f"[yellow]The sign-in could not be ended: {escape_name(reason)}[/]")
        self._console.print("It ends by itself, within an hour.")


def _open_browser(url: str) -> bool:
    """Open a browser, and say whether one could be. What it prints goes to standard error, as our messages do."""
    results = os.dup(1)
    try:
        os.dup2(2, 1)
        return webbrowser.open(url)
    finally:
        os.dup2(results, 1)
        os.close(results)


def _open(options: RebuildOptions) -> AbstractContextManager[Rebuilds]:
    portal = options.portal or credentials.find_api_url()
    return session.open_session(portal, PersonAtTerminal(portal, opens_browser=options.opens_browser))


def _choose_teller(options: RebuildOptions) -> Teller:
    return JsonReporter() if options.as_json else ConsoleReporter()


def _start(rebuilds: Rebuilds, options: RebuildOptions, *, dry_run: bool) -> Rebuild:
    return rebuilds.start(
        clinic_id=options.clinic_id,
        upload_id=options.upload_id,
        dry_run=dry_run,
        read_units_per_second=options.read_units,
    )


def _follow(rebuilds: Rebuilds, job: Rebuild, teller: Teller) -> Rebuild:
    """Show how far a job has come until it ends. Raises StillRunningError where nobody can follow it any longer."""
    pause = FIRST_PAUSE
    with teller.show_progress(job):
        try:
            while not job.ended:
                time.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
                job = rebuilds.read(job.rebuild_id)
                teller.advance(job)
            return job if job.found or not job.differences else rebuilds.read(job.rebuild_id)
        except (KeyboardInterrupt, NotPermittedError, SessionEndedError, UnreachableError) as error:
            raise StillRunningError(_explain_leaving(job, error)) from error


def _explain_leaving(job: Rebuild, error: BaseException) -> str:
    command = "audit" if job.dry_run else "rebuild"
    reason = "Stopped here." if isinstance(error, KeyboardInterrupt) else str(error)
    goes_on = "has ended" if job.ended else "goes on at the portal"
    follow = f"`scalper {command} --follow {job.rebuild_id}` shows it"
    halt = "" if job.ended else f", `scalper {command} --stop {job.rebuild_id}` stops it"
    return f"{reason} The {command} {goes_on}: {follow}{halt}."


def _report_end(job: Rebuild, teller: Teller) -> int:
    code = _choose_exit_code(job)
    teller.report_end(job, code)
    return code


def _choose_exit_code(job: Rebuild) -> int:
    if not job.whole:
        return AGAIN
    return DIFFERS if job.dry_run and not job.exact else EXACT


def _has_findings(job: Rebuild) -> bool:
    return bool(job.differences or job.uncounted or job.marks or job.beside)


def _require_answer(options: RebuildOptions) -> None:
    if not options.yes and not sys.stdin.isatty():
        raise ClientError("Nobody is here to be asked whether to mend what differs: say so with --yes.")


def _is_wanted(options: RebuildOptions) -> bool:
    _require_answer(options)
    return options.yes or typer.confirm("Mend this?", err=True)
