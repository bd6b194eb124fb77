from dataclasses import replace

import pytest

from intake.messaging.dynamodb import DynamoSubscriptions
from intake.table.table import Table
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.messaging.test_filter_policies import a_subscription


@pytest.fixture
def subscriptions(dynamodb):
    return DynamoSubscriptions(Table(dynamodb, TABLE))


def test_an_owner_sees_its_own_and_no_removed_ones(subscriptions):
    ada, ben = a_subscription(arn="arn:1"), a_subscription(endpoint="ben@example.org")
    for row in (ada, ben, a_subscription("lakeview")):
        subscriptions.save(row)
    subscriptions.save(replace(ben, removed=True))

    assert subscriptions.list_by_owner("northside") == (ada,)
    assert subscriptions.find("northside", ben.subscription_id) == replace(ben, removed=True)
    assert subscriptions.find("eastside", ada.subscription_id) is None


def test_all_owners_of_an_address_are_found(subscriptions):
    rows = [a_subscription(), a_subscription("lakeview", removed=True), a_subscription(endpoint="ben@example.org")]
    for row in rows:
        subscriptions.save(row)

    assert set(subscriptions.list_by_address(rows[0].subscription_id)) == set(rows[:2])
