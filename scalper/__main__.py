"""The console command. Each subcommand calls one package, and imports it only when it runs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from scalper import judge_code
from scalper.cli import admin_commands, commands

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Silent Scalper: intake of medical files.",
    pretty_exceptions_show_locals=False,  # A traceback must not carry a secret or a patient's name.
)

_STATE = Path(".scalper")
_Folder = Annotated[Path, typer.Option("--state", help="Folder that keeps everything between starts.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  Not every command needs it.

        typer.echo(version("silent-scalper"))
        raise typer.Exit


@app.callback()
def scalper(
    *,
    _show: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Silent Scalper: intake of medical files."""


commands.register(app)
admin_commands.register(app)


@app.command()
def up(
    state: _Folder = _STATE,
    port: Annotated[int, typer.Option(help="Where the portal listens.")] = 8000,
    emulator_port: Annotated[int, typer.Option(help="Where the AWS emulator listens.")] = 4566,
    *,
    reload: Annotated[bool, typer.Option("--reload", help="Build, deploy and restart on change.")] = False,
    portal: Annotated[bool, typer.Option(help="Run the portal too.")] = True,
    go_back: Annotated[
        bool, typer.Option("--go-back", help="Begin with the last whole state, where the saved one is not whole.")
    ] = False,
) -> None:
    """Bring the whole system up on this machine, until Ctrl-C."""
    with _report_errors():
        from infra.local.up import run_stack  # noqa: PLC0415  Not every command needs the runner.
        from scalper.api.credentials import Credentials, save  # noqa: PLC0415  As above.

        run_stack(
            state=state.resolve(),
            port=port,
            emulator_port=emulator_port,
            reload=reload,
            with_portal=portal,
            go_back=go_back,
            save_access=lambda access, path: save(Credentials(*access), path),
        )


@app.command()
def alerts(state: _Folder = _STATE) -> None:
    """Show what the running system would have emailed."""
    with _report_errors():
        from infra.local.mailbox import read_mailbox  # noqa: PLC0415  Not every command needs AWS.

        letters = read_mailbox(state / "local.json")
    for letter in letters:
        heading = f"{letter.at:%Y-%m-%d %H:%M:%S} UTC  {letter.severity or 'info'}  {letter.kind}  {letter.clinic_id}"
        typer.secho(heading.rstrip(), bold=True)
        typer.echo(f"  {letter.subject}")
        typer.echo("".join(f"  {line}\n" for line in letter.body.splitlines()))
    count = "1 alert" if len(letters) == 1 else f"{len(letters)} alerts"
    typer.echo(f"{count}." if letters else "No alerts.")


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH…")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one object per file.")] = False,
    profile: Annotated[
        Path | None, typer.Option(help="A clinic's profile: JSON with kinds, max_bytes and rules.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes that judge at the same time.", show_default="one per core")
    ] = None,
) -> None:
    """Judge files on this machine as the pipeline would, offline.

    Exit code 0: all accepted. 1: some rejected. 2: a wrong call, or a file that cannot be read.
    """
    judge_code.make_importable()
    from processor.ingest.offline_check import choose_files  # noqa: PLC0415  Not every command judges.
    from scalper.check.report import read_profile, report  # noqa: PLC0415  As above.
    from scalper.check.workers import count_cores  # noqa: PLC0415  As above.

    try:
        chosen = choose_files(paths)
        jobs = jobs or count_cores()
        accepted = report(chosen.files, read_profile(profile), as_json=as_json, jobs=jobs, left_out=chosen.left_out)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the command line library ends us quietly.
        raise
    except (OSError, ValueError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(0 if accepted else 1)


@contextlib.contextmanager
def _report_errors() -> Iterator[None]:
    """Turn what the runner cannot do into one sentence and a non-zero exit."""
    try:
        from infra.errors import RunnerError  # noqa: PLC0415  As above.
    except ModuleNotFoundError as error:
        if error.name != "infra":
            raise
        typer.secho(
            "This command runs the whole system, for which it needs a checkout: see the README.", fg="red", err=True
        )
        raise typer.Exit(2) from error

    try:
        yield
    except RunnerError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
