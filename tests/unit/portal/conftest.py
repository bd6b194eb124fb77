"""Fixtures of the portal's tests."""

import pytest

from tests.unit.portal.portal_fixture import Portal


@pytest.fixture
def portal() -> Portal:
    return Portal()
