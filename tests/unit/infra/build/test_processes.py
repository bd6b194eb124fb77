"""Child processes end with us, and say why when they end before."""

import os
import sys
from pathlib import Path

import pytest

from infra.build.processes import Child, Patience, end_left_behind, run_tool, wait_until_ready
from infra.errors import RunnerError
from tests.emulator.stacks import eventually

FOREVER = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
WITH_CHILD = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {FOREVER!r}]).pid, flush=True)"


SLOW = (
    "import pathlib, signal, sys, time\n"
    "def stop(*_):\n"
    "    for size in range(8):\n"
    "        pathlib.Path('growing').write_bytes(bytes(size))\n"
    "        time.sleep(0.1)\n"
    "    pathlib.Path('whole').touch()\n"
    "    sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, stop)\n"
    "print('deaf', flush=True)\n"
    "signal.pause()"
)


def child(tmp_path, program):
    return Child(
        "child",
        [sys.executable, "-c", program],
        environment={**os.environ},
        cwd=tmp_path,
        log=tmp_path / "log",
        note=tmp_path / "note",
    )


def measure(tmp_path):
    """Return what looks for a sign of work: the size of the file that the child writes."""
    return lambda _pid: (tmp_path / "growing").stat().st_size if (tmp_path / "growing").exists() else None


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_leaving_the_block_ends_the_child(tmp_path):
    with child(tmp_path, FOREVER) as running:
        assert running.exit_code is None
    assert running.exit_code is not None


def test_a_child_that_ignores_the_request_is_ended_all_the_same(tmp_path):
    running = child(tmp_path, STUBBORN)
    eventually(lambda: "deaf" in (tmp_path / "log").read_text())
    running.stop(Patience(0.1).is_over)
    assert running.exit_code is not None


def test_a_child_that_still_works_is_waited_for_however_long_it_takes(tmp_path):
    running = child(tmp_path, SLOW)
    eventually(lambda: "deaf" in (tmp_path / "log").read_text())
    running.stop(Patience(0.4, measure(tmp_path)).is_over)
    assert (tmp_path / "whole").exists()


def test_a_process_of_a_runner_that_was_killed_is_found_by_its_note_and_may_end_its_work(tmp_path):
    running = child(tmp_path, SLOW)
    eventually(lambda: "deaf" in (tmp_path / "log").read_text())
    ended = end_left_behind(tmp_path / "note", Patience(0.4, measure(tmp_path)).is_over)
    assert ended == int(running._process.pid)
    assert (tmp_path / "whole").exists()
    assert not (tmp_path / "note").exists()
    assert not is_alive(ended)
    running.stop()


@pytest.mark.parametrize("note", ["", "nonsense", "{own} 1", "{own}", "4194304 17"])
def test_a_note_of_a_process_that_ended_harms_nobody_who_has_its_number_now(tmp_path, note):
    (tmp_path / "note").write_text(note.format(own=os.getpid()))
    assert end_left_behind(tmp_path / "note", Patience(0.1).is_over) is None
    assert not (tmp_path / "note").exists()


def test_a_child_that_was_ended_leaves_no_note(tmp_path):
    with child(tmp_path, FOREVER):
        assert (tmp_path / "note").exists()
    assert end_left_behind(tmp_path / "note", Patience(0.1).is_over) is None


def test_what_a_child_leaves_behind_is_ended_too(tmp_path):
    with child(tmp_path, WITH_CHILD) as running:
        running.wait()
        grandchild = int((tmp_path / "log").read_text())
        assert is_alive(grandchild)
    eventually(lambda: not is_alive(grandchild))


def test_a_child_that_ends_while_starting_is_quoted(tmp_path):
    with child(tmp_path, "print('no room left')") as running, pytest.raises(RunnerError, match="no room left"):
        wait_until_ready(running, lambda: False, patience_s=30)


def test_a_child_that_never_gets_ready_is_given_up(tmp_path):
    with child(tmp_path, FOREVER) as running, pytest.raises(RunnerError, match="did not answer"):
        wait_until_ready(running, lambda: False, patience_s=0.05)


def test_a_child_that_works_before_it_gets_ready_is_waited_for_however_long_it_takes(tmp_path):
    works = iter(range(20))
    with child(tmp_path, FOREVER) as running:
        # Each look finds new work, until there is none left, and it is ready.
        wait_until_ready(running, lambda: next(works, None) is None, patience_s=0.05, signs=lambda _pid: object())


def test_a_child_that_ended_by_itself_is_told_with_the_last_lines_of_its_log(tmp_path):
    with child(tmp_path, "print(*range(9), sep='\\n'); import sys; sys.exit('No room left.')") as running:
        running.wait()
        told = running.describe_end()
    assert "  7\n  8\n  No room left.\nThe child ended by itself: exit code 1" in told
    assert "  2\n" not in told


def test_a_tool_that_fails_is_quoted(tmp_path):
    program = "import sys; sys.exit('cannot go on')"
    with pytest.raises(RunnerError, match="cannot go on"):
        run_tool("The tool", [sys.executable, "-c", program], environment={}, cwd=tmp_path, log=tmp_path / "log")


def test_a_tool_that_is_missing_is_named(tmp_path):
    with pytest.raises(RunnerError, match="no-such-tool is missing"):
        run_tool("The tool", ["no-such-tool"], environment={}, cwd=tmp_path, log=tmp_path / "log")
