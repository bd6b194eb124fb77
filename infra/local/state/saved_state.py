"""What the emulator keeps between two runs, and whether it is whole.

It writes a file for each service when it is asked to stop, one after the other, and tells nobody of one that it could
not write. The files of the stop before are therefore kept beside the new ones until all of these are there, and one
stop longer: whoever is killed in the middle, or finds the disk full, has a state to go on from (docs/adr/0061).
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from infra.errors import RunnerError
from infra.local.state.service_files import identify, list_damage, list_newer, list_standing, read, rewind_streams

_UNWRITABLE = {errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EPERM, errno.EROFS}
_BEGUN = "begun"
_DEPLOYED = "deployed"


class SavedState:
    """The services' files under `folder`. `open` before a run, `close` after it."""

    def __init__(self, folder: Path) -> None:
        self.services = folder / "services"
        self._before = folder / "services.before"
        """While a run lasts, and after one that did not end well: what it began with."""
        self._previous = folder / "services.previous"
        """After a stop that went to its end: what that run had begun with."""
        self._version = folder / "emulator-version"

    @property
    def is_open(self) -> bool:
        """Whether a run has not ended yet, or did not end well."""
        return self._before.exists()

    def open(self, tell: Callable[[str], None], confirm: Callable[[str], bool]) -> None:
        """Make the files ready to be read, and keep them. Where they are not whole it goes back to the last ones that
        are, and tells so: having asked, if something newer was written. Raises RunnerError where that is not confirmed,
        and where there is nothing to go back to.
        """
        if newer := next(list_newer(self.services), None):
            raise RunnerError(f"{newer}: go on with the checkout that wrote it, or choose another --state.")
        last = self._before if self._before.exists() else self._previous
        if fault := self.find_fault():
            self._require_whole(last, fault)
            if last == self._previous or self._is_changed():
                self._require_consent(fault, last, confirm)
            tell(self._go_back(fault, last))
        self._tell_version(tell)
        rewind_streams(self.services / "lambda.json")
        self.services.mkdir(parents=True, exist_ok=True)
        self._keep()

    def note_deployment(self) -> None:
        """Remember that a stack stands from now on: a state without CloudFormation's file is not whole any longer."""
        (self._before / _DEPLOYED).touch()

    def close(self) -> str | None:
        """Have the files outlive a loss of power, and return None; or keep the last ones, and return what is wrong."""
        if fault := self.find_fault():
            return fault
        try:
            _flush(self.services)
        except OSError as error:
            return str(error.strerror)
        self._end_run()
        return None

    def release(self) -> None:
        """End a run in which nothing can have changed. What was written all the same is looked at by the next start."""
        if not self._is_changed():
            self._end_run()

    def _end_run(self) -> None:
        shutil.rmtree(self._previous, ignore_errors=True)
        self._before.rename(self._previous)

    def _keep(self) -> None:
        """Keep the files as they are; at no moment is there half a copy under the name of a whole one."""
        fresh, old = (self.services.with_name(f"services.{name}") for name in ("fresh", "old"))
        for folder in (fresh, old):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.services, fresh, copy_function=_link)
        (fresh / _BEGUN).touch()
        if self._before.exists():
            self._before.rename(old)
        fresh.rename(self._before)
        for folder in (old, self._previous):
            shutil.rmtree(folder, ignore_errors=True)

    def find_fault(self) -> str | None:
        """Return why these files are not those of a stop that went to its end, or None."""
        return next(
            (fault for faults in (self._list_unwritten(), list_damage(self.services)) for fault in faults), None
        )

    def is_written(self) -> bool:
        """Say whether every file is there anew, without looking into the new ones."""
        return next(self._list_unwritten(), None) is None

    def describe_writing(self) -> str:
        """Return which file is being written, and how much of it there is. Empty between two files."""
        for file in self.services.glob("*.tmp"):
            with contextlib.suppress(FileNotFoundError):
                return f"{file.stem}, {file.stat().st_size / 1e6:.0f} MB"
        return ""

    def measure(self) -> int:
        """Return the bytes of all files."""
        return sum(file.stat().st_size for file in self.services.glob("*.json"))

    def tell_start(self) -> str:
        """Return since when the emulator has run over these files."""
        return _tell_time((self._before / _BEGUN).stat().st_mtime)

    def describe_last(self) -> str:
        """Return a sentence on what the next start goes back to, if this run does not end well."""
        age = _tell_age(self._before)
        return f"The last whole state, {age}, is kept." if age else "There is no whole state before it."

    def measure_room(self) -> int:
        """Return how many bytes are free where the files are."""
        return shutil.disk_usage(self.services).free

    def list_standing(self) -> tuple[set[str], set[str]]:
        """Return the names of the stacks that stand, and of their tables, as the emulator should have read them."""
        return list_standing(self.services)

    def _list_unwritten(self) -> Iterator[str]:
        """Files that are still those of the stop before. The emulator replaces a file and never writes into one."""
        for file in sorted(self.services.glob("*.tmp")):
            yield f"{file.stem} is half written"
        if not self._before.exists():
            return
        if not any(self.services.glob("*.json")):
            yield "nothing was written"
        if (self._before / _DEPLOYED).exists() and not (self.services / "cloudformation.json").exists():
            yield "cloudformation.json was not written"
        for old in sorted(self._before.glob("*.json")):
            if identify(self.services / old.name) in {None, identify(old)} and read(old):
                yield f"{old.name} was not written"

    def _is_changed(self) -> bool:
        """Say whether anything is there that the run before had not begun with."""
        return any(self.services.glob("*.tmp")) or any(
            identify(file) != identify(self._before / file.name) for file in self.services.glob("*.json")
        )

    def _tell_version(self, tell: Callable[[str], None]) -> None:
        installed = version("ministack")
        written = self._version.read_text().strip() if self._version.exists() else "an older version"
        if written != installed and any(self.services.glob("*.json")):
            tell(f"The saved state was written by {written} of the emulator, and is taken up by {installed}.")
        self._version.write_text(f"{installed}\n")

    def _require_whole(self, last: Path, fault: str) -> None:
        if last == self._previous and not any(last.glob("*.json")):
            raise RunnerError(f"{fault}: move {self.services} away to start afresh, or put a good copy back.")
        if damage := next(list_damage(last), None):
            raise RunnerError(f"{fault}, and of the copy kept beside it, {damage}: choose another --state.")

    def _require_consent(self, fault: str, last: Path, confirm: Callable[[str], bool]) -> None:
        age = _tell_age(last)
        found = f"The saved state is not whole: {fault}. " + (
            f"The last whole one is {age}." if age else "There is no whole one before it."
        )
        wish = "go on from there" if age else "begin afresh"
        if not confirm(f"{found} {wish.capitalize()}, and keep what is newer aside?"):
            raise RunnerError(
                f"{found} Nothing has been changed. To {wish}, and keep what is newer aside: `scalper up --go-back` "
                "(`make up GO_BACK=1`)."
            )

    def _go_back(self, fault: str, last: Path) -> str:
        """Put the last whole files back, keep the others where there are any, and return what to tell."""
        age, kept = _tell_age(last), ""
        begun = f"it goes on from the last whole one, {age}" if age else "it begins afresh, for there is none before it"
        if last == self._previous or self._is_changed():
            if last == self._previous:  # Whatever ends us from here on, the next start goes back to it.
                last = last.rename(self._before)
            aside = self.services.with_name("services.incomplete")
            shutil.rmtree(aside, ignore_errors=True)
            self.services.rename(aside)
            kept = f" What was written is kept in {aside}."
        shutil.rmtree(self.services, ignore_errors=True)
        last.rename(self.services)
        for mark in (_BEGUN, _DEPLOYED):
            (self.services / mark).unlink(missing_ok=True)
        return f"The run before did not leave a whole state ({fault}): {begun}.{kept}"


@contextlib.contextmanager
def report_unwritable(folder: Path) -> Iterator[None]:
    """Turn what a full disk or a folder that cannot be written makes of the runner's own files into a RunnerError."""
    try:
        yield
    except shutil.Error as error:
        # Copying a folder tells of each of its files, in words.
        _, _, reason = error.args[0][0]
        raise RunnerError(f"The state folder {folder} cannot be written: {reason}.") from error
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise RunnerError(f"The state folder {folder} cannot be written: {error.strerror}{where}.") from error


def _link(source: str, target: str) -> None:
    """Keep a file under another name; by a link where the file system has them, which takes no room."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _flush(folder: Path) -> None:
    """Have what is in a folder outlive a loss of power."""
    for path in (*sorted(folder.rglob("*")), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _tell_age(folder: Path) -> str:
    """Return when the files of a folder were written; empty where there are none."""
    written = max((file.stat().st_mtime for file in folder.glob("*.json")), default=None)
    return f"of {_tell_time(written)}" if written else ""


def _tell_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
