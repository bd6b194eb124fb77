"""Clinics and partners, what they subscribe to, and how often they ask."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.messaging.dynamodb import DynamoSubscriptions, DynamoWebhooks
from intake.tenants.dynamodb import DynamoDirectory, DynamoRequestCounts
from intake.tenants.gateway import JwtAuthorizer
from intake.tenants.model import Clinic, Partner, ProfileChange
from tests.fakes import FakeDirectory, FakeGateway, FakeRequestCounts, FakeSubscriptions, FakeWebhooks
from tests.records import NOON
from tests.unit.intake.messaging.test_filter_policies import a_subscription
from tests.unit.intake.messaging.test_webhooks import HOOK
from tests.unit.intake.tenants.test_gateway import Control

CLINIC = Clinic("northside", "Northside Imaging")
PARTNER = Partner("partner-1", "northside", "Northside RIS", frozenset({"scalper/read"}))


def a_change(second, before, after):
    return ProfileChange(
        change_id=f"2026-11-22T12:00:{second:02d}.000Z.{second:08x}", at=NOON, by="admin-1", by_name="Ada",
        before=before, after=after,
    )  # fmt: skip


class TestDirectory:
    @pytest.fixture
    def directory(self, in_table):
        return in_table(FakeDirectory, DynamoDirectory)

    def test_a_clinic_is_created_once_and_saved_as_often_as_one_likes(self, directory):
        assert directory.clinic("northside") is None
        directory.create_clinic(CLINIC)
        with pytest.raises(ConflictError):
            directory.create_clinic(replace(CLINIC, name="Another"))
        directory.save_clinic(replace(CLINIC, active=False))
        assert directory.clinic("northside") == replace(CLINIC, active=False)

    def test_the_language_of_a_clinics_mails_changes_and_nothing_else_does(self, directory):
        directory.create_clinic(CLINIC)
        assert [directory.mail_language(name) for name in ("northside", "unheard-of")] == ["en", "en"]
        directory.save_clinic(replace(CLINIC, active=False))
        directory.choose_mail_language("northside", "de")
        assert directory.mail_language("northside") == "de"
        assert directory.clinic("northside") == replace(CLINIC, active=False, language="de")

    def test_a_clinic_that_nobody_entered_is_not_begun_by_its_language(self, directory):
        with pytest.raises(ConflictError):
            directory.choose_mail_language("northside", "de")
        assert directory.clinic("northside") is None

    def test_clinics_come_by_id(self, directory):
        for clinic_id in ("northside", "eastside"):
            directory.create_clinic(replace(CLINIC, clinic_id=clinic_id))
        assert [clinic.clinic_id for clinic in directory.clinics()] == ["eastside", "northside"]

    def test_partners_are_found_by_client_whether_they_work_or_not(self, directory):
        ended = replace(PARTNER, client_id="partner-2", ends_at=NOON)
        for partner in (PARTNER, ended):
            directory.save_partner(partner)
        assert [directory.partner(name) for name in ("partner-1", "partner-2", "x")] == [PARTNER, ended, None]
        assert {*directory.partners()} == {PARTNER, ended}

    def test_a_profile_is_replaced_only_where_it_is_still_the_one_that_was_read(self, directory):
        directory.create_clinic(CLINIC)
        assert directory.profile("northside") is None
        directory.change_profile("northside", a_change(0, None, {"kinds": ["dicom"]}))
        for before in (None, {"kinds": ["pdf"]}):
            with pytest.raises(ConflictError):
                directory.change_profile("northside", a_change(1, before, {"kinds": []}))
        assert directory.profile("northside") == {"kinds": ["dicom"]}
        directory.save_profile("northside", {"kinds": ["pdf"]})
        assert directory.profile("northside") == {"kinds": ["pdf"]}

    def test_each_change_of_a_profile_is_kept_for_its_clinic_newest_first_and_none_that_was_refused(self, directory):
        first, second = a_change(1, None, {"kinds": ["pdf"]}), a_change(2, {"kinds": ["pdf"]}, {"kinds": None})
        for change in (first, second):
            directory.change_profile("northside", change)
        with pytest.raises(ConflictError):
            directory.change_profile("northside", a_change(3, {"kinds": ["pdf"]}, {}))
        assert directory.profile_changes("northside", 10) == (second, first)
        assert directory.profile_changes("northside", 1) == (second,)
        assert directory.profile_changes("lakeview", 10) == ()
        assert directory.profile_change("northside", first.change_id) == first
        for clinic_id, change_id in (("lakeview", first.change_id), ("northside", "x" * 2000), ("northside", "")):
            with pytest.raises(NotFoundError):
                directory.profile_change(clinic_id, change_id)


class TestRequestCounts:
    @pytest.fixture
    def counts(self, in_table):
        return in_table(FakeRequestCounts, DynamoRequestCounts)

    def test_requests_count_by_client_and_minute(self, counts):
        assert [counts.add("a", NOON), counts.add("a", NOON + timedelta(seconds=59)), counts.add("b", NOON)] == [
            1,
            2,
            1,
        ]
        assert counts.add("a", NOON + timedelta(minutes=1)) == 1

    def test_names_count_by_day(self, counts):
        assert [counts.add_today("a", NOON), counts.add_today("a", NOON + timedelta(hours=11))] == [1, 2]
        assert [counts.add_today("a", NOON + timedelta(hours=12)), counts.add_today("b", NOON)] == [1, 1]


class TestSubscriptions:
    @pytest.fixture
    def subscriptions(self, in_table):
        return in_table(FakeSubscriptions, DynamoSubscriptions)

    def test_an_owner_sees_its_own_and_finds_removed_ones(self, subscriptions):
        mine, others = a_subscription(), a_subscription("lakeview")
        removed = replace(a_subscription(endpoint="ben@example.org"), removed=True)
        for row in (mine, others, removed):
            subscriptions.save(row)
        assert subscriptions.list_by_owner("northside") == (mine,)
        assert subscriptions.find("northside", removed.subscription_id) == removed
        assert subscriptions.find("eastside", mine.subscription_id) is None
        assert {*subscriptions.list_by_address(mine.subscription_id)} == {mine, others}

    def test_an_owners_come_oldest_first_and_are_saved_anew(self, subscriptions):
        late = a_subscription(endpoint="a@example.org", created_at=NOON + timedelta(hours=2))
        early = a_subscription(endpoint="z@example.org", created_at=NOON + timedelta(hours=1))
        for row in (late, early, replace(late, arn="arn:1")):
            subscriptions.save(row)
        assert subscriptions.list_by_owner("northside") == (early, replace(late, arn="arn:1"))


class TestWebhooks:
    @pytest.fixture
    def webhooks(self, in_table):
        return in_table(FakeWebhooks, DynamoWebhooks)

    def test_a_clinic_finds_its_own_until_they_are_removed(self, webhooks):
        webhooks.save(HOOK)
        assert (webhooks.list_by_clinic("northside"), webhooks.list_by_clinic("lakeview")) == ((HOOK,), ())
        assert webhooks.find("northside", HOOK.webhook_id) == HOOK
        with pytest.raises(NotFoundError):
            webhooks.find("lakeview", HOOK.webhook_id)
        webhooks.remove(HOOK)
        with pytest.raises(NotFoundError):
            webhooks.find("northside", HOOK.webhook_id)

    def test_they_come_oldest_first_and_are_saved_anew(self, webhooks):
        later = replace(HOOK, webhook_id="hook-2", created_at=NOON + timedelta(hours=1))  # Ids are made of the time.
        for hook in (later, HOOK, replace(HOOK, subscription="arn:x")):
            webhooks.save(hook)
        assert webhooks.list_by_clinic("northside") == (replace(HOOK, subscription="arn:x"), later)

    def test_removing_what_is_gone_is_no_error(self, webhooks):
        webhooks.save(HOOK)
        for _ in range(2):
            webhooks.remove(HOOK)
        assert webhooks.list_by_clinic("northside") == ()


class TestGateway:
    @pytest.fixture
    def gateway(self, either):
        return either(FakeGateway, lambda _: JwtAuthorizer(Control(), "api", "authorizer"))

    def test_a_list_that_is_the_same_changes_nothing(self, gateway):
        assert [gateway.admit(clients) for clients in (["a", "b"], {"b", "a"}, ["a"])] == [True, False, True]
