"""The short form of every class of attacks (`make attack` runs them whole), and that the suite itself can fail."""

import json
import os
import secrets

import pytest

from tests.attack.registry import CLASSES, run
from tests.attack.report import Attack, as_json
from tests.attack.world import World

pytestmark = [
    pytest.mark.plain("the gateway's authorizer fetches no keys over TLS, and attacks go by the gateway, too"),
    pytest.mark.disturbs("attackers leave objects that are of no record, or of which nobody was notified"),
]

SEED = int(os.environ.get("SEED", "0")) or secrets.randbits(32)


@pytest.fixture(scope="module")
def world(stack, stack_state, portal_url, portal_log):
    print(f"SEED={SEED} repeats these attacks")
    with World(stack, seed=SEED, state=stack_state, portal_log=portal_log) as attacked:
        yield attacked


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.NAME)
def test_nobody_gets_in(world, kind):
    found = run(kind, world, short=True)

    assert found.attempts > 0
    assert found.breaches == []


def test_a_breach_fails_its_class_and_is_told():
    found = Attack("doors", least=1)
    found.expect(True, "a closed door")
    found.expect(False, "an open door")

    assert found.failed
    assert as_json([found], seed=1, short=False)["classes"][0]["breaches"] == ["an open door"]
    assert json.dumps(as_json([found], seed=1, short=False))


def test_a_class_that_hardly_tried_has_failed():
    found = Attack("doors", least=2)
    found.expect(True, "a closed door")

    assert found.failed


def test_a_class_that_breaks_off_has_failed(capsys):
    class Broken:
        NAME, LEAST = "broken", 1

        @staticmethod
        def attack(world, report, *, short):
            report.expect(True, "a first door")
            raise KeyError("a name")

    found = run(Broken, None, short=True)

    assert found.failed
    assert "KeyError" in found.breaches[0]
    assert "a name" not in found.breaches[0]
