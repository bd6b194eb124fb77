"""An emulator is waited for while it reads and while it writes, and what it could not write is told."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.build.cache import ROOT
from infra.errors import RunnerError
from infra.local.emulator import Endpoint, run_emulator
from infra.local.progress import Silent
from infra.local.state import shutdown
from infra.local.state.saved_state import SavedState
from infra.local.state.shutdown import StateNotReadError, StopRequests
from tests.emulator.stacks import eventually, free_port

FAKE = Path(__file__).with_name("fake_emulator.py")
PYTHON = sys.executable
ALONE = """
import os, pathlib, signal, sys
from infra.local.emulator import Endpoint, run_emulator
from infra.local.progress import Silent
from infra.local.state import shutdown

sys.executable = {executable!r}
state, endpoint = pathlib.Path({state!r}), Endpoint({port})
"""
KILLED = """
with run_emulator(state=state, endpoint=endpoint):
    os.kill(os.getpid(), signal.SIGKILL)
"""
BREAKING_OFF = """
class Impatient(Silent):
    def tell(self, text):
        raise KeyboardInterrupt("Interrupted by a test")

with run_emulator(state=state, endpoint=endpoint, progress=Impatient()):
    shutdown._TELL_S = 0.1
"""


class Told(Silent):
    """Keeps what a person would read, and answers what they would."""

    def __init__(self, *, agrees=False):
        self.lines, self.questions, self.agrees = [], [], agrees

    def tell(self, text):
        self.lines.append(text)

    def confirm(self, question):
        self.questions.append(question)
        return self.agrees


class Machine:
    """A state folder, over which fake emulators run one after the other."""

    def __init__(self, state):
        self.state, self.endpoint = state, Endpoint(free_port())

    @contextlib.contextmanager
    def run(self, items, *, told=None, requests=None, **behaviour):
        """Run one that holds so many items when it stops."""
        (self.state / "behaviour.json").write_text(json.dumps({"items": items, **behaviour}))
        with run_emulator(
            state=self.state, endpoint=self.endpoint, progress=told or Told(), requests=requests
        ) as emulator:
            SavedState(self.state).note_deployment()
            yield emulator

    def run_through(self, items, **options):
        with self.run(items, **options):
            pass

    def items(self):
        tables = json.loads((self.state / "services" / "dynamodb.json").read_text())["payload"]["tables"]["data"]
        return next(iter(tables.values()))["items"]

    def stopping(self):
        """Whether an emulator was asked to stop."""
        return (self.state / "stopping").exists()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """One on which `python -m ministack` runs the fake."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {FAKE}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    (tmp_path / "state").mkdir()
    return Machine(tmp_path / "state")


@pytest.fixture
def ran_once(machine):
    """One whose emulator was stopped with one item."""
    machine.run_through(1)
    (machine.state / "stopping").unlink()
    return machine


def run_alone(machine, ending):
    """Run an emulator under a runner that is a process of its own, and ends in another way than others."""
    alone = ALONE.format(executable=sys.executable, state=str(machine.state), port=machine.endpoint.port)
    return subprocess.run([PYTHON, "-c", alone + ending], cwd=ROOT, check=False, stderr=subprocess.PIPE)


@pytest.fixture
def hasty(monkeypatch):
    """Waits for work for 0.2 s only, and tells as often."""
    monkeypatch.setattr(Endpoint, "farewell_s", 0.2)
    monkeypatch.setattr(shutdown, "_TELL_S", 0.1)


def test_one_that_rests_in_the_middle_of_a_file_is_waited_for_and_its_bytes_and_seconds_are_told(machine, hasty):
    told = Told()
    machine.run_through(2, told=told, pauses_s=1)
    assert machine.items() == 2
    assert "The emulator has been writing its state for 0 s: dynamodb.json, 0 MB. Please wait." in told.lines


def test_one_that_takes_long_to_read_its_state_is_told_of(ran_once, monkeypatch):
    monkeypatch.setattr(shutdown, "_TELL_S", 0.1)
    told = Told()
    ran_once.run_through(2, told=told, reads_s=0.5)
    assert "The emulator has been reading its state (0 MB) for 0 s. Please wait." in told.lines


def test_a_second_request_is_told_what_would_be_lost_and_the_emulator_goes_on(ran_once):
    told, requests = Told(), StopRequests(clock=iter(range(0, 90, 30)).__next__)
    with ran_once.run(2, told=told, requests=requests, pauses_s=60):
        requests.add()
        requests.add()
        letting_go(told, ran_once)
    (line,) = (line for line in told.lines if "would be lost" in line)
    assert "Everything since 20" in line
    assert "The last whole state, of 20" in line
    assert ran_once.items() == 2


def letting_go(told, machine):
    """Have the emulator write on once the person was told what would be lost."""

    def go():
        eventually(lambda: any("would be lost" in line for line in told.lines))
        (machine.state / "go").touch()

    threading.Thread(target=go, daemon=True).start()


def test_a_third_request_ends_it_and_the_last_whole_state_is_offered(ran_once):
    told, requests = Told(), StopRequests(clock=iter(range(0, 120, 30)).__next__)

    def insist():
        eventually(lambda: any("would be lost" in line for line in told.lines))
        requests.add()

    for _ in range(2):
        requests.add()
    threading.Thread(target=insist, daemon=True).start()
    with pytest.raises(RunnerError, match=r"at your wish.*half written.*The last whole state, of 20.*is kept"):
        ran_once.run_through(2, told=told, requests=requests, pauses_s=60)
    assert ran_once.items() == 1


def test_requests_within_a_second_are_one():
    requests = StopRequests(clock=iter([0, 0.1, 0.9, 1.8, 5]).__next__)
    for _ in range(5):
        requests.add()
    assert requests.count == 2


def test_one_that_is_killed_while_it_writes_leaves_the_last_whole_state_to_go_back_to(ran_once):
    with pytest.raises(RunnerError, match=r"killed before its state was written \(dynamodb.json is half written"):
        ran_once.run_through(2, dies_writing=True)

    with pytest.raises(RunnerError, match=r"is half written.*of 20.*Nothing has been changed.*--go-back"):
        ran_once.run_through(3)
    assert (ran_once.state / "services" / "dynamodb.json.tmp").exists()

    told = Told(agrees=True)
    with ran_once.run(4, told=told):
        assert ran_once.items() == 1
    assert "goes on from the last whole one, of 20" in told.lines[0]
    assert (ran_once.state / "services.incomplete" / "dynamodb.json.tmp").exists()
    assert ran_once.items() == 4


def test_a_full_disk_is_told_with_the_log_s_words_and_leaves_the_last_whole_state(ran_once):
    with pytest.raises(RunnerError, match=r"dynamodb.json was not written; its log ends with: .*File too large.*of 20"):
        ran_once.run_through(2, room=5_000)
    with ran_once.run(3, told=Told(agrees=True)):
        assert ran_once.items() == 1


@pytest.mark.parametrize("room", [10, 100, 5_000])
def test_a_full_disk_is_told_at_the_first_stop_too(machine, room):
    with pytest.raises(RunnerError, match=r"could not write its whole state.*There is no whole state before it"):
        machine.run_through(2, room=room)


def test_one_that_ends_by_itself_is_told_with_the_last_lines_of_its_log_and_what_is_kept(ran_once):
    told = Told()
    with ran_once.run(2, told=told) as emulator:
        (ran_once.state / "end").touch()
        eventually(lambda: emulator.exit_code is not None)
        assert "first line.\n  Its last line.\nThe emulator ended by itself: exit code 3" in emulator.describe_end()
    (line,) = told.lines
    assert line.startswith("The emulator had not written its state. The last whole state, of 20")
    assert not (ran_once.state / "emulator.pid").exists()


def test_one_that_was_asked_by_somebody_else_has_written_its_state(ran_once):
    told = Told()
    with ran_once.run(2, told=told) as emulator:
        os.kill(emulator.pid, signal.SIGTERM)
        emulator.wait()
    assert (told.lines, ran_once.items()) == ([], 2)
    with ran_once.run(3, told=told):
        assert ran_once.items() == 2


def test_one_that_has_not_read_its_state_does_not_write_over_it(ran_once):
    with pytest.raises(StateNotReadError), ran_once.run(0):
        raise StateNotReadError("The emulator has not read its saved state.")
    assert not ran_once.stopping()
    told = Told()
    with ran_once.run(2, told=told):
        assert ran_once.items() == 1
    assert told.lines == []


def test_a_start_that_is_broken_off_while_the_emulator_reads_changes_nothing(ran_once, monkeypatch):
    class Impatient(Told):
        def tell(self, text):
            raise KeyboardInterrupt(text)

    with monkeypatch.context() as hurry:
        hurry.setattr(shutdown, "_TELL_S", 0.1)
        with pytest.raises(KeyboardInterrupt):
            ran_once.run_through(0, told=Impatient(), reads_s=60)
    told = Told()
    with ran_once.run(2, told=told):
        assert ran_once.items() == 1
    assert told.lines == []


def test_the_emulator_of_a_killed_runner_writes_its_state_and_the_start_tells_what_it_does(ran_once):
    (ran_once.state / "behaviour.json").write_text(json.dumps({"items": 2, "pauses_s": 0.5}))
    assert run_alone(ran_once, KILLED).returncode == -signal.SIGKILL
    orphan = int((ran_once.state / "emulator.pid").read_text().split()[0])

    told = Told()
    with ran_once.run(3, told=told):
        assert ran_once.items() == 2
    assert f"(process {orphan}): it is asked to write its state" in told.lines[0]
    assert told.lines[1].startswith("It has ended, after ")


def test_a_wait_that_is_broken_off_leaves_the_emulator_writing_and_the_next_start_waits_for_it(ran_once):
    (ran_once.state / "behaviour.json").write_text(json.dumps({"items": 2, "pauses_s": 1}))
    ended = run_alone(ran_once, BREAKING_OFF)
    assert b"Interrupted by a test" in ended.stderr
    assert ran_once.items() == 1
    with ran_once.run(3):
        assert ran_once.items() == 2
