"""The origin's secret: read rarely, followed when it is rotated, and never at a guesser's bidding."""

import pytest

from portal.crypto.deployment_secrets import CURRENT, FRESH, PAUSE, PREVIOUS, RETRY, OriginSecret
from portal.errors import EdgeUnknownError
from tests.unit.portal.crypto.stored_secret import Seconds, Stored


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def stored():
    return Stored()


@pytest.fixture
def secret(stored, seconds):
    return OriginSecret(stored.read, seconds)


def test_the_current_secret_and_the_one_before_it_are_admitted(secret):
    assert secret.admits(b"new-secret")
    assert secret.admits(b"old-secret")


@pytest.mark.parametrize(
    "shown",
    [b"", b"new-secre", b"new-secret2", b"new-secret,new-secret", b"NEW-SECRET", b"x" * 100_000, "sécret".encode()],
)
def test_nothing_else_is(secret, shown):
    assert not secret.admits(shown)


def test_without_an_earlier_secret_nothing_stands_in_for_it(seconds):
    secret = OriginSecret(Stored(previous=None).read, seconds)
    assert secret.admits(b"new-secret")
    assert not secret.admits(b"")
    assert not secret.admits(b"None")


def test_an_empty_secret_admits_nobody(seconds):
    assert not OriginSecret(Stored(current="", previous=None).read, seconds).admits(b"")


def test_the_secret_is_read_once_an_hour(secret, stored, seconds):
    for _ in range(100):
        assert secret.admits(b"new-secret")
    assert stored.readings == 1
    seconds.now += FRESH
    assert secret.admits(b"new-secret")
    assert stored.readings == 2


def test_a_guesser_has_it_read_every_ten_seconds_at_the_most(secret, stored, seconds):
    for guess in range(100):
        assert not secret.admits(b"%d" % guess)
    assert stored.readings == 1
    seconds.now += PAUSE
    assert not secret.admits(b"again")
    assert not secret.admits(b"and again")
    assert stored.readings == 2


def test_a_secret_that_was_rotated_is_followed(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.versions = {CURRENT: "newest-secret", PREVIOUS: "new-secret"}
    seconds.now += PAUSE
    assert secret.admits(b"newest-secret")
    assert secret.admits(b"new-secret")
    assert not secret.admits(b"old-secret")


def test_a_secret_that_was_retired_is_admitted_for_an_hour_at_the_most(secret, stored, seconds):
    assert secret.admits(b"old-secret")
    stored.versions[PREVIOUS] = None
    seconds.now += FRESH
    assert not secret.admits(b"old-secret")


def test_what_is_known_serves_while_nobody_can_be_asked(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.reachable = False
    seconds.now += 24 * FRESH
    assert secret.admits(b"new-secret")


def test_what_is_not_known_is_neither_admitted_nor_refused_while_nobody_can_be_asked(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.reachable = False
    seconds.now += PAUSE
    with pytest.raises(EdgeUnknownError):
        secret.admits(b"newest-secret")


def test_nothing_is_admitted_before_the_secret_was_read(secret, stored, seconds):
    stored.reachable = False
    for _ in range(10):
        with pytest.raises(EdgeUnknownError):
            secret.admits(b"new-secret")
    assert stored.readings == 1
    stored.reachable = True
    seconds.now += RETRY
    assert secret.admits(b"new-secret")
