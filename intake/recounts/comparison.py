"""Numbers of an item, held against what the records make of them."""

from collections import Counter
from collections.abc import Collection, Mapping

from intake.recounts.model import Difference
from intake.studies.study_items import WRITES
from intake.table.items import Item

_NO_SUMS = frozenset({WRITES, "expires"})
"""Numbers of an item that count nothing of the records."""


def compare_counts(
    subject: str, item: Item, expected: Mapping[str, int], names: Collection[str] = ()
) -> list[Difference]:
    """Return the numbers of an item, all or those of `names`, that are not what the records make them.

    What is not there is 0.
    """
    numbers = {name for name, value in item.items() if isinstance(value, int) and name not in _NO_SUMS}
    named = sorted({*numbers, *expected} & {*names} if names else {*numbers, *expected})
    both = ((name, item.get(name, 0), expected.get(name, 0)) for name in named)
    return [Difference(subject, name, have, wanted) for name, have, wanted in both if have != wanted]


def add_missing(differences: list[Difference]) -> Counter[str]:
    """Return what is to be added, so that the numbers become what they should be."""
    return Counter({one.name: one.expected - one.standing for one in differences})
