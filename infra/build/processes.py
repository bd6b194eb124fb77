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


def _see_nothing(_pid: int) -> None:
    """Look for no sign of work."""


class Child:
    """A running process and all that it starts. A context manager: leaving it ends them."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path | None,
        note: Path | None = None,
    ) -> None:
        """`note` is a file that names the process, for whoever finds it left behind (`end_left_behind`)."""
        self.name, self.log, self._note = name, log, note
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
        if note:
            note.write_text(f"{self._process.pid} {_read_birth(self._process.pid)}\n")

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

    def stop(self, patience_s: float = 30, signs: Callable[[int], object] = _see_nothing) -> None:
        """Ask it to end, wait until it has, and end what it left behind.

        It is ended when it shows no sign of work for `patience_s`: while the `signs` of its process id change, it is
        waited for.
        """
        if self._process.poll() is None:
            self._process.terminate()
            if not _await_end(lambda: self._process.poll() is None, patience_s, lambda: signs(self._process.pid)):
                self._process.kill()
                self._process.wait()
        _end_group(self._process.pid)
        if self._note:
            self._note.unlink(missing_ok=True)

    def describe_end(self) -> str:
        """Return what to tell of one that ended though nobody asked it to."""
        code, last = self.exit_code or 0, self.read_last_line()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else last or f"exit code {code}"
        return f"The {self.name} ended by itself: {how} (see {self.log})."

    def read_last_line(self) -> str:
        """Return the last line of its log, for an error message."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def end_left_behind(note: Path, *, patience_s: float, signs: Callable[[int], object] = _see_nothing) -> int | None:
    """End the process that a note names, and its group, when the runner that wrote it could not. Return its id, or None
    where it ended long ago. It is asked first, and waited for as `Child.stop` does.
    """
    if not note.exists():
        return None
    named, _, birth = note.read_text().strip().partition(" ")
    pid = int(named) if named.isdigit() else 0
    if pid and birth and _read_birth(pid) == birth:
        os.kill(pid, signal.SIGTERM)
        _await_end(lambda: _read_birth(pid) == birth, patience_s, lambda: signs(pid))
        _end_group(pid)
    else:
        pid = 0
    note.unlink()
    return pid or None


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


def read_work(pid: int) -> int:
    """Return the half seconds of CPU time that a process has had, 0 where the system does not tell.

    By halves, so that one that only waits and looks about now and then does not seem to work.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return 2 * (int(fields[11]) + int(fields[12])) // os.sysconf("SC_CLK_TCK")


def _await_end(runs: Callable[[], bool], patience_s: float, signs: Callable[[], object]) -> bool:
    """Wait while a process runs; say whether it has ended before `patience_s` passed in which no sign changed."""
    seen, since = signs(), time.monotonic()
    while runs():
        time.sleep(_POLL_S)
        if (now := signs()) != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > patience_s:
            return False
    return True


def _read_birth(pid: int) -> str:
    """Return when a process began, by which it is told from a later one of the same number; empty when it is gone."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
        told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return told.stdout.strip()
    return "" if state == "Z" else rest[18]


def _end_group(group: int) -> None:
    """End every process of a group and wait until none is left."""
    for attempt in range(500):
        try:
            os.killpg(group, signal.SIGTERM if attempt < 100 else signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(_POLL_S)
