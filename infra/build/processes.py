"""Child processes that never outlive us: each leads a process group of its own, and the whole group is ended."""

import contextlib
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
_PATIENCE_S = 30
_QUOTED = 5
_TAIL = 8192


class Patience:
    """Waits for a process as long as it works: until its `signs` have not changed for so many seconds."""

    def __init__(self, seconds: float, signs: Callable[[int], object] = lambda _pid: None) -> None:
        self._seconds, self._signs = seconds, signs
        self._seen: object = None
        self._since = time.monotonic()

    def is_over(self, pid: int) -> bool:
        """Look at the process, and say whether it is waited for no longer."""
        if (seen := self._signs(pid)) != self._seen:
            self._seen, self._since = seen, time.monotonic()
        return self.measure_rest() > self._seconds

    def measure_rest(self) -> float:
        """Return for how many seconds no sign has changed."""
        return time.monotonic() - self._since


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

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self._process.wait()

    def stop(self, is_over: Callable[[int], bool] | None = None) -> None:
        """Ask it to end, wait until it has, and end what it left behind.

        `is_over` is asked with its process id again and again, and has it killed when it says that the patience is
        over; without it, that is after half a minute.
        """
        if self._process.poll() is None:
            self._process.terminate()
            over = is_over or Patience(_PATIENCE_S).is_over
            if not _await_end(lambda: self._process.poll() is None, lambda: over(self.pid)):
                self._process.kill()
                self._process.wait()
        self._clear_up()

    def kill(self) -> None:
        """End it and what it started, without asking."""
        self._process.kill()
        self._process.wait()
        self._clear_up()

    def _clear_up(self) -> None:
        _end_group(self.pid)
        if self._note:
            self._note.unlink(missing_ok=True)

    def describe_end(self) -> str:
        """Return what to tell of one that ended though nobody asked it to, with the last lines of its log."""
        code = self.exit_code or 0
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = "".join(f"  {line}\n" for line in self.read_last_lines(_QUOTED))
        quoted = f"The last lines of {self.log}:\n{last}" if last else ""
        return f"{quoted}The {self.name} ended by itself: {how} (see {self.log})."

    def read_last_lines(self, number: int) -> list[str]:
        """Return the last lines of its log, without reading all of it."""
        if self.log is None or not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-number:]

    def read_last_line(self) -> str:
        """Return the last line of its log, for an error message."""
        return next(iter(self.read_last_lines(1)), "")


def end_left_behind(
    note: Path, is_over: Callable[[int], bool], on_found: Callable[[int], None] = lambda _pid: None
) -> int | None:
    """End the process that a note names, and its group, when the runner that wrote it could not. Return its id, or None
    where it ended long ago: whoever has its number now began at another time.

    It is asked first, and waited for as `Child.stop` does.
    """
    if not note.exists():
        return None
    named, _, birth = note.read_text().strip().partition(" ")
    pid = int(named) if named.isdigit() else 0
    if pid and birth and _read_birth(pid) == birth:
        on_found(pid)
        with contextlib.suppress(ProcessLookupError):  # It may end while we look.
            os.kill(pid, signal.SIGTERM)
        _await_end(lambda: _read_birth(pid) == birth, lambda: is_over(pid))
        _end_group(pid)
    else:
        pid = 0
    note.unlink()
    return pid or None


def wait_until_ready(
    child: Child, ready: Callable[[], bool], *, patience_s: float, signs: Callable[[int], object] = lambda _pid: None
) -> None:
    """Wait for `ready`. Raises RunnerError when the child ends first, or its `signs` do not change for `patience_s`."""
    patience = Patience(patience_s, signs)
    while not ready():
        if child.exit_code is not None:
            raise RunnerError(f"The {child.name} ended while starting: {child.read_last_line()} (see {child.log}).")
        if patience.is_over(child.pid):
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
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 2 * (int(fields[11]) + int(fields[12])) // os.sysconf("SC_CLK_TCK")


def _await_end(runs: Callable[[], bool], is_over: Callable[[], bool]) -> bool:
    """Wait while a process runs; say whether it has ended before the patience was over."""
    while runs():
        if is_over():
            return False
        time.sleep(_POLL_S)
    return True


def _read_birth(pid: int) -> str:
    """Return when a process began, by which it is told from a later one of the same number; empty when it is gone."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
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
