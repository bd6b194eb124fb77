"""Waiting for the emulator while it reads its state and while it writes it.

Nobody but the person at the keyboard ends it before what it holds is written.
"""

import time
from collections.abc import Callable
from pathlib import Path

from infra.build.processes import Child, Patience, end_left_behind, read_work, wait_until_ready
from infra.errors import RunnerError
from infra.local.progress import Progress
from infra.local.state.saved_state import SavedState

_PATIENCE_S = 30
_TELL_S = 5
_QUIET_S = 60
_PRESSED_ONCE_S = 1.0
"""`uv` passes on each Ctrl-C that the terminal sends to us as well, and keys repeat themselves."""


class StateNotReadError(RunnerError):
    """Raised when the emulator holds less than its saved state: it must not write what it holds."""


class StopRequests:
    """Counts what asked us to stop: the first was whatever began it, each further one somebody's Ctrl-C."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self.count = 0

    def add(self) -> None:
        """Count another one; those that follow within a second are the same one."""
        now = self._clock()
        if self._last is None or now - self._last > _PRESSED_ONCE_S:
            self.count += 1
        self._last = now


class Ticker:
    """Tells every few seconds what goes on."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun = self._told = time.monotonic()

    def tell(self, describe: Callable[[float], str]) -> None:
        """Tell what `describe` makes of the seconds since the beginning, if it is time to."""
        now = time.monotonic()
        if now - self._told >= _TELL_S:
            self._told = now
            self._tell(describe(now - self._begun))


class WritingWatch:
    """Looks at an emulator that was asked to stop: tells every few seconds how far it is, and never gives it up while
    something of its state is unwritten, unless it was asked three times: the second time it says what would be lost.
    """

    def __init__(
        self, saved: SavedState, tell: Callable[[str], None], requests: StopRequests, *, farewell_s: float
    ) -> None:
        """`farewell_s` is how long it may linger without work when its state is written."""
        self._saved, self._tell, self._requests = saved, tell, requests
        self._patience = Patience(farewell_s, lambda pid: (saved.describe_writing(), read_work(pid)))
        self._ticker = Ticker(tell)
        self._warned_at: int | None = None
        self.gave_up = False

    def is_over(self, pid: int) -> bool:
        """Say whether it is to be killed."""
        rested = self._patience.is_over(pid)
        self._ticker.tell(lambda seconds: self._describe_progress(pid, seconds))
        if self._warned_at is None and self._requests.count > 1:
            self._warned_at = self._requests.count
            self._tell(
                f"Everything since {self._saved.tell_start()} would be lost if the emulator ended now "
                f"({self._describe_writing()}). {self._saved.describe_last()} Ctrl-C once more, or `kill -9 {pid}`, "
                "ends it all the same."
            )
        self.gave_up = self._warned_at is not None and self._requests.count > self._warned_at
        return self.gave_up or (rested and self._saved.is_written())

    def _describe_progress(self, pid: int, seconds: float) -> str:
        text = f"The emulator has been writing its state for {seconds:.0f} s: {self._describe_writing()}. Please wait."
        if (rest := self._patience.measure_rest()) > _QUIET_S:
            text += (
                f" It has shown no sign of work for {rest:.0f} s: `kill -9 {pid}` ends it, and what it has not written "
                "is lost then."
            )
        return text

    def _describe_writing(self) -> str:
        return self._saved.describe_writing() or "it collects what is next"


def await_reading(child: Child, ready: Callable[[], bool], saved: SavedState, tell: Callable[[str], None]) -> None:
    """Wait until the emulator answers, which it does when it has read its state: as long as it works it is let.

    Raises RunnerError when it ends, or rests without an answer; nothing is written then.
    """
    ticker, size = Ticker(tell), saved.measure() / 1e6

    def look(pid: int) -> object:
        ticker.tell(
            lambda seconds: f"The emulator has been reading its state ({size:.0f} MB) for {seconds:.0f} s. Please wait."
        )
        return read_work(pid)

    try:
        wait_until_ready(child, ready, patience_s=_PATIENCE_S, signs=look)
    except BaseException:
        child.kill()
        saved.release()
        raise


def stop_emulator(
    child: Child, saved: SavedState, progress: Progress, requests: StopRequests, farewell_s: float
) -> None:
    """Stop the emulator, and see that its state is whole. Raises RunnerError where it is not."""
    if child.exit_code is not None or not saved.is_open:
        child.stop()  # Its workers may live on.
        # Whoever watches it tells that it ended.
        if saved.is_open and saved.close():
            progress.tell(f"The emulator had not written its state. {saved.describe_last()}")
        return
    watch = WritingWatch(saved, progress.tell, requests, farewell_s=farewell_s)
    with progress.step("Stop the AWS emulator, which writes its state"):
        try:
            child.stop(watch.is_over)
        except BaseException:
            progress.tell(f"The emulator (process {child.pid}) writes on: the next start waits for it.")
            raise
        if fault := saved.close():
            raise RunnerError(f"{_explain(child, watch, saved, fault)} {saved.describe_last()}")


def _explain(child: Child, watch: WritingWatch, saved: SavedState, fault: str) -> str:
    if watch.gave_up:
        return f"The emulator was ended at your wish before its state was written ({fault})."
    if (child.exit_code or 0) < 0:
        return f"The emulator was killed before its state was written ({fault})."
    last = f"; its log ends with: {line}" if (line := child.read_last_line()) else ""
    room = f"{saved.measure_room() / 1e6:.0f} MB are free there"
    return f"The emulator could not write its whole state ({fault}{last}). Is the disk full? {room}."


def end_emulator_left_behind(note: Path, saved: SavedState, tell: Callable[[str], None]) -> None:
    """End the emulator of a runner that was killed: it still holds the port, and what it has not written yet."""
    begun = time.monotonic()
    watch = WritingWatch(saved, tell, StopRequests(), farewell_s=_PATIENCE_S)

    def announce(pid: int) -> None:
        tell(
            f"The emulator of a run that was killed was still there (process {pid}): it is asked to write its state, "
            "and to end."
        )

    if end_left_behind(note, watch.is_over, announce):
        tell(f"It has ended, after {time.monotonic() - begun:.1f} s.")
