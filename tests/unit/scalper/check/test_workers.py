"""`scalper check --jobs`: the same verdicts in the same order, however many processes judge."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from processor.judge.inspection.findings import Profile
from scalper.__main__ import app
from scalper.check import report, workers
from scalper.check.workers import BATCH, FEWEST, Style
from tests.dicom_files import ct_slice
from tests.waiting import until

PLAIN, JSON = Style(as_json=False, colours=None), Style(as_json=True, colours=None)


@pytest.fixture
def slices(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(FEWEST + BATCH + 3):
        content = ct_slice(rows=8, columns=8, instance=number)
        (folder / f"{number:03}.dcm").write_bytes(content[:-20] if number % 7 == 3 else content)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def told(paths, style, jobs):
    with workers.judge_files(paths, Profile(), style, jobs) as batches:
        return "".join(batch.text for batch in batches)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_two_processes_tell_what_one_tells_in_the_same_order(slices, more):
    one, two = run("--jobs", 1, *more, slices), run("--jobs", 2, *more, slices)

    assert (two.exit_code, two.stdout) == (one.exit_code, one.stdout)
    assert one.exit_code == 1


def test_json_lines_are_whole_and_one_a_file(slices):
    lines = run("--jobs", 2, "--json", slices).stdout.splitlines()

    assert [json.loads(line)["path"] for line in lines] == [str(path) for path in sorted(slices.iterdir())]


def test_an_unreadable_file_ends_the_command_after_what_comes_before_it(slices, monkeypatch):
    unreadable = sorted(slices.iterdir())[FEWEST]
    unreadable.unlink()
    unreadable.symlink_to(slices / "nothing")
    files = sorted(slices.iterdir())

    with workers.judge_files(files, Profile(), PLAIN, 2) as batches:
        seen = list(batches)

    assert [batch.unreadable is not None for batch in seen].index(True) == FEWEST // BATCH
    with pytest.raises(OSError, match="No such file"):
        report.report(files, Profile(), as_json=True, jobs=2)


def test_few_files_are_not_worth_a_process(slices, monkeypatch):
    monkeypatch.setattr(workers, "open_pool", None)

    assert told(sorted(slices.iterdir())[: FEWEST - 1], JSON, 8).count("\n") == FEWEST - 1


def test_a_bar_shows_on_a_terminal_only(slices, capsys, monkeypatch):
    report.report(sorted(slices.iterdir()), Profile(), as_json=False, jobs=1)
    assert "Checking" not in "".join(capsys.readouterr())

    terminal = Console(force_terminal=True, color_system="standard", width=300)
    monkeypatch.setattr(report, "open_console", lambda: terminal)
    report.report(sorted(slices.iterdir()), Profile(), as_json=False, jobs=1)
    shown = capsys.readouterr().out
    assert "Checking" in shown
    assert "000.dcm" in shown


def test_whoever_reads_slowly_is_not_overrun():
    asked = []

    def count_questions():
        for number in range(100):
            asked.append(number)
            yield number

    with workers.open_pool(str, 2, prepare_nothing) as workers_of_two:
        answers = workers_of_two.ask_all(count_questions())
        assert next(answers) == "0"
        assert len(asked) <= 2 * workers.AHEAD + 2
        assert [*answers] == [str(number) for number in range(1, 100)]


def prepare_nothing():
    """A process that is a copy of this one has all it needs."""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_worker_that_is_ended_while_it_answers_ends_the_command_and_nobody_waits(end):
    with workers.open_pool(answer_at_length, 1, prepare_nothing) as one_worker:
        process, _ = next(one_worker.ask_all([0]))
        (connection,) = one_worker._idle
        one_worker._ask(one_worker._idle.pop(), 1, 1)
        # More than a pipe takes at once, and nobody reads on: half an answer stands in it.
        until(lambda: select.select([connection], [], [], 0)[0], "half an answer")
        os.kill(process, end)
        with pytest.raises(OSError, match="ended from outside"):
            one_worker._collect()


def test_what_a_worker_raises_is_raised_again():
    with workers.open_pool(int, 2, prepare_nothing) as workers_of_two:
        answers = workers_of_two.ask_all(["1", "2", "one", "4"])
        assert [next(answers), next(answers)] == [1, 2]
        with pytest.raises(ValueError, match="'one'"):
            list(answers)


def test_workers_end_with_who_asked_them():
    script = (
        "import os, signal\n"
        "from scalper.check import workers\n"
        "from tests.unit.scalper.check.test_workers import prepare_nothing, tell_process\n"
        "with workers.open_pool(tell_process, 3, prepare_nothing) as three:\n"
        "    print(*set(three.ask_all(range(30))), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    processes = [int(process) for process in run.stdout.split()]
    assert processes
    # Whoever was left would hold the pipe open, so that `run` above would not have ended.
    until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes), "the workers' ends")


def tell_process(_):
    return os.getpid()


def answer_at_length(question):
    return os.getpid(), bytes(question * 8 * 1024 * 1024)


def test_ctrl_c_ends_it_at_once_and_leaves_no_process(slices):
    blocking = slices / "000.fifo"
    os.mkfifo(blocking)
    # Named as files: a FIFO blocks whoever opens it, so that a worker is caught in the middle.
    files = [*sorted(slices.glob("*.dcm")), blocking, *sorted(slices.glob("*.dcm"))]
    command = [sys.executable, "-m", "scalper", "check", "--json", "--jobs", "2", *map(str, files)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(BATCH):
        run.stdout.readline()

    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=30)

    assert run.returncode not in {0, None}
    assert "Traceback" not in errors
    # Whoever was left would hold the pipes open, so that reading to their end above would not have ended.
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
