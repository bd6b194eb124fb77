"""Who is told of what: ownership, confirmation, and what SNS is told to deliver."""

from datetime import timedelta

import pytest

from intake.errors import NotFoundError
from intake.messaging.model import EVERYTHING, NOBODYS, OPERATIONS, Standing
from portal.auth import rate_limit
from portal.auth.identity import identify_staff
from portal.auth.rate_limit import CONFIRMATIONS_A_DAY, CONFIRMATIONS_OF_AN_ADDRESS
from portal.errors import SubscriptionError
from portal.notifications import subscriptions

NORA = identify_staff("nora", frozenset({"clinic:northside"}), "Nora")
LARA = identify_staff("lara", frozenset({"clinic:lakeview"}), "Lara")
ADA = identify_staff("ada", frozenset({"admin"}), "Ada")
MAIL = "worklist@example.org"


def add(portal, owner="northside", kinds=("file.rejected",), mail=MAIL, identity=NORA):
    return subscriptions.subscribe(portal.services, identity, owner, mail, kinds)


def standing(portal, owner="northside"):
    (row,) = subscriptions.list_subscriptions(portal.services, owner)
    return row.standing


def test_an_address_is_asked_once_and_told_when_it_has_confirmed(portal):
    add(portal, mail="  Worklist@Example.org ")
    add(portal)
    assert standing(portal) is Standing.PENDING
    assert portal.subscribers.find_address(MAIL).mails == 1

    portal.subscribers.confirm(MAIL)
    assert standing(portal) is Standing.CONFIRMED
    assert portal.subscribers.find_address(MAIL).policy == {"clinic_id": ["northside"], "kind": ["file.rejected"]}


def test_what_an_address_is_told_can_be_changed(portal):
    row = add(portal)
    subscriptions.change(portal.services, NORA, "northside", row.subscription_id, ["upload.completed"])

    assert portal.subscribers.find_address(MAIL).policy["kind"] == ["upload.completed"]
    assert portal.subscribers.find_address(MAIL).mails == 1


def test_a_removed_address_is_told_nothing(portal):
    row = add(portal)
    portal.subscribers.confirm(MAIL)
    for _ in range(2):
        subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)

    assert subscriptions.list_subscriptions(portal.services, "northside") == ()
    assert portal.subscribers.by_arn == {}


def test_a_removed_address_that_confirms_late_gets_nothing_and_may_come_back(portal):
    row = add(portal)
    subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)
    portal.subscribers.confirm(MAIL)
    assert portal.subscribers.find_address(MAIL).policy == NOBODYS

    add(portal)
    assert portal.subscribers.find_address(MAIL).policy["kind"] == ["file.rejected"]


def test_an_address_removed_by_one_clinic_while_it_waits_can_be_added_by_another(portal):
    row = add(portal)
    subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)
    add(portal, "lakeview", identity=LARA)

    held = portal.subscribers.find_address(MAIL)
    assert (held.policy, held.mails) == ({"clinic_id": ["lakeview"], "kind": ["file.rejected"]}, 2)


def test_an_address_of_two_clinics_confirms_once_and_each_stops_its_own(portal):
    theirs = add(portal)
    portal.subscribers.confirm(MAIL)
    add(portal, "lakeview", ["clinic.quiet"], identity=LARA)
    assert standing(portal, "lakeview") is Standing.CONFIRMED
    assert portal.subscribers.find_address(MAIL).mails == 1

    subscriptions.remove(portal.services, NORA, "northside", theirs.subscription_id)
    assert portal.subscribers.find_address(MAIL).policy == {"clinic_id": ["lakeview"], "kind": ["clinic.quiet"]}


def test_a_recipient_who_stopped_can_be_asked_again(portal):
    row = add(portal)
    portal.subscribers.by_arn.clear()
    assert standing(portal) is Standing.GONE

    subscriptions.ask_again(portal.services, NORA, "northside", row.subscription_id)
    assert standing(portal) is Standing.PENDING


def test_a_recipient_is_not_asked_twice_within_five_minutes(portal):
    row = add(portal)
    with pytest.raises(SubscriptionError):
        subscriptions.ask_again(portal.services, NORA, "northside", row.subscription_id)

    portal.clock.ahead += timedelta(minutes=6)
    subscriptions.ask_again(portal.services, NORA, "northside", row.subscription_id)
    assert portal.subscribers.find_address(MAIL).mails == 2


def test_what_failed_halfway_can_be_repeated(portal):
    portal.subscribers.trouble = RuntimeError("SNS is away")
    with pytest.raises(RuntimeError):
        add(portal)
    assert standing(portal) is Standing.GONE

    portal.subscribers.trouble = None
    add(portal)
    assert standing(portal) is Standing.PENDING


@pytest.mark.parametrize("kinds", [[], ["nonsense"], ["file.rejected", EVERYTHING]])
def test_kinds_must_be_some_that_the_owner_may_have(portal, kinds):
    with pytest.raises(SubscriptionError):
        add(portal, kinds=kinds)
    assert portal.subscribers.by_arn == {}


@pytest.mark.parametrize(
    "mail",
    ["", "nobody", "a@b", "a b@example.org", "a@example.org, b@example.org", "a@exam\nple.org", "a@-x.org",
     ".a@example.org", "a..b@example.org", "Ü@example.org", f"{'a' * 65}@example.org", f"a@{'x.' * 130}org",
     "<script>@example.org", "a@example.org\0"],
)  # fmt: skip
def test_what_is_no_address_is_refused(portal, mail):
    with pytest.raises(SubscriptionError):
        add(portal, mail=mail)


def test_an_owner_has_a_bounded_number_of_addresses(portal):
    for number in range(subscriptions.MOST):
        add(portal, mail=f"{number}@example.org")
    with pytest.raises(SubscriptionError):
        add(portal)
    add(portal, "lakeview", identity=LARA)


def test_a_full_topic_is_told_in_words(portal):
    portal.subscribers.most = 0
    with pytest.raises(SubscriptionError, match="administrator"):
        add(portal)


def test_staff_manage_their_own_clinic_and_admins_every_one_and_operations(portal):
    services = portal.services
    assert subscriptions.find_owner(services, NORA, None) == "northside"
    assert subscriptions.find_owner(services, ADA, None) == OPERATIONS
    assert subscriptions.find_owner(services, ADA, "lakeview") == "lakeview"
    for identity, owner in ((NORA, "lakeview"), (NORA, OPERATIONS), (NORA, "nowhere"), (ADA, "nowhere")):
        with pytest.raises(NotFoundError):
            subscriptions.find_owner(services, identity, owner)


def test_operations_may_hear_of_alarms(portal):
    add(portal, OPERATIONS, ["file.failed", EVERYTHING], identity=ADA)
    assert portal.subscribers.find_address(MAIL).policy == {}


def test_every_change_is_noted_before_it_is_made_and_without_the_address(portal):
    portal.subscribers.trouble = RuntimeError("SNS is away")
    with pytest.raises(RuntimeError):
        add(portal)
    portal.subscribers.trouble = None
    row = add(portal)
    subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)

    written = portal.audit.written
    assert [entry.action for entry in written] == ["subscription.add", "subscription.change", "subscription.remove"]
    assert {(entry.clinic_id, entry.subject) for entry in written} == {("northside", row.subscription_id)}
    assert "worklist" not in str(written)


@pytest.fixture
def noon(portal):
    """Have the tests that count by the day begin in the middle of one."""
    portal.clock.ahead = portal.clock().replace(hour=12) + timedelta(days=1) - portal.clock()


def mails(portal):
    """Return how many requests to confirm were sent in all."""
    return sum(held.mails for held in portal.subscribers.by_arn.values())


def test_adding_and_removing_an_address_again_and_again_asks_its_owner_once(portal, noon):
    for _ in range(40):
        row = add(portal)
        subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)
    assert portal.subscribers.find_address(MAIL).mails == 1


def test_an_address_is_asked_three_times_a_day_at_the_most_by_whomever_it_is_wanted(portal, noon, monkeypatch):
    monkeypatch.setattr(subscriptions, "ONE_REQUEST", timedelta())
    refused = set()
    for owner, identity in (("northside", NORA), ("lakeview", LARA), (OPERATIONS, ADA)) * 5:
        kinds = ["file.failed"] if owner == OPERATIONS else ["file.rejected"]
        try:
            row = add(portal, owner, kinds, identity=identity)
            subscriptions.remove(portal.services, identity, owner, row.subscription_id)
        except SubscriptionError as error:
            refused.add(error.fault)
    assert portal.subscribers.find_address(MAIL).mails == CONFIRMATIONS_OF_AN_ADDRESS
    assert refused
    assert all("tomorrow" in fault for fault in refused)


def test_asking_again_counts_as_well_and_goes_on_the_next_day(portal, noon):
    row, refused = add(portal), set()
    for _ in range(10):
        portal.clock.forward(minutes=6)
        try:
            subscriptions.ask_again(portal.services, NORA, "northside", row.subscription_id)
        except SubscriptionError as error:
            refused.add(error.fault)
    assert portal.subscribers.find_address(MAIL).mails == CONFIRMATIONS_OF_AN_ADDRESS
    assert all("tomorrow" in fault for fault in refused)
    portal.clock.forward(days=1)
    before = mails(portal)
    subscriptions.ask_again(portal.services, NORA, "northside", row.subscription_id)
    assert mails(portal) == before + 1


def test_a_clinic_has_a_bounded_number_of_strangers_asked_in_a_day(portal, noon):
    refused = set()
    for number in range(3 * CONFIRMATIONS_A_DAY):
        try:
            row = add(portal, mail=f"stranger-{number}@example.org")
            subscriptions.remove(portal.services, NORA, "northside", row.subscription_id)
        except SubscriptionError as error:
            refused.add(error.fault)
    assert mails(portal) == CONFIRMATIONS_A_DAY
    assert len(refused) == 1
    assert "tomorrow" in refused.pop()
    add(portal, "lakeview", identity=LARA)


def test_an_address_that_could_not_be_asked_is_not_listed_and_may_come_later(portal, monkeypatch):
    monkeypatch.setattr(rate_limit, "CONFIRMATIONS_A_DAY", 0)
    with pytest.raises(SubscriptionError):
        add(portal)
    assert subscriptions.list_subscriptions(portal.services, "northside") == ()

    monkeypatch.undo()
    add(portal)
    assert standing(portal) is Standing.PENDING


def test_an_address_that_has_confirmed_may_be_added_by_another_clinic_whatever_was_sent_today(portal, monkeypatch):
    add(portal)
    portal.subscribers.confirm(MAIL)
    monkeypatch.setattr(rate_limit, "CONFIRMATIONS_OF_AN_ADDRESS", 0)
    add(portal, "lakeview", identity=LARA)
    assert standing(portal, "lakeview") is Standing.CONFIRMED
