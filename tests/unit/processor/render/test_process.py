"""The child process: what it may do, how it ends, and what its end is told as."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intake.renditions.model import NoPreview
from processor.render import limits, process, syscalls
from processor.render.process import Child, ChildUnusableError
from processor.render.protocol import Job, Output
from tests.unit.processor.render.memory import measure_children

ONE = [Output(media_type="image/webp", edge=128)]


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs one of `children` in place of the child."""
    monkeypatch.setattr(process, "CHILD", "tests.unit.processor.render.children")

    def run(what, content=(), *, wall_s=20.0, **facts):
        return Child(wall_s).draw(Job(what=what, outputs=ONE, facts=facts), content)

    return run


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("segfault", NoPreview.CRASHED),
        ("abort", NoPreview.CRASHED),
        ("be_killed", NoPreview.TOO_LARGE),
        ("lie", NoPreview.CRASHED),
        ("say_nothing", NoPreview.CRASHED),
        ("talk", NoPreview.CRASHED),
        ("refuse", NoPreview.UNREADABLE),
        ("spin", NoPreview.TOO_SLOW),
    ],
)
def test_the_end_of_a_child_is_a_reason(run, what, reason):
    assert run(what) is reason


def test_a_child_that_hangs_is_killed_when_its_time_is_up(run):
    started = time.monotonic()

    assert run("hang", wall_s=0.5) is NoPreview.TOO_SLOW
    assert time.monotonic() - started < 10


def test_a_child_that_hangs_and_reads_nothing_is_killed_too(run):
    assert run("hang", [bytes(1_000_000)] * 10, wall_s=0.5) is NoPreview.TOO_SLOW


def test_a_child_gets_no_more_memory_than_its_limit(run):
    reason = run("eat")

    assert reason is NoPreview.UNREADABLE  # This one does not say that it ran out of memory; ours does.
    assert measure_children() <= limits.MEMORY


def test_a_child_without_libraries_is_nobodys_file_s_fault(run):
    with pytest.raises(ChildUnusableError):
        run("lack_libraries")


def test_a_child_may_want_no_more(run):
    assert run("want_no_more", [bytes(1_000_000)] * 10) == [b"early"]


def test_what_the_content_raises_is_raised_and_ends_the_child(run):
    def content():
        yield b"first"
        raise OSError("the bucket cannot be reached")

    started = time.monotonic()
    with pytest.raises(OSError, match="cannot be reached"):
        run("hang", content())
    assert time.monotonic() - started < 10


@pytest.fixture
def told(run, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/var/lang/lib")
    (tmp_path / "victim").write_text("kept")
    [said] = run("tell", target=str(tmp_path / "elsewhere"), victim=str(tmp_path / "victim"))
    return json.loads(said)


def test_a_child_knows_nothing_of_its_parents_environment_but_where_libraries_are(told):
    assert told["environment"]["LD_LIBRARY_PATH"] == "/var/lang/lib"
    assert {*told["environment"]} - {"LC_CTYPE"} == {
        "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "HOME", "TMPDIR", "LANG", "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
    }  # fmt: skip


def test_a_child_has_an_empty_folder_of_its_own_that_is_gone_afterwards(told):
    assert told["inside"] == []
    assert told["environment"]["HOME"] == told["folder"]
    assert not Path(told["folder"]).exists()


def test_a_child_can_write_no_file(told, tmp_path):
    assert told["written"] == told["elsewhere"] == "PermissionError"
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_child_reaches_nothing_and_nobody(told):
    assert {name: end for name, end in told["refused"].items() if end != "PermissionError"} == {}


def test_the_numbers_of_system_calls_are_the_kernels():
    headers = [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h")]
    if not all(header.exists() for header in headers):
        pytest.skip("the kernel's headers are not installed on this machine")
    stated = [
        dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(encoding="utf-8")))
        for header in headers
    ]
    others = {"open": syscalls.OPEN, "openat": syscalls.OPENAT, "tgkill": syscalls.TGKILL,
              "prlimit64": syscalls.PRLIMIT}  # fmt: skip

    for name, numbers in {**syscalls.NUMBERS, **syscalls.UNKNOWN_CALLS, **others}.items():
        for number, known in zip(numbers, stated, strict=True):
            # A header may be older than a call, and never knows another number of it.
            assert known.get(name, str(number)) == str(number), name
            assert number is not None or name not in known, name


def test_a_child_has_its_pipes_open_and_nothing_else(told):
    assert [number for number in told["open"] if number <= 2] == [0, 1, 2]
    assert len(told["open"]) <= 4  # The last one lists the folder.


def test_a_child_is_limited(told):
    found = {name: soft for name, (soft, _) in told["limits"].items()}

    assert found["RLIMIT_AS"] == limits.MEMORY
    assert found["RLIMIT_CPU"] == limits.CPU_S
    assert found["RLIMIT_FSIZE"] == found["RLIMIT_CORE"] == found["RLIMIT_NPROC"] == 0
    assert found["RLIMIT_NOFILE"] == limits.OPEN_FILES


SNOOP = """
import os, sys
sys.path[:0] = {path!r}
os.environ["SECRET"] = "credentials"
from processor.render import limits
os.setgid(65534); os.setuid(65534)
import ctypes
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # Who has changed its user is hidden already.
if {hidden}:
    limits.hide_memory()
if os.fork() == 0:
    # As any program is that was just started: a child that is forked only inherits being hidden.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    for name in ("environ", "mem"):
        try:
            open(f"/proc/{{os.getppid()}}/{{name}}", "rb").close()
            print(name, "open", flush=True)
        except PermissionError:
            print(name, "denied", flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become the user that two processes are of")
@pytest.mark.parametrize(("hidden", "answer"), [(False, "open"), (True, "denied")])
def test_a_process_of_the_same_user_cannot_read_its_parents_memory(hidden, answer):
    script = SNOOP.format(path=[str(Path.cwd())], hidden=hidden)
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, env={}, timeout=30
    )

    assert done.stdout.split() == ["environ", answer, "mem", answer]


def test_neither_the_parent_nor_a_child_that_waits_has_loaded_a_decoder():
    script = (
        "import processor.render.renderer, processor.render.child, sys;"
        "print(*(name for name in ('numpy', 'PIL', 'pydicom', 'pypdfium2', 'gdcm') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == ""
