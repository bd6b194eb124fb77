"""Mutated files: whatever is done to a file, the judge answers.

MUTANTS says how many (2,000 by default, 10,000 where CI is true), and MUTANT_SEED repeats a run. `make fuzz` does
the same by the hundred thousand.
"""

import os
import secrets

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.judge import judge
from tests.fuzz.mutants import complaint, mutant, seeds
from tests.fuzz.mutations import mutated, operations_on
from tests.unit.processor.judge.sources import CountedSource

MUTANTS = int(os.environ.get("MUTANTS", "10000" if os.environ.get("CI") == "true" else "2000"))
SEED = int(os.environ.get("MUTANT_SEED", secrets.randbits(32)))
FILES = seeds()

places = st.floats(0, 1, exclude_max=True)
numbers = st.integers(0, 2**40)


def operations(kind):
    return st.lists(st.tuples(st.sampled_from(operations_on(kind)), places, numbers), min_size=1, max_size=8)


mutants = st.sampled_from(FILES).flatmap(lambda seed: st.tuples(st.just(seed[1]), operations(seed[0])))


@hypothesis.seed(SEED)
@settings(
    max_examples=MUTANTS,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(mutants)
def test_every_mutant_gets_an_answer(drawn):
    print(f"MUTANT_SEED={SEED}")
    source = CountedSource(mutated(*drawn))

    judgement = judge(source)

    assert complaint(judgement) == ""
    assert len(source.reads) <= 16


def test_every_seed_is_judged_as_what_it_is():
    wrong = {kind for kind, data in FILES if judge(CountedSource(data)).kind != kind}

    assert wrong == set()


def test_a_mutant_is_the_same_for_the_same_numbers():
    assert mutant(1, 2, FILES) == mutant(1, 2, FILES)
