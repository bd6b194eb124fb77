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
    timeout: Annotated[float | None, typer.Option(help="Wait at most this many seconds.", min=0)] = None,
    check_first: Annotated[
        bool, typer.Option("--check-first", help="Check each file here first, and keep back what would be rejected.")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    as_json: _Json = False,
    journal: _Journal = None,
) -> None:
    """Send files and folders, and take up what was interrupted.

    Files that were sent before and have not changed are left out: the same
    command can be run again, every night or after a crash.

    Exit code 0: all sent, and with --wait all accepted. 1: some were
    rejected, failed, kept back, or gone before they were sent. 2: a
    wrong call or wrong credentials.
    3: not everything is done; run the same command again.
    """
    from scalper.cli import upload_command  # noqa: PLC0415  `--help` waits for nothing.

    with report_errors():
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
    last: Annotated[bool, typer.Option("--last", help="The last upload that was started from here.")] = False,
    as_json: _Json = False,
    journal: _Journal = None,
) -> None:
    """Show how far an upload has come, and what is wrong with its files.

    Exit code 0: complete, all accepted. 1: some missing or not accepted.
    2: a wrong call. 3: verdicts are awaited.
    """
    from scalper.cli import tracking  # noqa: PLC0415  As above.

    if bool(upload_id) == last:
        raise typer.BadParameter("Name an upload, or --last.")
    with report_errors():
        code = tracking.show_status(upload_id, journal, as_json=as_json)
    raise typer.Exit(code)


def watch(
    *,
    cursor: Annotated[
        Path | None, typer.Option(help="A file that remembers the place: the next run continues from there.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Start with the oldest verdict that is kept, not with the next.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing more for now.")] = False,
    as_json: _Json = False,
) -> None:
    """Follow the clinic's verdicts as they come, each once, until Ctrl-C."""
    from scalper.cli import tracking  # noqa: PLC0415  As above.

    with report_errors():
        tracking.follow_verdicts(cursor, from_start=from_start, once=once, as_json=as_json)


def get(
    file_id: Annotated[str | None, typer.Argument(help="One file.", metavar="FILE_ID", show_default=False)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Of one file: where to. By default, its id in this folder.")
    ] = None,
    *,
    study: Annotated[
        str | None, typer.Option("--study", help="A study, by its instance UID.", metavar="UID", show_default=False)
    ] = None,
    upload: Annotated[
        str | None, typer.Option("--upload", help="An upload's accepted files.", metavar="UPLOAD", show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Of a study or an upload: into this folder.", metavar="DIR")
    ] = None,
    dicomdir: Annotated[
        bool, typer.Option("--dicomdir", help="Of a study: as DICOM media want it, for a CD, DVD or stick.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Files fetched at a time.", min=1, max=32)] = 4,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: _Json = False,
) -> None:
    """Fetch an accepted file, a study or an upload: each file whole and verified, or not at all.

    A study's files come under the names under which they were sent. What
    is there already is left as it is: run the same command again after
    an interruption, and it goes on where it stopped, within files too.

    With --dicomdir, a study's files get the short names that DICOM media
    allow, and a DICOMDIR that lists them once all are there. It needs
    pip install "silent-scalper[dicomdir]".

    Exit code 0: all is there. 1: all that was accepted is there, and the
    upload has files that were not, or a file cannot stand in the DICOMDIR.
    2: a wrong call. 3: not everything is there; run the same command again.
    """
    if sum(one is not None for one in (file_id, study, upload)) != 1:
        raise typer.BadParameter("Name a file, or a study with --study, or an upload with --upload.")
    if dicomdir and study is None:
        raise typer.BadParameter("A DICOMDIR is written for a study: name one with --study.")
    if file_id is not None:
        from scalper.cli import tracking  # noqa: PLC0415  As above.

        with report_errors():
            tracking.fetch_file(file_id, output, force=force)
        return
    if to is None:
        raise typer.BadParameter("Name a folder with --to.")
    from scalper.cli import get_command  # noqa: PLC0415  As above.
    from scalper.downloads.listing import locate_study, locate_upload  # noqa: PLC0415  As above.

    path = locate_study(study) if study is not None else locate_upload(upload or "")
    with report_errors():
        code = get_command.fetch_into(path, to, jobs=jobs, force=force, dicomdir=dicomdir, as_json=as_json)
    raise typer.Exit(code)


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
    with report_errors():
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
def report_errors() -> Iterator[None]:
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
        text = "Stopped. Run the same command again to continue." if stopped else str(error)
        typer.secho(text, fg="red", err=True)
        raise typer.Exit(to_exit_code(error)) from error
