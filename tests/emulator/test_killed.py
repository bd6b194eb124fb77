"""The runner and its emulator are killed, and the disk is full: what was sent is there again, or it is told what is."""

import resource
import signal

import pytest

from tests.emulator.runner import Runner

pytestmark = pytest.mark.emulator


def test_what_was_sent_outlives_every_end_of_the_runner_or_it_is_told_what_does(tmp_path):
    runner = Runner(tmp_path / "state")
    runner.start()

    runner.put("1: the runner is killed")
    runner.end(signal.SIGKILL)
    orphan = runner.emulator()
    runner.start()
    assert f"was still there (process {orphan})" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("2: the emulator is killed")
    assert runner.end(signal.SIGKILL, of=runner.emulator()) == 1
    assert "The emulator ended by itself: killed by SIGKILL" in runner.said()
    runner.start()
    assert "goes on from the last whole one" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("3: no room for the records")
    resource.prlimit(runner.emulator(), resource.RLIMIT_FSIZE, (8_000, 8_000))
    assert runner.end() == 1
    assert "could not write its whole state" in runner.said()
    runner.begin()
    assert runner.wait() == 1
    assert "Nothing has been changed. To go on from there" in runner.said()
    runner.start("--go-back")
    assert "goes on from the last whole one" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("4: a stop as it should be, in which nobody loses patience")
    frozen = runner.emulator()
    runner.send(signal.SIGSTOP, of=frozen)
    runner.send(signal.SIGINT)
    runner.await_said("Stopping …")
    runner.insist()
    runner.await_said("would be lost if the emulator ended now")
    runner.send(signal.SIGCONT, of=frozen)
    assert runner.wait() == 0
    runner.start()
    assert "!" not in runner.said().partition("is up after")[0]
    assert runner.names()[1:] == ["4: a stop as it should be, in which nobody loses patience"]

    runner.put("5: a stop in which somebody does")
    runner.send(signal.SIGSTOP, of=runner.emulator())
    runner.send(signal.SIGINT)
    runner.await_said("Stopping …")
    runner.insist()
    runner.await_said("would be lost if the emulator ended now")
    runner.insist()
    assert runner.wait() == 1
    assert "ended at your wish before its state was written" in runner.said()
    runner.start()
    assert "goes on from the last whole one" in runner.said()
    assert len(runner.names()) == 2
    assert runner.end() == 0
