"""Fixtures of the portal's tests."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal.http.request_log import logger
from tests.unit.portal.portal_fixture import Portal
from tests.unit.portal.shared_routes import share_routes


@pytest.fixture(scope="session", autouse=True)
def shared_routes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        share_routes(monkeypatch)
        yield


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def log_lines(monkeypatch) -> Callable[[], list[dict[str, Any]]]:
    """Return what is logged, line by line."""
    stream = io.StringIO()
    monkeypatch.setattr(logger().registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
