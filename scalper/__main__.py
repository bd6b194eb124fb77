"""The console command. Each subcommand calls one package, and imports it only when it runs."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from processor.judge import Profile

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Silent Scalper: intake of medical files.")

_STATE = Path(".scalper")
_Folder = Annotated[Path, typer.Option("--state", help="Folder that keeps everything between starts.")]


@app.callback()
def scalper() -> None:
    """Silent Scalper: intake of medical files."""


@app.command()
def up(
    state: _Folder = _STATE,
    port: Annotated[int, typer.Option(help="Where the portal listens.")] = 8000,
    emulator_port: Annotated[int, typer.Option(help="Where the AWS emulator listens.")] = 4566,
    *,
    reload: Annotated[bool, typer.Option("--reload", help="Build, deploy and restart on change.")] = False,
    portal: Annotated[bool, typer.Option(help="Run the portal too.")] = True,
) -> None:
    """Bring the whole system up on this machine, until Ctrl-C."""
    from infra.up import up as run  # noqa: PLC0415  Not every command needs the runner.

    with _told():
        run(state=state.resolve(), port=port, emulator_port=emulator_port, reload=reload, with_portal=portal)


@app.command()
def alerts(state: _Folder = _STATE) -> None:
    """Show what the running system would have emailed."""
    from infra.mailbox import read_mailbox  # noqa: PLC0415  Not every command needs AWS.

    with _told():
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
) -> None:
    """Judge files on this machine as the pipeline would, offline.

    Exit code 0: all accepted. 1: some rejected. 2: a wrong call, or a file that cannot be read.
    """
    from processor.check import files_under  # noqa: PLC0415  Not every command judges.
    from scalper.report import report  # noqa: PLC0415  As above.

    try:
        accepted = report(files_under(paths), _profile(profile), as_json=as_json)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the command line library ends us quietly.
        raise
    except (OSError, ValueError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(0 if accepted else 1)


def _profile(path: Path | None) -> "Profile":
    from processor.judge import Profile  # noqa: PLC0415  As above.

    if path is None:
        return Profile()
    try:
        return Profile.parsed(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is no profile: {error}.") from error


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what the runner cannot do into one sentence and a non-zero exit."""
    from infra.errors import RunnerError  # noqa: PLC0415  As above.

    try:
        yield
    except RunnerError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
