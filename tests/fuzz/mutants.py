"""Mutants by number: which seed, which operations, and what the judge must say of each."""

import random
import time
from dataclasses import dataclass

from processor.judge import Judgement, judge
from processor.judge.rules.catalogue import RULES, TAKEN
from tests.fuzz.mutations import Operation, mutated, operations_on
from tests.fuzz.seeds import SEEDS
from tests.unit.processor.judge.sources import CountedSource

SLOWEST = 2.0
"""Seconds that a mutant may take."""
MOST_OPERATIONS = 8


@dataclass(frozen=True)
class Answer:
    """What became of one mutant."""

    codes: tuple[str, ...]
    seconds: float
    complaint: str
    """What is wrong with the answer, or nothing."""


def seeds() -> list[tuple[str, bytes]]:
    return [(kind, make()) for kind, make in SEEDS]


def mutant(seed: int, number: int, files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return the seed's kind and the mutant: the same for the same seed and number."""
    chance = random.Random(f"{seed}/{number}")
    # DICOM is what the judge reads itself, byte by byte, and most of what arrives.
    dicom = [file for file in files if file[0] == "dicom"]
    kind, data = chance.choice(dicom if chance.random() < 0.6 else files)
    names = operations_on(kind)
    # Few operations more often than many: the fewer, the deeper a mutant is read.
    count = min(chance.randint(1, MOST_OPERATIONS), chance.randint(1, MOST_OPERATIONS))
    operations: list[Operation] = [
        (chance.choice(names), chance.random(), chance.getrandbits(40)) for _ in range(count)
    ]
    return kind, mutated(data, operations)


def answer_to(data: bytes) -> Answer:
    """Judge a mutant. Raises whatever the judge raises."""
    started = time.process_time()
    judgement = judge(CountedSource(data))
    seconds = time.process_time() - started
    codes = tuple(finding.code for finding in judgement.findings)
    return Answer(codes, seconds, complaint(judgement) or ("too slow" if seconds > SLOWEST else ""))


def complaint(judgement: Judgement) -> str:
    """Return what no judgement may be, or nothing."""
    codes = {finding.code for finding in judgement.findings}
    if not codes <= set(RULES):
        return "a code that is not in the catalogue"
    if judgement.kind not in TAKEN and not codes:
        return "a verdict without a code"
    if judgement.rejected != any(finding.severity == "reject" for finding in judgement.findings):
        return "a rejection without a rejecting finding"
    return "" if is_storable(judgement.metadata) else "metadata of a shape that cannot be stored"


def is_storable(value: object) -> bool:
    """Say whether metadata is of texts, numbers, lists and dicts that DynamoDB and JSON take."""
    match value:
        case dict():
            return all(isinstance(key, str) and is_storable(entry) for key, entry in value.items())
        case list():
            return all(map(is_storable, value))
        case str():
            return not any("\ud800" <= letter <= "\udfff" for letter in value) and len(value) <= 4096
        case _:
            return isinstance(value, int)
