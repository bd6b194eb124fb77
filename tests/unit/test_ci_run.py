"""What everything runs on before a change is taken: the functions' Python and the oldest one, or it is said loudly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.build.cache import ROOT
from tests.emulator.stacks import eventually
from tests.unit.infra.build.test_processes import is_alive

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
NOBODYS = "3.99"
MAKE = """#!/bin/sh
echo "$@" >>made
case "$*" in
    *oldest*) echo $$ >oldest.pid; echo "1 failed on the oldest"; {oldest} ;;
    *lint*) {lint} ;;
esac
"""


@pytest.fixture
def run(tmp_path):
    """Run `.ci/run` in a checkout that holds nothing else, where `make` notes what it is asked for."""

    def copy(name, said, instead):
        text = (ROOT / name).read_text()
        assert text.count(said) == 1
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text.replace(said, instead))

    def command(name, text):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)

    def run(*, runtime=HERE, oldest=HERE, oldest_does="exit 0", lint_does="exit 0"):
        copy(".ci/run", "\noldest=3.11\n", f"\noldest={oldest}\n")
        copy("infra/build/runtime.py", '\nRUNTIME = "3.13"\n', f'\nRUNTIME = "{runtime}"\n')
        (tmp_path / "bin").mkdir()
        command("make", MAKE.format(oldest=oldest_does, lint=lint_does))
        command("chromium", "#!/bin/sh\n")
        (tmp_path / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
        environment = {"PATH": os.pathsep.join([str(tmp_path / "bin"), os.defpath]), "HOME": str(tmp_path)}
        whole = [shutil.which("bash"), tmp_path / ".ci" / "run"]
        done = subprocess.run(whole, env=environment, capture_output=True, text=True, check=False)
        made = (tmp_path / "made").read_text().splitlines()
        return done, [line.removeprefix("--no-print-directory ") for line in made]

    return run


def test_lint_and_tests_run_on_the_functions_python_and_the_clients_on_the_oldest(run):
    done, made = run()
    assert done.returncode == 0, done.stderr
    assert (made[0], made[-1]) == ("tools", f"test PYTHON={HERE}")
    assert set(made[1:-1]) == {f"oldest PYTHON={HERE}", f"lint PYTHON={HERE}"}
    assert "####" not in done.stderr


def test_where_there_is_none_of_them_it_is_said_at_once_and_at_the_end(run):
    done, made = run(runtime=NOBODYS, oldest=NOBODYS)
    assert done.returncode == 0, done.stderr
    assert made == ["tools", "lint", "test"]
    assert f"uv python install {NOBODYS}" in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("####")]
    assert len(told) == 4
    assert told[:2] == told[2:]
    assert "NOT TESTED ON THE FUNCTIONS' PYTHON" in told[0]
    assert f"NOT TESTED ON PYTHON {NOBODYS}" in told[1]


def test_what_fails_on_the_oldest_fails_the_whole_and_is_shown(run):
    done, made = run(oldest_does="exit 2")
    assert done.returncode == 1
    assert "1 failed on the oldest" in done.stdout
    assert not any(line.startswith("test") for line in made)


def test_what_lint_finds_fails_the_whole_and_leaves_nothing_running(run, tmp_path):
    wait = "until [ -s oldest.pid ]; do sleep 0.02; done"
    done, made = run(lint_does=f"{wait}; exit 2", oldest_does="exec sleep 600")
    assert done.returncode == 2
    assert not any(line.startswith("test") for line in made)
    beside = int((tmp_path / "oldest.pid").read_text())
    eventually(lambda: not is_alive(beside))
