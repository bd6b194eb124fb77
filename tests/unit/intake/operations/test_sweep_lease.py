"""One sweep at a time, however many are started: by whoever has the turn, which ends by itself."""

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest

from intake.operations.reconciliation import DynamoRounds, DynamoSweepLease
from intake.table.table import Table
from tests.records import NOON
from tests.unit.intake.conftest import TABLE

LASTS = timedelta(seconds=250)
TICK = timedelta(milliseconds=1)


@pytest.fixture
def lease(dynamodb):
    return DynamoSweepLease(Table(dynamodb, TABLE))


def test_a_turn_is_ones_own_until_it_is_given_back(lease):
    turn = lease.take(NOON, NOON + LASTS)
    assert turn
    assert not lease.take(NOON, NOON + LASTS)
    assert not lease.take(NOON + LASTS - TICK, NOON + 2 * LASTS)
    lease.give_back(turn)
    assert lease.take(NOON + TICK, NOON + LASTS)


def test_of_one_who_was_killed_the_turn_ends_by_itself(lease):
    lease.take(NOON, NOON + LASTS)
    assert not lease.take(NOON + LASTS, NOON + 2 * LASTS)
    assert lease.take(NOON + LASTS + TICK, NOON + 2 * LASTS)


def test_a_turn_that_ended_long_ago_takes_nothing_from_who_has_it_now(lease):
    late = lease.take(NOON, NOON + LASTS)
    mine = lease.take(NOON + 2 * LASTS, NOON + 3 * LASTS)
    lease.give_back(late)
    assert not lease.take(NOON + 2 * LASTS, NOON + 3 * LASTS)
    lease.give_back(mine)
    assert lease.take(NOON + 2 * LASTS, NOON + 3 * LASTS)


def test_a_turn_costs_two_writes_and_no_read(lease, dynamodb):
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    lease.give_back(lease.take(NOON, NOON + LASTS))
    assert calls == ["PutItem", "UpdateItem"]


def test_a_turn_whose_answer_was_lost_is_its_owners(dynamodb):
    def take_twice(**request):
        dynamodb.put_item(**request)
        return dynamodb.put_item(**request)

    lease = DynamoSweepLease(Table(SimpleNamespace(put_item=take_twice), TABLE))
    assert lease.take(NOON, NOON + LASTS)
    assert not lease.take(NOON, NOON + LASTS)


def test_nobody_elses_item_is_touched(lease, dynamodb):
    rounds = DynamoRounds(Table(dynamodb, TABLE))
    rounds.write({"records": "northside"})
    lease.give_back(lease.take(NOON, NOON + LASTS))
    assert rounds.read() == {"records": "northside"}


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_started_killed_and_ended_no_two_ever_sweep_at_a_time(lease, seed):
    """Each that has a turn works no longer than it lasts, as Lambda sees to; some are killed and give nothing back."""
    print("seed", seed)
    dice, at, working = random.Random(seed), NOON, {}
    for _ in range(150):
        at += timedelta(seconds=dice.randint(1, 90))
        working = {turn: ends for turn, ends in working.items() if ends >= at}
        if turn := lease.take(at, at + LASTS):
            assert not working, "another was at it"
            working[turn] = at + LASTS
        elif dice.random() < 0.5:
            ended = dice.choice(sorted(working))
            lease.give_back(ended)
            del working[ended]
