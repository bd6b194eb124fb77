"""The portal under uvicorn, with the very settings of its deployed function but for this machine's addresses."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.build.cache import ROOT
from infra.build.processes import Child, wait_until_ready
from infra.local.clients import Clients, function_environment
from infra.local.emulator import HOST, Endpoint, answers, ensure_free, plain_environment


@contextlib.contextmanager
def portal(
    *, clients: Clients, function: str, port: int, emulator: Endpoint, log: Path | None, reload: bool = False
) -> Iterator[Child]:
    """Run the portal until the block is left. `log` of None leaves its output in the terminal.

    Raises RunnerError for a taken port, or when the portal does not answer `GET /health`.
    """
    ensure_free(port, "the portal", "--port")
    environment = {
        **plain_environment(),
        **function_environment(clients, emulator, function),
        "SCALPER_SIGN_IN_URL": emulator.url,
        "SCALPER_PORTAL_ORIGIN": f"http://localhost:{port}",
        # X-Ray's daemon exists in Lambda only.
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    with Child("portal", _command(port, reload=reload), environment=environment, cwd=ROOT, log=log) as child:
        wait_until_ready(child, lambda: answers(f"http://{HOST}:{port}/health"), patience_s=30)
        yield child


def _command(port: int, *, reload: bool) -> list[str]:
    folders = ["portal", "intake", "templates"]
    watch = ["--reload", *(option for folder in folders for option in ("--reload-dir", folder))] if reload else []
    # Access logs would carry file ids by the thousand; the application logs what matters.
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", "portal.asgi:app", "--host", HOST, "--port", str(port), *quiet, *watch]
