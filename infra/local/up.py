"""What `scalper up` does: start everything, tell how to get in, and stop everything when told or when a part dies."""

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple, cast

from rich.console import Console

from infra.build.cache import ROOT, digest, files_under
from infra.build.processes import Child
from infra.errors import RunnerError
from infra.local.demo import write_private
from infra.local.progress import Outlasting, Steps
from infra.local.stack import LocalStack, local_stack, redeploy, run_portal
from infra.local.state.shutdown import StopRequests

_WATCHED = tuple(ROOT / folder for folder in ("assets", "infra", "intake", "processor", "portal", "templates"))
_POLL_S = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PartnerAccess(NamedTuple):
    """What the partner's client needs to be let in."""

    api_url: str
    client_id: str
    client_secret: str
    token_url: str | None = None
    """Needed only where the API's own answer does not lead there."""


class _Stopped(BaseException):
    """Raised in the main thread by the first signal that asks us to end."""


def run_stack(
    *,
    state: Path,
    port: int,
    emulator_port: int,
    reload: bool,
    with_portal: bool,
    go_back: bool,
    save_access: Callable[[PartnerAccess, Path], None],
) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP, then leave no process behind. Raises RunnerError.

    `go_back` agrees to begin with the last whole state, where the saved one is not whole.
    `save_access` writes the partner's credentials to a file, as the partner's client reads them.
    """
    console = Console(highlight=False, file=cast("IO[str]", Outlasting(sys.stdout)))
    started, sources, requests = time.monotonic(), _digest_sources(), StopRequests()
    with contextlib.suppress(_Stopped), _stop_on_signals(requests) as disarm, contextlib.ExitStack() as exits:
        # Entered last and so left first: whatever ends us, no further signal disturbs the stopping.
        try:
            progress = Steps(console, agrees=go_back)
            stack = exits.enter_context(
                local_stack(
                    state=state, emulator_port=emulator_port, portal_port=port, progress=progress, requests=requests
                )
            )
            children = [stack.emulator]
            if with_portal:
                with progress.step("Start the portal"):
                    log = None if reload else state / "portal.log"
                    children.append(exits.enter_context(run_portal(stack, log=log, reload=reload)))
            write_private(state / "local.json", stack.as_json())
            credentials = state / "credentials.toml"
            partner = stack.demo.partner
            # The function behind the gateway tells of AWS's own sign-in page, which no emulator can be.
            api_url, token_url = (stack.portal_url, None) if with_portal else (stack.api_url, stack.token_url)
            access = PartnerAccess(api_url, partner.client_id, partner.client_secret, token_url)
            save_access(access, credentials)
            _print_welcome(console, stack, credentials, time.monotonic() - started)
            _supervise(children, _watch_sources(stack, console, sources) if reload else None)
        finally:
            disarm()
            console.print("Stopping …")


@contextlib.contextmanager
def _stop_on_signals(requests: StopRequests) -> Iterator[Callable[[], None]]:
    """Turn the first signal into an exception. After it, or after the function given was called, only count how often
    Ctrl-C is pressed: whoever waits for something looks at that.
    """
    armed = True

    def disarm() -> None:
        nonlocal armed
        if armed:
            requests.add()
        armed = False

    def stop(number: int, _frame: FrameType | None) -> None:
        if armed:
            disarm()
            raise _Stopped
        if number == signal.SIGINT:
            requests.add()

    before = [(number, signal.signal(number, stop)) for number in _SIGNALS]
    try:
        yield disarm
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _supervise(children: Sequence[Child], on_change: Callable[[], None] | None) -> None:
    """Wait for ever. Raises RunnerError as soon as a child ends."""
    while True:
        for child in children:
            if child.exit_code is not None:
                raise RunnerError(child.describe_end())
        if on_change:
            on_change()
        time.sleep(_POLL_S)


def _digest_sources() -> str:
    """Name the sources as they are now."""
    return digest(files_under(*_WATCHED))


def _watch_sources(stack: LocalStack, console: Console, seen: str) -> Callable[[], None]:
    """Return a function that deploys again when the sources differ from those it saw last: at first, `seen`."""

    def look() -> None:
        nonlocal seen
        current = _digest_sources()
        if current != seen:
            seen = current
            try:
                redeploy(stack, Steps(console))
            except RunnerError as error:
                # Half-written sources are the rule while someone works: the next change tries again.
                console.print(f"[red]{error}[/]")

    return look


def _print_welcome(console: Console, stack: LocalStack, credentials: Path, seconds: float) -> None:
    console.print(f"\n[bold]Silent Scalper is up after {seconds:.1f} s.[/] Ctrl-C stops it; everything is kept.\n")
    _print_rows(
        console,
        ("Portal", stack.portal_url),
        ("REST API", f"{stack.portal_url}/api/docs"),
        ("through API Gateway", stack.api_url),
        ("AWS endpoint", stack.endpoint),
    )
    people = (*stack.demo.staff, stack.demo.lead, stack.demo.admin)
    _print_rows(
        console,
        *(
            (
                person.username,
                f"{person.password}  [dim]{person.told}[/]",
            )
            for person in people
        ),
    )
    partner = stack.demo.partner
    _print_rows(
        console,
        ("partner client id", f"{partner.client_id}  [dim]{partner.clinic_id}, by API[/]"),
        ("partner client secret", partner.client_secret),
        ("token endpoint", stack.token_url),
        ("for `scalper upload`", f"export SCALPER_CREDENTIALS={credentials}"),
    )


def _print_rows(console: Console, *rows: tuple[str, str]) -> None:
    """Print names and values in two columns, never cut short, so that they can be copied."""
    for name, value in rows:
        console.print(f"  [dim]{name:<22}[/]{value}", soft_wrap=True)
    console.print()
