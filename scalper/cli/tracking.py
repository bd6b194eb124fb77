"""What became of files: an upload's state, verdicts as they come, and accepted files back."""

import json
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from scalper.api.model import AWAITING, Change, Changes, File, Upload
from scalper.cli.reporters import PROBLEMS
from scalper.cli.upload_command import ACCEPTED, AGAIN, REJECTED
from scalper.client import Client
from scalper.errors import ApiError, ClientError
from scalper.formatting import (
    count_files,
    escape_name,
    explain_findings,
    format_counts,
    format_size,
    format_state,
    open_console,
)


def show_status(upload_id: str | None, journal: Path | None, *, as_json: bool) -> int:
    """Print how far an upload has come; without an id, the last one. Return the exit code. Raises ClientError."""
    with Client.configured() as client:
        if not upload_id:
            with client.journal(journal) as opened:
                upload_id = opened.find_last_upload()
        if not upload_id:
            raise ClientError("Nothing was uploaded from here yet. Name an upload.")
        upload = client.status(upload_id)
        refused = any({**upload.counts, **upload.archives}.get(state) for state in PROBLEMS)
        files = client.files(upload.upload_id) if upload.warnings or refused else ()
        problems = [file for file in files if file.state in PROBLEMS or file.warnings > 0]
    if as_json:
        facts = {**asdict(upload), "problems": [asdict(file) for file in problems]}
        print(json.dumps(facts, ensure_ascii=False, default=_to_json))
    else:
        _print_upload(upload, problems)
    if not upload.settled:
        return AGAIN
    return ACCEPTED if upload.complete else REJECTED


def follow_verdicts(cursor_file: Path | None, *, from_start: bool, once: bool, as_json: bool) -> None:
    """Print verdicts as they come, until Ctrl-C. Raises ClientError.

    With a cursor's file, it goes on where it ended, and skips nothing.
    """
    kept = cursor_file.read_text(encoding="ascii").strip() if cursor_file and cursor_file.exists() else ""
    cursor = kept or (None if from_start else "now")
    with Client.configured() as client:
        while True:
            page = _read_changes(client, cursor, cursor_file)
            for change in page.changes:
                _print_change(client, change, as_json=as_json)
            cursor = page.cursor
            if cursor_file:
                # Whole or not at all.
                fresh = cursor_file.with_name(cursor_file.name + ".new")
                fresh.write_text(cursor + "\n", encoding="ascii")
                fresh.replace(cursor_file)
            if not once:
                time.sleep(page.poll_after)
            elif page.poll_after:
                return


def fetch_file(file_id: str, target: Path | None, *, force: bool) -> None:
    """Fetch an accepted file. Raises ClientError, OSError."""
    with Client.configured() as client:
        target = target or Path(file_id)
        if target.is_dir():
            target /= file_id
        if target.exists() and not force:
            raise ClientError(f"{target} exists. Name another file with --output, or replace it with --force.")
        file = client.download(file_id, target)
    checked = "SHA-256 verified" if file.sha256 else "size verified"
    open_console().print(f"{escape_name(str(target))}: {format_size(file.size)}, {checked}.")


def _print_upload(upload: Upload, problems: list[File]) -> None:
    console = open_console()
    reference = f"  {escape_name(upload.reference)}" if upload.reference else ""
    console.print(f"Upload [bold]{upload.upload_id}[/]{reference}  {_describe_state(upload)}")
    console.print(f"{count_files(upload.declared)}: {format_counts(upload.counts, upload.warnings)}.")
    if upload.archives:
        console.print(f"Archives, whose files are counted above: {format_counts(upload.archives, 0)}.")
    if upload.duplicates:
        console.print(f"{count_files(upload.duplicates)} already here.")
    for file in problems:
        console.print(f"{format_state(file.state, file.warnings)}  {escape_name(file.name)}  [dim]{file.file_id}[/]")
        for line in explain_findings(file.findings, file.state):
            console.print(line)


def _describe_state(upload: Upload) -> str:
    return {
        "in_progress": f"[yellow]{upload.counts.get(AWAITING, 0):,} to come[/]",
        "missing": f"[red]{upload.missing:,} missing[/]",
        "needs_attention": "[red]needs attention[/]",
    }.get(upload.state, "[green]complete[/]")


def _print_change(client: Client, change: Change, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(change), default=_to_json), flush=True)
        return
    console = open_console()
    time_of_day = change.at.astimezone().strftime("%H:%M:%S")
    if not change.codes and not change.warnings:
        console.print(f"[dim]{time_of_day}[/]  {format_state(change.state, 0)}  {change.file_id}")
        return
    file = client.file(change.file_id)
    console.print(f"[dim]{time_of_day}[/]  {format_state(change.state, change.warnings)}  {change.file_id}")
    console.print(f"    {escape_name(file.name)}")
    for line in explain_findings(file.findings, change.state):
        console.print(line)


def _read_changes(client: Client, cursor: str | None, kept_in: Path | None) -> Changes:
    try:
        return client.changes(cursor)
    except ApiError as error:
        if error.problem.slug != "invalid-cursor" or kept_in is None:
            raise
        advice = f"{kept_in} holds no place in your clinic's verdicts, or one that is too old. Delete it and begin anew"
        raise ClientError(f"{advice}: with --from-start, at the oldest verdict that is kept.") from error


def _to_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
