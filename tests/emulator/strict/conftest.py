"""One stack for this folder, on an emulator that serves TLS only and checks signatures and permissions."""

import pytest

from infra.local.stack import LocalStack
from tests.emulator.stacks import deployed
from tests.emulator.strict.roles import FUNCTIONS, Caller, Role


@pytest.fixture(scope="package")
def stack(request, tmp_path_factory) -> LocalStack:
    """The shared stack where that one is strict already, and one of this folder's own where it is not."""
    if request.config.getoption("--enforced"):
        yield request.getfixturevalue("stack")
        return
    with deployed(tmp_path_factory.mktemp("strict"), strict=True) as running:
        yield running


@pytest.fixture(scope="package")
def api_url(stack) -> str:
    return stack.api_url


@pytest.fixture(scope="package")
def root(stack) -> Caller:
    """Who may do everything."""
    return Caller(stack.at)


@pytest.fixture(scope="package")
def roles(stack) -> dict[str, Role]:
    """The functions' roles, by the functions' names."""
    return {name: Role(stack, stack.outputs[output]) for name, output in FUNCTIONS.items()}
