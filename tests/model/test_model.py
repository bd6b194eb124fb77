"""Whatever is done to files, in whatever order and with whatever failing: all adds up, and nobody else is touched.

MODEL_EXAMPLES is how many runs of MODEL_STEPS steps there are, SEED repeats a run of before.
"""

import os
import random
from concurrent.futures import Executor, Future

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Files

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "300"))
STEPS = int(os.environ.get("MODEL_STEPS", "40"))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))


class InTurn(Executor):
    """Does at once what it is given: which call fails must not depend on threads."""

    def __init__(self, *_, **__):
        pass

    def submit(self, call, /, *args, **options):
        done = Future()
        done.set_result(call(*args, **options))
        return done


@pytest.fixture(autouse=True)
def in_turn_and_at_once(monkeypatch):
    monkeypatch.setattr("intake.table.transactions._pause", lambda attempt: None)
    threaded = ("intake.records.pending", "intake.records.records", "portal.uploads.reservations")
    for module in (*threaded, "portal.uploads.withdrawals"):
        monkeypatch.setattr(f"{module}.ThreadPoolExecutor", InTurn)


@pytest.mark.timeout(7200)
def test_whatever_happens_to_files_all_adds_up():
    print(f"\n{EXAMPLES} runs of {STEPS} steps, seed {SEED} (SEED= repeats them)")
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(seed(SEED)(Files), settings=chosen)
