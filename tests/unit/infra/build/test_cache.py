"""What was built before is found again by its inputs."""

import pytest

from infra.build.cache import digest, files_under


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text("answer = 42\n")
    return tmp_path


def test_the_same_content_has_the_same_name(sources):
    assert digest(files_under(sources), "fact") == digest(files_under(sources), "fact")


def test_another_content_another_place_or_another_fact_has_another_name(sources):
    before = digest(files_under(sources), "fact")
    assert digest(files_under(sources), "other fact") != before
    module = sources / "package" / "module.py"
    module.write_text("answer = 43\n")
    changed = digest(files_under(sources), "fact")
    module.rename(sources / "package" / "renamed.py")
    assert len({before, changed, digest(files_under(sources), "fact")}) == 3


def test_caches_build_output_and_marks_do_not_count(sources):
    before = files_under(sources)
    for name in ("__pycache__", "node_modules", "dist"):
        (sources / name).mkdir()
        (sources / name / "file.js").write_text("")
    (sources / "package" / "module.pyc").write_bytes(b"")
    (sources / "package" / ".built-from").write_text("")
    assert files_under(sources) == before
