"""Which study is of which exam, however many could be of each other."""

import random
from itertools import permutations

from intake.expectations.attendance import pair

SEED = 20261130


def test_as_many_get_a_study_as_can_and_whoever_comes_first_by_rank_before_the_others():
    assert pair({"a": ["1"], "b": ["1"]}) == {"a": "1"}
    assert pair({"a": ["1", "2"], "b": ["1", "2"]}) == {"a": "1", "b": "2"}
    assert pair({"a": ["1", "2"], "b": ["1"]}) == {"a": "2", "b": "1"}
    assert pair({"a": ["1", "2"], "b": ["1", "3"], "c": ["2"], "d": ["3"]}) == {"a": "1", "b": "3", "c": "2"}
    assert pair({}) == {}
    assert pair({"a": []}) == {}


def _try_all(wanted):
    """Give everybody in every order their first free study, and of the best ways keep the first by rank."""
    names = list(wanted)
    ways = set()

    def choose(left, held):
        if not left:
            ways.add(tuple(held))
            return
        for study in (None, *wanted[left[0]]):
            if study is None or study not in held:
                choose(left[1:], [*held, study])

    choose(names, [])
    most = max(sum(one is not None for one in way) for way in ways)
    places = [{study: at for at, study in enumerate(each)} for each in wanted.values()]

    def rank(way):
        return [one is None for one in way], [at.get(one, 0) for at, one in zip(places, way, strict=True)]

    best = min((way for way in ways if sum(one is not None for one in way) == most), key=rank)
    return {name: one for name, one in zip(names, best, strict=True) if one is not None}


def test_any_pairs_are_those_that_trying_all_ways_finds():
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    for _ in range(600):
        studies = "12345"[: chance.randint(1, 5)]
        wanted = {name: [one for one in studies if chance.random() < 0.5] for name in "abcde"[: chance.randint(1, 5)]}
        assert pair(wanted) == _try_all(wanted), wanted


def test_what_is_told_in_another_order_is_paired_alike():
    for order in permutations("123"):
        assert pair({"a": ["1", "2"], "b": sorted(order)}) == {"a": "1", "b": "2"}


def test_a_hundred_orders_of_a_day_with_a_hundred_studies_are_paired_in_no_time():
    """A sender may be hostile: the longest way that one exam makes others move is as long as there are studies."""
    studies = [str(number) for number in range(100)]
    wanted = {f"e{number}": studies[: number + 1] for number in reversed(range(100))}
    assert len(pair(wanted)) == 100
    everything = {f"e{number}": studies for number in range(300)}
    assert len(pair(everything)) == 100
    chain = {f"e{number}": [str(number), str(number + 1)] for number in range(2000)} | {"last": ["0"]}
    assert len(pair(chain)) == 2001
