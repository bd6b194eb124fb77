"""The admins' commands as they are typed. What they do is imported when they run: `--help` waits for nothing."""

from typing import Annotated

import typer

from scalper.cli.commands import report_errors

_Clinic = Annotated[str | None, typer.Option("--clinic", help="One clinic. By default, all.", metavar="ID")]
_Upload = Annotated[str | None, typer.Option("--upload", help="One upload.", metavar="ID")]
_Portal = Annotated[
    str | None, typer.Option(help="As https://portal.example. By default, SCALPER_API_URL or what `login` keeps.")
]
_Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser for the sign-in.")]
_ReadUnits = Annotated[
    int | None, typer.Option("--read-units", help="Read units a second that it may take.", min=1, show_default=False)
]
_Stop = Annotated[str | None, typer.Option("--stop", help="Stop one that runs.", metavar="ID")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]


def audit(
    *,
    clinic: _Clinic = None,
    upload: _Upload = None,
    follow: Annotated[
        str | None, typer.Option("--follow", help="Show one that was started before.", metavar="ID")
    ] = None,
    stop: _Stop = None,
    read_units: _ReadUnits = None,
    portal: _Portal = None,
    browser: _Browser = True,
    as_json: _Json = False,
) -> None:
    """For admins: hold counts, studies, lists and feeds against the records.

    Nothing is written. You sign in by your browser, as at the portal; the
    sign-in ends with the command. The audit runs at the portal: it goes on
    when the command is stopped.

    Exit code 0: all is exact. 1: something differs. 2: a wrong call, or
    whoever signed in is no admin. 3: it is not finished, or something kept
    changing: run it again.
    """
    from scalper.cli import rebuild_command  # noqa: PLC0415  `--help` waits for nothing.

    _require_one(follow, stop, scope=(clinic, upload, read_units))
    with report_errors():
        options = rebuild_command.RebuildOptions(
            clinic_id=clinic,
            upload_id=upload,
            read_units=read_units,
            follow=follow,
            portal=portal,
            opens_browser=browser,
            as_json=as_json,
        )
        code = rebuild_command.stop(options, stop) if stop else rebuild_command.audit(options)
    raise typer.Exit(code)


def rebuild(
    *,
    clinic: _Clinic = None,
    upload: _Upload = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Mend without asking, as scripts must.")] = False,
    follow: Annotated[
        str | None,
        typer.Option("--follow", help="Take up one that was started before, or an audit to mend by.", metavar="ID"),
    ] = None,
    stop: _Stop = None,
    read_units: _ReadUnits = None,
    portal: _Portal = None,
    browser: _Browser = True,
    as_json: _Json = False,
) -> None:
    """For admins: make counts, studies, lists and feeds anew from the records.

    It begins with an audit, shows what differs, and asks whether to mend it.
    Files may arrive meanwhile. You sign in by your browser, as at the
    portal; the sign-in ends with the command.

    Exit code 0: all is exact now. 1: something differs, and was left. 2: a
    wrong call, or whoever signed in is no admin. 3: it is not finished, or
    something kept changing: run it again.
    """
    from scalper.cli import rebuild_command  # noqa: PLC0415  As above.

    _require_one(follow, stop, scope=(clinic, upload, read_units))
    with report_errors():
        options = rebuild_command.RebuildOptions(
            clinic_id=clinic,
            upload_id=upload,
            read_units=read_units,
            follow=follow,
            portal=portal,
            opens_browser=browser,
            as_json=as_json,
            yes=yes,
        )
        code = rebuild_command.stop(options, stop) if stop else rebuild_command.rebuild(options)
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the commands to the console command."""
    for command in (audit, rebuild):
        app.command()(command)


def _require_one(follow: str | None, stop: str | None, *, scope: tuple[object, ...]) -> None:
    if sum(one is not None for one in (follow, stop, scope if any(scope) else None)) > 1:
        raise typer.BadParameter("--follow and --stop name one that was started before, and stand alone.")
