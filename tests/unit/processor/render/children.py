"""Children that do what a decoder would that a hostile file has taken over: they run this module instead of ours."""

import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from processor.render import limits
from processor.render.process import IMPORT_FAILED
from processor.render.protocol import Job, read_job, write_pictures


def hang(job: Job) -> None:
    time.sleep(600)


def spin(job: Job) -> None:
    limits.confine()
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    while True:
        pass


def eat(job: Job) -> None:
    limits.confine()
    kept = []
    while True:
        kept.append(bytearray(16 * 1024 * 1024))


def segfault(job: Job) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(job: Job) -> None:
    os.abort()


def be_killed(job: Job) -> None:
    """As by the kernel, when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def talk(job: Job) -> None:
    while True:
        os.write(1, b"\xff" * 65536)


def lie(job: Job) -> None:
    os.write(1, b"\0\0\0\x02{}" + b"x" * 100)


def say_nothing(job: Job) -> None:
    pass


def refuse(job: Job) -> None:
    raise ValueError("what a library says of a file")


def lack_libraries(job: Job) -> None:
    sys.exit(IMPORT_FAILED)


def want_no_more(job: Job) -> None:
    """Answer before all was read."""
    os.close(0)
    with os.fdopen(os.dup(1), "wb") as answers:
        write_pictures(answers, [b"early"])


def tell(job: Job) -> None:
    """Answer with what this process can see and do: its environment, folder, limits, and files."""
    limits.confine()
    said = {
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "inside": [path.name for path in Path().iterdir()],
        "open": sorted(int(path.name) for path in Path("/proc/self/fd").iterdir()),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:6] == "RLIMIT"},
        "written": _try_to_write(Path("here")),
        "elsewhere": _try_to_write(Path(job.facts["target"])),
        "refused": {name: _try(call) for name, call in _attacks(job).items()},
    }
    with os.fdopen(os.dup(1), "wb") as answers:
        write_pictures(answers, [json.dumps(said).encode()])


def _attacks(job: Job) -> dict[str, Callable[[], object]]:
    """Return what a decoder that was taken over might try next."""
    victim = Path(job.facts["victim"])
    return {
        "reach the runtime's API": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "talk to a neighbour": socket.socketpair,
        "kill the parent": lambda: os.kill(os.getppid(), 0),
        "be somebody else": lambda: os.execv(sys.executable, [sys.executable, "-c", "1"]),  # noqa: S606 - it is refused
        "outlive itself": lambda: os.fork() or os._exit(0),
        "make a file": lambda: os.open(job.facts["target"], os.O_CREAT | os.O_WRONLY),
        "change a file": lambda: os.open(victim, os.O_RDWR),
        "cut a file": lambda: os.truncate(victim, 0),
        "remove a file": victim.unlink,
        "rename a file": lambda: victim.rename(job.facts["target"]),
        "make a folder": lambda: Path(job.facts["target"]).mkdir(),
        "let others in": lambda: victim.chmod(0o777),
        "link to a file": lambda: Path(job.facts["target"]).symlink_to(victim),
        "loosen the parent's limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE),
        "keep memory behind a name": lambda: os.memfd_create("kept"),
    }


def _try(call: Callable[[], object]) -> str:
    try:
        call()
    except OSError as error:
        return type(error).__name__
    return "done"


def _try_to_write(path: Path) -> str:
    return _try(lambda: path.write_bytes(b"anything"))


if __name__ == "__main__":
    told = read_job(sys.stdin.buffer)
    globals()[told.what](told)
