"""Orders and reviews."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ConflictError, InvalidCursorError, NotFoundError
from intake.orders.model import Answer, OrderBatch
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from tests.fakes import FakeOrders, FakeReviews
from tests.records import NOON, a_file
from tests.unit.intake.orders.test_orders import ORDER_ID, an_answer, an_order
from tests.unit.intake.orders.test_reviews import FILE, REVIEW

LATER_ID = "01kanqzzzz0000000000000002"


class TestOrders:
    @pytest.fixture
    def orders(self, in_table):
        return in_table(FakeOrders, DynamoOrders)

    def test_an_order_is_placed_once_and_its_owners_alone(self, orders):
        assert orders.place(an_order(owner="northside")) == an_order(owner="northside")
        assert orders.place(an_order(owner="northside", actor="another")) == an_order(owner="northside")
        assert orders.order("northside", ORDER_ID).actor == "admin-1"
        with pytest.raises(NotFoundError):
            orders.order("lakeview", ORDER_ID)

    def test_the_newest_orders_of_an_owner_come_first(self, orders):
        for order_id in (ORDER_ID, LATER_ID):
            orders.place(an_order(order_id=order_id))
        orders.place(an_order(owner="lakeview"))
        assert [order.order_id for order in orders.recent("", 5)] == [LATER_ID, ORDER_ID]
        assert [order.order_id for order in orders.recent("", 1)] == [LATER_ID]

    def test_a_portion_is_counted_once_and_the_last_one_ends_the_list(self, orders):
        orders.place(an_order())
        assert orders.portion("", ORDER_ID, 0) is None
        first, last = OrderBatch(("a", "b"), "further"), OrderBatch(("c",), None)
        assert orders.add_portion("", ORDER_ID, 0, first) == first
        assert orders.add_portion("", ORDER_ID, 0, OrderBatch(("x",), None)) == first
        assert not orders.order("", ORDER_ID).listed
        assert orders.add_portion("", ORDER_ID, 1, last) == last
        order = orders.order("", ORDER_ID)
        assert (order.total, order.listed, orders.portion("", ORDER_ID, 0)) == (3, True, first)

    def test_of_each_file_the_first_answer_counts(self, orders):
        orders.place(an_order())
        orders.answer("", ORDER_ID, [an_answer(1), an_answer(2, Answer.REJECTED, ("truncated",))])
        orders.answer("", ORDER_ID, [an_answer(2), an_answer(3)])
        order = orders.order("", ORDER_ID)
        assert order.answers == {Answer.ACCEPTED: 2, Answer.REJECTED: 1}
        assert order.codes == {"truncated": 1}

    def test_answers_come_by_file_from_any_position_of_their_list(self, orders):
        orders.place(an_order())
        orders.answer("", ORDER_ID, [an_answer(number) for number in (2, 1, 3)])
        first = orders.answers("", ORDER_ID, None, 2)
        assert first.rows == (an_answer(1), an_answer(2))
        assert orders.answers("", ORDER_ID, first.next, 2).rows == (an_answer(3),)
        with pytest.raises(InvalidCursorError):
            orders.answers("", ORDER_ID, "nonsense", 2)


class TestReviews:
    @pytest.fixture
    def reviews(self, in_table):
        return in_table(FakeReviews, DynamoReviews)

    @staticmethod
    def decide(reviews, review=REVIEW, *, confirmed=True, by="admin-2"):
        return reviews.decide(review, confirmed=confirmed, by=by, name="Grace", at=NOON)

    def test_one_waits_at_a_time_and_is_read_by_its_file(self, reviews):
        assert reviews.review(FILE) is None
        assert [reviews.propose(REVIEW), reviews.propose(replace(REVIEW, reason="Again."))] == [True, False]
        assert reviews.review(FILE) == REVIEW

    def test_its_own_proposer_does_not_confirm_it_but_may_decline(self, reviews):
        reviews.propose(REVIEW)
        with pytest.raises(ConflictError):
            self.decide(reviews, by=REVIEW.proposed_by)
        assert reviews.review(FILE) == REVIEW
        assert not self.decide(reviews, confirmed=False, by=REVIEW.proposed_by).confirmed

    def test_another_confirms_it_once_and_for_its_clinic_only(self, reviews):
        with pytest.raises(NotFoundError):
            self.decide(reviews)
        reviews.propose(REVIEW)
        with pytest.raises(NotFoundError):
            self.decide(reviews, replace(REVIEW, clinic_id="lakeview"))
        assert self.decide(reviews).holds
        with pytest.raises(NotFoundError):
            self.decide(reviews)
        assert not reviews.propose(REVIEW)

    def test_what_was_declined_may_be_proposed_again(self, reviews):
        reviews.propose(REVIEW)
        self.decide(reviews, confirmed=False)
        assert reviews.propose(replace(REVIEW, reason="Another one."))
        assert reviews.review(FILE).reason == "Another one."

    def test_how_an_acceptance_ended_is_kept_once_and_what_was_in_vain_may_be_proposed_again(self, reviews):
        reviews.propose(REVIEW)
        assert not reviews.conclude(REVIEW, Answer.REFUSED, ["truncated"])
        agreed = self.decide(reviews)
        assert not reviews.conclude(replace(agreed, clinic_id="lakeview"), Answer.REFUSED, ["truncated"])
        assert reviews.conclude(agreed, Answer.REFUSED, ["truncated"])
        assert not reviews.conclude(agreed, Answer.ACCEPTED, [])
        told = reviews.review(FILE)
        assert (told.answer, told.refused_for, told.holds) == (Answer.REFUSED, ("truncated",), False)
        assert reviews.propose(replace(REVIEW, reason="Once more."))
        assert reviews.review(FILE).answer is None

    def test_what_was_accepted_is_not_proposed_again(self, reviews):
        reviews.propose(REVIEW)
        assert reviews.conclude(self.decide(reviews), Answer.WARNED, [])
        assert not reviews.propose(REVIEW)

    def test_those_that_wait_come_oldest_first(self, reviews):
        later = replace(REVIEW, file_id=a_file(1).file_id, proposed_at=NOON + timedelta(hours=1))
        done = replace(REVIEW, file_id=a_file(2).file_id)
        for review in (later, REVIEW, done):
            reviews.propose(review)
        self.decide(reviews, done)
        assert reviews.list_waiting(10) == (REVIEW, later)
        assert reviews.list_waiting(1) == (REVIEW,)
