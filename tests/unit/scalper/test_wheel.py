"""The wheel installs the client and `check`, and nothing that is anybody else's. uv fetches what its cache lacks."""

import json
import os
import subprocess
import zipfile

import pytest

from infra.build.cache import ROOT
from tests.dicom_files import ct_slice


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    _run("uv", "build", "--wheel", "--quiet", "--out-dir", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel in it. Returns a function that runs its programs."""
    home = tmp_path_factory.mktemp("partner")
    _run("uv", "venv", "--quiet", home / "venv", cwd=home)
    _run("uv", "pip", "install", "--quiet", "--python", home / "venv", wheel, cwd=home)

    def run(program, *arguments, check=True):
        return _run(home / "venv" / "bin" / program, *arguments, cwd=home, check=check)

    return run


def _run(*command, cwd, check=True):
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=check
    )


def test_the_wheel_holds_one_package_and_no_server(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"scalper"}
    assert "scalper/py.typed" in names
    assert not [name for name in names if "dynamodb" in name or "handler" in name or "portal" in name]


def test_nothing_but_the_client_and_light_libraries_is_installed(installed):
    code = "import importlib.util as u; print([n for n in %r if u.find_spec(n)])"
    for foreign in (["portal", "infra", "intake", "processor", "templates", "tests"], ["boto3", "fastapi", "aws_cdk"]):
        assert installed("python", "-c", code % foreign).stdout.strip() == "[]"
    assert installed("python", "-c", "import scalper; print(scalper.Client.__name__)").stdout == "Client\n"


def test_the_command_says_its_version_and_judges_offline(installed, tmp_path):
    assert installed("scalper", "--version").stdout.strip()
    (tmp_path / "good.dcm").write_bytes(ct_slice(rows=8, columns=8))
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("a.json", '{"resourceType": "Patient"}')
        archive.writestr("b.pdf", b"%PDF-1.4 is not all that it takes")
    judged = installed("scalper", "check", "--json", tmp_path, check=False)
    verdicts = {row["path"].rpartition("/")[2]: row["verdict"] for row in map(json.loads, judged.stdout.splitlines())}
    assert verdicts["good.dcm"] == "accepted"
    assert verdicts["both.zip!b.pdf"] == "rejected"
    assert (judged.returncode, judged.stderr) == (1, "")


@pytest.mark.parametrize("command", ["up", "alerts"])
def test_what_needs_a_checkout_says_so_in_a_sentence(installed, command):
    said = installed("scalper", command, check=False)
    assert said.returncode == 2
    assert "checkout" in said.stderr
    assert "Traceback" not in said.stderr


def test_types_reach_those_who_use_the_client(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "script.py").write_text(
        "from pathlib import Path\n"
        "import scalper\n"
        "with scalper.Client('https://portal.example', 'id', 'secret') as client:\n"
        "    outcome = client.upload('study', reference='batch-117')\n"
        "    for verdict in client.wait(outcome):\n"
        "        reveal_type(verdict.state)\n"
        "    client.upload('study', refrence='typo')\n"
    )
    checked = _run(
        "mypy", "--strict", "--config-file", "/dev/null", "--cache-dir", tmp_path / "cache", tmp_path / "script.py",
        cwd=tmp_path / "site", check=False,
    )  # fmt: skip
    assert checked.stdout.count("Revealed type is") == 1
    assert 'Unexpected keyword argument "refrence"' in checked.stdout
    assert "Found 1 error" in checked.stdout
