"""A child process for each file: fed, timed, killed, and its end told as a reason (docs/adr/0069)."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, cast

from intake.errors import ScalperError
from intake.renditions.model import NoPreview
from processor.render import limits
from processor.render.protocol import LONGEST_ANSWER, Job, parse_answer, write_job

CHILD = "processor.render.child"
REFUSED, IMPORT_FAILED = 1, 70
"""The child's exit codes: Python's own for what a library raised of a file, and `EX_SOFTWARE` of sysexits.h."""

_SIGNALS = {-signal.SIGXCPU: NoPreview.TOO_SLOW, -signal.SIGKILL: NoPreview.TOO_LARGE}
"""Which ends nobody here has caused: at the limit of CPU, and by the kernel when memory runs out."""


class ChildUnusableError(ScalperError):
    """Raised when the renderer's child cannot run at all, as its libraries are missing: no file's fault."""


class Child:
    """Runs one process for each job. It has no credentials, an empty folder, and the time that it is given."""

    def __init__(self, wall_s: float = limits.WALL_S, complaints: IO[bytes] | int = subprocess.DEVNULL) -> None:
        """Take where the child's complaints go. They may hold values of a file, so nobody keeps them.

        A child cannot write them to a file.
        """
        self._wall_s = wall_s
        self._complaints = complaints

    def draw(self, job: Job, content: Iterable[bytes]) -> list[bytes] | NoPreview:
        """Return the job's pictures, or why there are none. What `content` raises is raised, and ends the child.

        Raises ChildUnusableError.
        """
        limits.hide_memory()
        with tempfile.TemporaryDirectory(prefix="render-") as folder:
            process = self._start(folder)
            struck = threading.Event()
            timer = threading.Timer(self._wall_s, _strike, (process, struck))
            timer.start()
            try:
                said = _talk(process, job, content)
                process.wait()
            finally:
                # Whatever was raised, and whatever the child still does, it is gone before its folder is.
                process.kill()
                process.wait()
                timer.cancel()
        if struck.is_set() and process.returncode == -signal.SIGKILL:
            return NoPreview.TOO_SLOW
        if len(said) > LONGEST_ANSWER:
            return NoPreview.CRASHED
        return _tell_end(process.returncode, said, len(job.outputs))

    def _start(self, folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,  # A terminal's interrupt is the parent's to deal with.
        )


def _strike(process: subprocess.Popen[bytes], struck: threading.Event) -> None:
    struck.set()
    process.kill()  # By its id, and never once somebody has waited for it: Popen sees to that.


def _environment(folder: str) -> dict[str, str]:
    """Return all of a child's environment: nothing of this process's but where its libraries are.

    The credentials are in the rest.
    """
    # Lambda's Python finds its own library by it.
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {
        **libraries,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",  # A thread each takes address space, and may not be started.
        "OMP_NUM_THREADS": "1",
    }


def _talk(process: subprocess.Popen[bytes], job: Job, content: Iterable[bytes]) -> bytes:
    """Feed a child, and return what it says. One that ends, is killed or wants no more is fed no further."""
    inward, outward = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)  # Both are pipes.
    with outward as answers:
        with contextlib.suppress(BrokenPipeError), inward as pipe:
            write_job(pipe, job)
            for piece in content:
                pipe.write(piece)
        said = answers.read(LONGEST_ANSWER + 1)
    if len(said) > LONGEST_ANSWER:
        process.kill()
    return said


def _tell_end(code: int, said: bytes, expected: int) -> list[bytes] | NoPreview:
    if code == IMPORT_FAILED:
        raise ChildUnusableError("the renderer's libraries cannot be imported")
    if code == REFUSED:
        return NoPreview.UNREADABLE
    if code != 0:
        return _SIGNALS.get(code, NoPreview.CRASHED)
    answer = parse_answer(said, expected)
    return NoPreview.CRASHED if answer is None else answer
