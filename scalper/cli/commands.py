"""The partner's commands as they are typed. What they do is imported when they run: `--help` waits for nothing."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

_Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]
_Journal = Annotated[
    Path | None, typer.Option(help="Where to note what was sent. By default, in the user's own state folder.")
]


def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; a ZIP is unpacked there.", metavar="PATH…")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the verdicts.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Wait no longer than so many seconds.", min=0)] = None,
    check_first: Annotated[
        bool, typer.Option("--check-first", help="Judge each file here first, and keep back what would be rejected.")
    ] = False,
    profile: Annotated[
        Path | None, typer.Option(help="With --check-first: the clinic's profile, as for `scalper check`.")
    ] = None,
    reference: Annotated[str, typer.Option(help="Your own name for the upload. No patient data.")] = "",
    note: Annotated[str, typer.Option(help="A note for the clinic, shown to nobody else.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Files and parts sent at a time.", min=1, max=32)] = 4,
    again: Annotated[bool, typer.Option("--again", help="Send files that were sent before, too.")] = False,
    include_all: Annotated[
        bool, typer.Option("--include-all", help="Send a CD's viewer, README, AUTORUN.INF and the like, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be sent, and send nothing.")] = False,
    as_json: _Json = False,
    journal: _Journal = None,
) -> None:
    """Send files and folders, and take up what was interrupted.

    Files that were sent before and have not changed are left out: the same
    command can be run again, every night or after a crash.

    Exit code 0: all sent, and with --wait all accepted. 1: some were
    rejected, failed or kept back. 2: a wrong call or wrong credentials.
    3: not everything is done; run the same command again.
    """
    from scalper.cli import upload_command  # noqa: PLC0415  `--help` waits for nothing.

    with _report_errors():
        order = upload_command.UploadOptions(
            paths=paths,
            reference=reference,
            note=note,
            jobs=jobs,
            journal=journal,
            wait=wait,
            timeout=timeout,
            as_json=as_json,
            again=again,
            include_all=include_all,
            approve=upload_command.load_check(profile) if check_first else None,
        )
        if dry_run:
            upload_command.dry_run(order)
            return
        code = upload_command.upload(order)
    raise typer.Exit(code)


def status(
    upload_id: Annotated[str | None, typer.Argument(help="The upload.", metavar="[UPLOAD]", show_default=False)] = None,
    *,
    last: Annotated[bool, typer.Option("--last", help="The upload that was begun last from here.")] = False,
    as_json: _Json = False,
    journal: _Journal = None,
) -> None:
    """Show how far an upload has come, and what is wrong with its files.

    Exit code 0: complete, all accepted. 1: complete, some not accepted.
    2: a wrong call. 3: verdicts are awaited.
    """
    from scalper.cli import tracking  # noqa: PLC0415  As above.

    if bool(upload_id) == last:
        raise typer.BadParameter("Name an upload, or --last.")
    with _report_errors():
        code = tracking.show_status(upload_id, journal, as_json=as_json)
    raise typer.Exit(code)


def watch(
    *,
    cursor: Annotated[
        Path | None, typer.Option(help="A file that keeps the place: the next start goes on from it.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest verdict that is kept, not with the next.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing more for now.")] = False,
    as_json: _Json = False,
) -> None:
    """Follow the clinic's verdicts as they come, each once, until Ctrl-C."""
    from scalper.cli import tracking  # noqa: PLC0415  As above.

    with _report_errors():
        tracking.follow_verdicts(cursor, from_start=from_start, once=once, as_json=as_json)


def get(
    file_id: Annotated[str, typer.Argument(help="The file.", metavar="FILE_ID")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to. By default, the file's id in this folder.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Fetch an accepted file, whole and verified, or nothing."""
    from scalper.cli import tracking  # noqa: PLC0415  As above.

    with _report_errors():
        tracking.fetch_file(file_id, output, force=force)


def login(
    api_url: Annotated[str, typer.Option(prompt="Address of the API", help="As https://portal.example.")],
    client_id: Annotated[str, typer.Option(prompt="Client id", help="Your operator gave it to you.")],
) -> None:
    """Keep credentials for the other commands, in a file that only you can read.

    The secret is asked for, or read from standard input. The environment
    goes before the file: SCALPER_API_URL, SCALPER_CLIENT_ID and
    SCALPER_CLIENT_SECRET. SCALPER_CREDENTIALS names another file.
    """
    from scalper.api import credentials  # noqa: PLC0415  As above.
    from scalper.client import Client  # noqa: PLC0415  As above.

    secret = typer.prompt("Client secret", hide_input=True, err=True).strip()
    with _report_errors():
        found = credentials.Credentials(api_url.rstrip("/"), client_id, secret)
        with Client(found.api_url, found.client_id, found.client_secret) as client:
            client.connection.check()
        path = credentials.locate_file()
        credentials.save(found, path)
    typer.echo(f"The credentials are good, and kept in {path}.")


def register(app: typer.Typer) -> None:
    """Add the commands to the console command."""
    for command in (upload, status, watch, get, login):
        app.command()(command)


@contextlib.contextmanager
def _report_errors() -> Iterator[None]:
    """Turn what goes wrong into a sentence and an exit code."""
    from scalper.cli.upload_command import to_exit_code  # noqa: PLC0415  As above.
    from scalper.errors import ClientError  # noqa: PLC0415  As above.

    try:
        yield
    except BrokenPipeError:
        # Whoever read our output has seen enough; the command line library ends us quietly.
        raise
    except (ClientError, OSError, ValueError, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        text = "Stopped. Run the same command again to go on." if stopped else str(error)
        typer.secho(text, fg="red", err=True)
        raise typer.Exit(to_exit_code(error)) from error
