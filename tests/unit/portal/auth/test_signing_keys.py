"""The pool's keys: fetched rarely, kept through an outage, and never at a forger's bidding."""

import pytest

from portal.auth.lookups import FRESH, PAUSE, STALE, SigningKeys
from portal.errors import UserPoolUnavailableError
from tests.unit.portal.pool import KID, FakeKeyServer, jwk


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def server() -> FakeKeyServer:
    return FakeKeyServer()


@pytest.fixture
def keys(server, seconds) -> SigningKeys:
    return SigningKeys(server.fetch, seconds)


def test_keys_are_fetched_once_an_hour(keys, server, seconds):
    for _ in range(100):
        assert keys.find(KID)
    assert server.fetches == 1
    seconds.now += FRESH
    assert keys.find(KID)
    assert server.fetches == 2


def test_a_rotated_key_is_found_by_one_fetch(keys, server, seconds):
    keys.find(KID)
    server.keys.append(jwk("key-2"))
    seconds.now += PAUSE
    assert keys.find("key-2")["kid"] == "key-2"
    assert server.fetches == 2


def test_an_unknown_key_id_is_asked_for_once(keys, server, seconds):
    keys.find(KID)
    for _ in range(10):
        seconds.now += PAUSE
        assert keys.find("invented") is None
    assert server.fetches == 2


def test_many_invented_key_ids_cause_a_fetch_per_pause_at_the_most(keys, server, seconds):
    keys.find(KID)
    for number in range(100):
        seconds.now += 1
        assert keys.find(f"invented-{number}") is None
    assert server.fetches <= 1 + 100 / PAUSE + 1


def test_keys_serve_through_an_outage_of_a_day(keys, server, seconds):
    keys.find(KID)
    server.trouble = UserPoolUnavailableError("down")
    seconds.now += STALE - 1
    assert keys.find(KID)
    seconds.now += PAUSE + 1
    with pytest.raises(UserPoolUnavailableError):
        keys.find(KID)


def test_an_outage_is_not_asked_about_at_every_request(keys, server, seconds):
    server.trouble = UserPoolUnavailableError("down")
    for _ in range(10):
        with pytest.raises(UserPoolUnavailableError):
            keys.find(KID)
    assert server.fetches == 1
    server.trouble = None
    seconds.now += PAUSE
    assert keys.find(KID)


@pytest.mark.parametrize("changes", [{"kty": "EC"}, {"use": "enc"}, {"alg": "RS512"}, {"kid": 7}])
def test_keys_that_do_not_sign_with_rs256_are_ignored(changes, seconds):
    keys = SigningKeys(FakeKeyServer([jwk(**changes)]).fetch, seconds)
    assert keys.find(KID) is None


def test_a_key_id_that_two_keys_share_names_none(seconds):
    keys = SigningKeys(FakeKeyServer([jwk(), jwk("key-2", kid=KID)]).fetch, seconds)
    assert keys.find(KID) is None
