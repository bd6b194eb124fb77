"""Partners are remembered for a moment; the pool's keys, through an outage and at no forger's bidding."""

from datetime import timedelta

import pytest

from intake.files.model import now
from intake.tenants.model import Partner
from portal.auth.lookups import FRESH, MAX_ENTRIES, PARTNER_SECONDS, PAUSE, STALE, KnownPartners, SigningKeys, TtlCache
from portal.errors import UserPoolUnavailableError
from tests.fakes import FakeDirectory
from tests.unit.portal.pool import KID, FakeKeyServer, jwk


@pytest.fixture
def directory():
    partner = Partner("p1", "northside", "PACS", frozenset())
    return FakeDirectory(partners_by_id={"p1": partner})


def test_a_thousand_requests_look_a_partner_up_once(directory):
    known = KnownPartners(directory)
    assert {known.find("p1").client_id for _ in range(1000)} == {"p1"}
    assert [known.find("nobody") for _ in range(10)] == [None] * 10
    assert directory.lookups == 2


def test_a_revoked_partner_is_refused_after_a_moment(directory):
    clock = [0.0]
    known = KnownPartners(directory, clock=lambda: clock[0])
    assert known.find("p1")
    directory.save_partner(Partner("p1", "northside", "PACS", frozenset(), ends_at=now()))
    clock[0] += PARTNER_SECONDS
    assert known.find("p1") is None


def test_the_end_of_a_grace_is_kept_to_the_second_though_remembered(directory):
    at = [now()]
    directory.save_partner(Partner("p1", "northside", "PACS", frozenset(), ends_at=at[0] + timedelta(seconds=5)))
    known = KnownPartners(directory, now=lambda: at[0])
    assert known.find("p1")
    at[0] += timedelta(seconds=5)
    assert known.find("p1") is None
    assert directory.lookups == 1


def test_made_up_ids_fill_no_memory():
    cache = TtlCache(lambda key: key, seconds=60)
    for number in range(3 * MAX_ENTRIES):
        cache.get(str(number))
    assert len(cache._entries) <= MAX_ENTRIES


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
