"""The synthesized template, as the infrastructure's own tests have it."""

from tests.unit.infra.conftest import *  # noqa: F403 - its fixtures are these tests' too
