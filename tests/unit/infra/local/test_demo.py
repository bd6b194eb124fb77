"""Demo passwords: drawn once, kept for their owner only, good enough for the pool's policy."""

import json
import stat

import pytest

from infra.errors import RunnerError
from infra.local.demo import _draw_password, _load_passwords, write_private


def test_passwords_are_kept_over_restarts(tmp_path):
    file = tmp_path / "demo.json"
    assert _load_passwords(file) == _load_passwords(file)


def test_only_their_owner_can_read_them(tmp_path):
    file = tmp_path / "demo.json"
    _load_passwords(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_rewriting_never_widens_who_may_read(tmp_path):
    file = tmp_path / "private.json"
    file.write_text("{}")
    file.chmod(0o644)
    write_private(file, {"a": 1})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"a": 1}


def test_damaged_passwords_are_named(tmp_path):
    file = tmp_path / "demo.json"
    file.write_text("{")
    with pytest.raises(RunnerError, match=str(file)):
        _load_passwords(file)


def test_a_draw_password_has_every_class_of_character():
    password = _draw_password()
    assert len(password) >= 12
    for belongs in (str.isupper, str.islower, str.isdigit, lambda character: not character.isalnum()):
        assert any(map(belongs, password))
