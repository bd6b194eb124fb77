"""Fixtures of the client's tests."""

import pytest

from tests.unit.scalper.world import World, folder


@pytest.fixture
def world():
    return World()


@pytest.fixture
def study(tmp_path):
    """Three small files in a folder."""
    return folder(tmp_path / "study", a_dcm=b"one", b_dcm=b"two", c_dcm=b"three")


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "state" / "journal.sqlite3"
