"""The smoke test of a deployed stack: it passes on one that works, and fails in words on one that does not."""

import os
import subprocess
import sys

import pytest

from infra.build.cache import ROOT
from tests.smoke import __main__ as smoke

pytestmark = pytest.mark.emulator


def run(tmp_path, **credentials):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCALPER_")}
    environment = {
        **kept,
        **credentials,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "tests.smoke", "--patience", "60"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def credentials(stack, portal_url):
    partner = stack.demo.partner
    return {
        "SCALPER_API_URL": portal_url,
        "SCALPER_CLIENT_ID": partner.client_id,
        "SCALPER_CLIENT_SECRET": partner.client_secret,
    }


def test_a_stack_that_works_passes_every_time_and_nothing_stays_on_the_machine(credentials, tmp_path):
    for _ in range(2):
        done = run(tmp_path, **credentials)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "The accepted file came back as it was sent."
    assert list(tmp_path.iterdir()) == []


def test_a_stack_that_lets_nobody_in_fails_in_a_sentence(credentials, tmp_path):
    done = run(tmp_path, **{**credentials, "SCALPER_CLIENT_SECRET": "not-the-secret"})
    assert done.returncode == 1
    assert done.stderr.startswith("The smoke test failed: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_stack_that_judges_otherwise_fails(credentials, tmp_path, monkeypatch, capsys):
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["smoke", "--patience", "60"])
    monkeypatch.setattr(smoke, "EXPECTED", {**smoke.EXPECTED, smoke.DAMAGED: ("accepted", ())})
    assert smoke.main() == 1
    assert "these came: " in capsys.readouterr().err
