"""A bundle without the bytecode of its own runtime is not made, and whoever wanted it is told what helps."""

import compileall
import sys
from py_compile import PycInvalidationMode

import pytest

from infra import app
from infra.build import bundle
from infra.build.bundle import LAMBDA, Platform, build, require_bytecode
from infra.build.runtime import RUNTIME
from infra.errors import RunnerError
from tests.architecture.sources import Sources
from tests.grants.calls import services_made

HERE = Platform("here", f"{sys.version_info.major}.{sys.version_info.minor}", ())


@pytest.fixture
def code(tmp_path):
    (tmp_path / "package").mkdir()
    for name in ("__init__.py", "module.py"):
        (tmp_path / "package" / name).write_text("answer = 42\n")
    compiled(tmp_path)
    return tmp_path


def compiled(folder, mode=PycInvalidationMode.UNCHECKED_HASH):
    assert compileall.compile_dir(folder, quiet=2, force=True, invalidation_mode=mode)


def bytecode(folder):
    (file,) = folder.glob("package/__pycache__/module.*.pyc")
    return file


def test_whole_bytecode_that_nobody_compares_passes(code):
    require_bytecode(code, HERE)


@pytest.mark.parametrize("mode", [PycInvalidationMode.TIMESTAMP, PycInvalidationMode.CHECKED_HASH])
def test_bytecode_that_would_be_compared_with_its_source_is_refused(code, mode):
    compiled(code, mode)
    with pytest.raises(RunnerError, match=r"^2 modules would be shipped without the bytecode"):
        require_bytecode(code, HERE)


def test_one_module_without_is_named(code):
    bytecode(code).unlink()
    with pytest.raises(RunnerError, match=r"^1 modules .*, package/module\.py among them"):
        require_bytecode(code, HERE)


def test_bytecode_of_another_python_is_refused_whatever_its_name_says(code):
    file = bytecode(code)
    file.write_bytes(
        (int.from_bytes(file.read_bytes()[:2], "little") + 1).to_bytes(2, "little") + file.read_bytes()[2:]
    )
    with pytest.raises(RunnerError, match=r"package/module\.py among them"):
        require_bytecode(code, HERE)


def test_a_bundle_keeps_the_models_of_all_services_that_something_makes_a_client_of():
    """Without, a client is made by any machine's botocore, and by no function's."""
    assert services_made(Sources.read()) <= bundle._SERVICES


@pytest.fixture
def poor_machine(monkeypatch):
    """One that has no interpreter of the runtime."""
    monkeypatch.setattr(bundle, "_HERE", "3.11")
    monkeypatch.setattr(bundle, "find_interpreter", lambda version: None)


def test_a_machine_without_the_runtime_makes_no_release_and_says_what_helps(poor_machine):
    with pytest.raises(RunnerError, match=rf"no Python {RUNTIME} on this machine.*uv python install {RUNTIME}"):
        build("processor", LAMBDA)


@pytest.mark.parametrize("stage", ["prod", "staging"])
def test_synthesis_of_a_release_ends_with_that_sentence_and_without_a_trace(poor_machine, stage, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["infra.app", "--stage", stage, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=r"A bundle without its bytecode is not made"):
        app.main()
    assert not (tmp_path / "out").exists()


def test_templates_without_code_are_synthesized_on_any_machine(poor_machine, monkeypatch, tmp_path):
    arguments = ["infra.app", "--stage", "local", "--without-code", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    app.main()
    assert (tmp_path / "out" / "SilentScalper.template.json").exists()
