"""Few requests work at once, few wait, and the others are told to come again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest

from portal.errors import TooManyRequestsError
from portal.services import Turns


def test_no_more_work_at_once_than_may_and_all_get_their_turn():
    turns, lock, working, most = Turns(at_once=2, waiting=14, patience_s=60), Lock(), 0, 0
    together = Barrier(2)

    def work(_):
        nonlocal working, most
        with turns.turn():
            with lock:
                working += 1
                most = max(most, working)
            together.wait(60)
            with lock:
                working -= 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(16)))
    assert (most, working) == (2, 0)


def test_who_finds_too_many_waiting_is_told_to_come_again():
    turns, begun, end = Turns(at_once=1, waiting=0, patience_s=60), Event(), Event()

    def work():
        with turns.turn():
            begun.set()
            end.wait(60)

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(work)
        begun.wait(60)
        with pytest.raises(TooManyRequestsError), turns.turn():
            pass
        end.set()
        done.result()
    with turns.turn():
        pass


def test_who_has_waited_long_enough_is_told_to_come_again():
    turns = Turns(at_once=1, waiting=1, patience_s=0)
    with turns.turn(), pytest.raises(TooManyRequestsError), turns.turn():
        pass


def test_a_turn_that_fails_is_given_back():
    turns = Turns(at_once=1, waiting=0, patience_s=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.turn():
            raise ZeroDivisionError
