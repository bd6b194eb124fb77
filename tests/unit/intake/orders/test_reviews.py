"""Reviews in a table: two people, one file, no way round."""

from dataclasses import replace

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.orders.model import Review
from intake.orders.review_rules import find_obstacle, obstacles
from intake.orders.reviews import DynamoReviews
from intake.table.table import Table
from processor.judge.rules.catalogue import RULES
from processor.judge.rules.rule import ASK_IT
from tests.records import NOON, a_file
from tests.unit.intake.conftest import TABLE

FILE = a_file().file_id
REVIEW = Review(
    file_id=FILE,
    clinic_id="northside",
    codes=("truncated",),
    reason="Checked with the clinic.",
    proposed_by="admin-1",
    proposed_by_name="Ada",
    proposed_at=NOON,
)


@pytest.fixture
def reviews(dynamodb):
    return DynamoReviews(Table(dynamodb, TABLE))


def decide(reviews, confirmed=True, by="admin-2"):
    return reviews.decide(REVIEW, confirmed=confirmed, by=by, name="Grace", at=NOON)


def test_a_proposal_waits_until_another_admin_confirms_it(reviews):
    assert reviews.propose(REVIEW)
    assert reviews.list_waiting(10) == (REVIEW,)
    assert not REVIEW.holds

    decided = decide(reviews)

    assert decided.holds
    assert reviews.review(FILE) == decided
    assert reviews.list_waiting(10) == ()


def test_nobody_confirms_their_own_proposal_but_may_take_it_back(reviews):
    reviews.propose(REVIEW)
    with pytest.raises(ConflictError):
        decide(reviews, by="admin-1")
    assert reviews.list_waiting(10) == (REVIEW,)
    assert not decide(reviews, confirmed=False, by="admin-1").holds


def test_one_proposal_waits_for_a_file_and_what_was_confirmed_stays(reviews):
    reviews.propose(REVIEW)
    assert not reviews.propose(replace(REVIEW, proposed_by="admin-2"))
    decide(reviews)
    assert not reviews.propose(replace(REVIEW, proposed_by="admin-2"))


def test_what_was_declined_may_be_proposed_anew(reviews):
    reviews.propose(REVIEW)
    decide(reviews, confirmed=False)
    assert reviews.propose(REVIEW)
    assert reviews.review(FILE) == REVIEW


def test_what_nobody_proposed_or_somebody_decided_cannot_be_decided(reviews):
    with pytest.raises(NotFoundError):
        decide(reviews)
    reviews.propose(REVIEW)
    decide(reviews)
    with pytest.raises(NotFoundError):
        decide(reviews, by="admin-3")


def test_no_review_overrides_what_looks_like_an_attack_or_breaks_identities():
    attacks = {code for code, rule in RULES.items() if rule.remedy == ASK_IT}
    identities = {code for code in RULES if "-uid-missing" in code or "-uid-invalid" in code}
    bound = {"sop-instance-refused", "clinic-unknown", "empty-file", "archive-entry-damaged", "malware-found"}
    assert set(obstacles(attacks | identities | bound)) == attacks | identities | bound
    assert find_obstacle("truncated") is None
    assert find_obstacle("sop-instance-conflict") is None
