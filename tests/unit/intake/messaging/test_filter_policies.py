from dataclasses import replace

from intake.messaging.model import EVERYTHING, NOBODYS, OPERATIONS, Subscription, filter_policy
from tests.records import IDS, NOON


def a_subscription(owner="northside", kinds=("file.rejected",), **changes):
    endpoint = changes.pop("endpoint", "ada@example.org")
    return Subscription(
        **{
            "owner": owner,
            "subscription_id": IDS.address("email", endpoint),
            "protocol": "email",
            "endpoint": endpoint,
            "kinds": frozenset(kinds),
            "created_at": NOON,
            "created_by": "user-1",
            "asked_at": NOON,
            **changes,
        }
    )


def test_a_clinics_address_hears_of_its_clinic_and_the_chosen_kinds_only():
    wanted = a_subscription(kinds=("upload.completed", "file.rejected"))

    assert filter_policy([wanted]) == {"clinic_id": ["northside"], "kind": ["file.rejected", "upload.completed"]}


def test_an_address_of_several_owners_gets_what_each_of_them_wants():
    rows = [a_subscription(OPERATIONS, ["file.failed"]), a_subscription(), a_subscription("lakeview", ["x"])]

    assert filter_policy(rows) == {
        "$or": [
            {"kind": ["file.failed"]},
            {"clinic_id": ["lakeview"], "kind": ["x"]},
            {"clinic_id": ["northside"], "kind": ["file.rejected"]},
        ]
    }


def test_everything_is_no_filter_at_all_and_only_operations_can_have_it():
    everything = a_subscription(OPERATIONS, ["file.failed", EVERYTHING])

    assert filter_policy([everything, a_subscription()]) == {}
    assert filter_policy([replace(everything, removed=True)]) == NOBODYS
    assert filter_policy([a_subscription(kinds=[EVERYTHING])])["clinic_id"] == ["northside"]


def test_an_address_that_nobody_wants_told_any_more_gets_nothing():
    assert filter_policy([a_subscription(removed=True)]) == filter_policy([]) == NOBODYS


def test_an_address_is_named_without_telling_it():
    assert IDS.address("email", "ada@example.org") != IDS.address("https", "ada@example.org")
    assert "ada" not in IDS.address("email", "ada@example.org")
