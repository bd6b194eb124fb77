"""The functions' Python is one that tests run on, is named once, and is found wherever a machine keeps it."""

import os
import re
import subprocess
import sys

import pytest

from infra.build.cache import ROOT
from infra.build.runtime import MAGIC, RUNTIME, find_interpreter

SCRIPT = ROOT / "infra" / "build" / "runtime.py"
NAMED = re.compile(r"python-?3\.\d+|PYTHON_3_\d+|cp3\d\d|[\"']3\.1[2-9][\"']", re.IGNORECASE)
AGE = "3.99"
"""A version that nobody has."""


def command(path, says):
    """Write a command that says something, or fails where it has nothing to say."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{f'echo {says}' if says else 'exit 127'}\n")
    path.chmod(0o755)
    return path


def look(version=AGE, **environment):
    """Ask the script in an environment that holds nothing else, and return its exit code, answer and complaint."""
    paths = [environment.pop("path", None), os.defpath]
    told = {"PATH": os.pathsep.join(str(path) for path in paths if path)}
    told |= {name: str(value) for name, value in environment.items()}
    done = subprocess.run([sys.executable, SCRIPT, version], env=told, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.fixture
def pyenv(tmp_path):
    """A pyenv with two releases of a version, whose shim answers for neither."""
    root = tmp_path / "pyenv"
    command(root / "shims" / f"python{AGE}", says="")
    for release in ("9", "10"):
        command(root / "versions" / f"{AGE}.{release}" / "bin" / f"python{AGE}", says="cpython-399")
    return root


def newest(pyenv):
    return str(pyenv / "versions" / f"{AGE}.10" / "bin" / f"python{AGE}")


def test_a_shim_that_fails_leads_to_the_newest_release_behind_it_whatever_home_is(pyenv, tmp_path):
    for home in ({}, {"HOME": ""}, {"HOME": tmp_path / "empty"}):
        assert look(path=pyenv / "shims", **home)[:2] == (0, newest(pyenv))


def test_pyenv_is_found_by_its_root_and_at_home(pyenv, tmp_path):
    assert look(PYENV_ROOT=pyenv)[:2] == (0, newest(pyenv))
    pyenv.rename(tmp_path / ".pyenv")
    assert look(HOME=tmp_path)[:2] == (0, newest(tmp_path / ".pyenv"))


def test_what_stands_on_path_and_answers_is_taken(tmp_path):
    whole = command(tmp_path / "bin" / f"python{AGE}", says="cpython-399")
    assert look(path=whole.parent)[:2] == (0, str(whole))


@pytest.mark.parametrize("says", ["cpython-398", "pypy-399", ""])
def test_a_name_is_not_believed(tmp_path, says):
    command(tmp_path / "bin" / f"python{AGE}", says=says)
    assert look(path=tmp_path / "bin")[0] == 1


def test_where_there_is_none_it_is_said_what_brings_one():
    code, found, complaint = look()
    assert (code, found) == (1, "")
    assert f"uv python install {AGE}" in complaint


def test_the_script_knows_which_version_the_functions_run_on():
    assert look("--version")[:2] == (0, RUNTIME)


def test_bytecode_begins_with_what_the_runtime_itself_writes():
    interpreter = find_interpreter(RUNTIME)
    if interpreter is None:
        pytest.skip(f"NO PYTHON {RUNTIME} ON THIS MACHINE")
    program = "import importlib.util; print(int.from_bytes(importlib.util.MAGIC_NUMBER[:2], 'little'))"
    printed = subprocess.run([interpreter, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(printed) == MAGIC[RUNTIME]


def test_no_other_source_of_the_infrastructure_names_a_python():
    named = {
        source.relative_to(ROOT).as_posix(): NAMED.findall(source.read_text())
        for source in (ROOT / "infra").rglob("*.py")
        if source != SCRIPT
    }
    assert {source: names for source, names in named.items() if names} == {}
