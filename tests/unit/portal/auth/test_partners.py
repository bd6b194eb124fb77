"""Partners, remembered for a moment."""

from datetime import timedelta

import pytest

from intake.files.model import now
from intake.tenants.model import Partner
from portal.auth.lookups import MAX_ENTRIES, PARTNER_SECONDS, KnownPartners, TtlCache
from tests.fakes import FakeDirectory


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
