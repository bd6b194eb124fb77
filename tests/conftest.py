"""The order of the tests, and the deployed stack that those of the emulator and the browser share.

One stack per test process: free ports, a temporary state folder, the checkout's built bundles.
"""

from pathlib import Path

import pytest

from infra.local.stack import LocalStack, run_portal
from tests.emulator.recounting import Recounts
from tests.emulator.sign_in import partner_token as ask_for_partner_token
from tests.emulator.sign_in import person_token
from tests.emulator.stacks import deployed

_ORDER = ("unit", "recount", "model", "fuzz", "growth", "emulator", "benchmarks", "browser")
"""What answers fastest comes first, and browsers last: once started, Playwright keeps an event loop running in this
thread, which asyncio's users cannot bear."""


def pytest_addoption(parser):
    parser.addoption(
        "--enforced",
        action="store_true",
        help="run the tests of the deployed stack on an emulator that checks permissions, signatures and TLS",
    )


def pytest_runtest_setup(item):
    marker = item.get_closest_marker("plain")
    if marker and item.config.getoption("--enforced"):
        pytest.skip(f"NOT ENFORCED HERE: {marker.args[0]}")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent

    def place(item):
        folder = item.path.relative_to(here).parts[0]
        return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)

    items.sort(key=place)


@pytest.fixture(scope="session")
def stack_state(tmp_path_factory) -> Path:
    """The folder where the emulator keeps everything."""
    return tmp_path_factory.mktemp("scalper")


@pytest.fixture(scope="session")
def stack(stack_state, request) -> LocalStack:
    """Emulator, stack and demo data; the portal is started by `portal_url` only."""
    with deployed(stack_state, strict=request.config.getoption("--enforced")) as running:
        yield running


_RECOUNTS = pytest.StashKey[dict[int, Recounts]]()


@pytest.fixture(scope="module", autouse=True)
def recounted(request):
    """Hold the stack against an independent recount, when a module that used it has ended."""
    its = [item for item in request.session.items if item.path == request.path]
    if not any("stack" in item.fixturenames for item in its):
        yield
        return
    stack = request.getfixturevalue("stack")
    recounts = request.config.stash.setdefault(_RECOUNTS, {}).setdefault(id(stack), Recounts(stack))
    yield
    disturbs = request.node.get_closest_marker("disturbs")
    recounts.check(disturbs.args[0] if disturbs else "")


@pytest.fixture(scope="session")
def portal_log(tmp_path_factory) -> Path:
    """What the portal under uvicorn prints."""
    return tmp_path_factory.mktemp("portal") / "portal.log"


@pytest.fixture(scope="session")
def portal_url(stack, portal_log) -> str:
    """The portal under uvicorn, as `scalper up` runs it."""
    with run_portal(stack, log=portal_log):
        yield stack.portal_url


@pytest.fixture(scope="session")
def api_url(stack) -> str:
    """The portal's function behind the emulator's API Gateway."""
    return stack.api_url


@pytest.fixture(scope="session")
def clients(stack):
    return stack.clients


@pytest.fixture(scope="session")
def outputs(stack) -> dict[str, str]:
    return stack.outputs


@pytest.fixture(scope="session")
def partner_token(stack) -> str:
    """An access token of northside's partner."""
    return ask_for_partner_token(stack)


@pytest.fixture(scope="session")
def staff_tokens(stack) -> dict[str, str]:
    """Access tokens of a member of staff, by clinic."""
    return {person.clinic_id: person_token(stack, person) for person in stack.demo.staff}


@pytest.fixture(scope="session")
def admin_token(stack) -> str:
    return person_token(stack, stack.demo.admin)
