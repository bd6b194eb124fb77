"""Child processes that never outlive us: each leads a process group of its own, and the whole group is ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.errors import RunnerError

_POLL_S = 0.02


class Child:
    """A running process and all that it starts. A context manager: leaving it ends them."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path | None
    ) -> None:
        self.name, self.log = name, log
        output = log.open("ab") if log else None
        try:
            self._process = subprocess.Popen(
                arguments,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                # A Ctrl-C in the terminal reaches us only, so that we end the children in the right order.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise RunnerError(f"{arguments[0]} is missing, so {name} cannot start.") from error
        finally:
            if output:
                output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self._process.wait()

    def stop(self, patience_s: float = 30) -> None:
        """Ask it to end, wait until it has, and end what it left behind."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _end_group(self._process.pid)

    def read_last_line(self) -> str:
        """Return the last line of its log, for an error message."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def wait_until_ready(child: Child, ready: Callable[[], bool], *, patience_s: float) -> None:
    """Wait for `ready`. Raises RunnerError when the child ends first, or takes longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not ready():
        if child.exit_code is not None:
            raise RunnerError(f"The {child.name} ended while starting: {child.read_last_line()} (see {child.log}).")
        if time.monotonic() > deadline:
            raise RunnerError(f"The {child.name} did not answer within {patience_s:.0f} s (see {child.log}).")
        time.sleep(_POLL_S)


def run_tool(name: str, arguments: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path) -> None:
    """Run a build tool to its end. Raises RunnerError when it fails or is missing."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with Child(name, arguments, environment=environment, cwd=cwd, log=log) as child:
        if child.wait() != 0:
            raise RunnerError(f"{name} failed: {child.read_last_line()} (see {log}).")


def tool_environment() -> dict[str, str]:
    """Our environment with this interpreter's folder first on PATH: Node and npm come from a wheel there."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}


def _end_group(group: int) -> None:
    """End every process of a group and wait until none is left."""
    for attempt in range(500):
        try:
            os.killpg(group, signal.SIGTERM if attempt < 100 else signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(_POLL_S)
