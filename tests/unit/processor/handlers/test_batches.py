"""A batch of messages of which one fails, one is slow, one came before, or time is over."""

from threading import Event, Lock
from types import SimpleNamespace

import pytest
from aws_lambda_powertools.utilities.batch import process_partial_response
from botocore.exceptions import ClientError

from intake.errors import ContentionError
from intake.messaging.retries import FIRST_WAIT_S, MAX_RECEIVES
from intake.table.dynamodb_streams import StreamRecordsLostError
from processor.handlers import batches
from processor.handlers.batches import SPARE_S, Batch, Retries
from processor.telemetry import metrics
from tests.fakes import FakeDeliveries

PATIENCE_S = 20


def a_message(name, receives=1):
    return {
        "messageId": name,
        "receiptHandle": f"receipt of {name}",
        "eventSource": "aws:sqs",
        "body": name,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    """The metrics that were counted, by name."""
    found = {}
    monkeypatch.setattr(metrics, "add_metric", lambda name, unit, value: found.__setitem__(name, value))
    return found


class Work:
    """What the worker does with each message, by its name; nothing, unless it is told."""

    def __init__(self, **actions):
        self.actions = actions
        self.done, self.at_once, self.most_at_once, self._lock = [], 0, 0, Lock()

    def __call__(self, record):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.actions.get(record.body, lambda: None)()
            self.done.append(record.body)
        finally:
            with self._lock:
                self.at_once -= 1


def fail():
    raise ContentionError("busy")


@pytest.fixture(autouse=True)
def fresh_worker(monkeypatch):
    """No test is at what another one left behind."""
    monkeypatch.setattr(batches, "_left_behind", {})


def run(messages, work, deliveries, time_left_s=120.0, **options):
    """Work on a batch, and return the names of the messages that come again."""
    batch = Batch(Retries(deliveries), SimpleNamespace(note=lambda *_: None), time_left_s=time_left_s, **options)
    answer = process_partial_response({"Records": messages}, work, batch)
    return sorted(row["itemIdentifier"] for row in answer["batchItemFailures"])


def waits_of(deliveries):
    return {receipt.removeprefix("receipt of "): wait for call in deliveries.waits for receipt, wait in call.items()}


def test_one_that_fails_comes_again_in_seconds_and_nobody_else_does(counted):
    deliveries, names = FakeDeliveries(), [f"m{number}" for number in range(10)]
    work = Work(m3=fail)
    assert run([a_message(name) for name in names], work, deliveries) == ["m3"]
    assert sorted(work.done) == [name for name in names if name != "m3"]
    assert set(waits_of(deliveries)) == {"m3"}
    assert 0.9 * FIRST_WAIT_S <= waits_of(deliveries)["m3"] <= FIRST_WAIT_S
    assert counted["PutOff"] == 1


def test_ten_that_fail_together_are_put_off_together(counted):
    deliveries, names = FakeDeliveries(), [f"m{number}" for number in range(10)]
    assert run([a_message(name) for name in names], Work(**dict.fromkeys(names, fail)), deliveries) == names
    assert len(deliveries.waits) == 1
    assert counted["PutOff"] == 10


@pytest.mark.parametrize(("receives", "longest"), [(1, 15), (2, 30), (3, 60), (6, 480), (7, 900), (14, 900)])
def test_the_wait_follows_from_how_often_a_message_came(receives, longest):
    deliveries = FakeDeliveries()
    run([a_message("m", receives)], Work(m=fail), deliveries)
    assert 0.9 * longest - 1 <= waits_of(deliveries)["m"] <= longest


def test_the_last_failure_waits_for_nothing_so_that_the_letter_is_dead_at_once():
    deliveries = FakeDeliveries()
    run([a_message("m", MAX_RECEIVES)], Work(m=fail), deliveries)
    assert waits_of(deliveries) == {"m": 0}


def test_one_that_fails_is_put_off_while_its_neighbour_is_still_being_worked_on(monkeypatch):
    monkeypatch.setattr(batches, "_LOOK_S", 0.01)
    put_off, deliveries = Event(), FakeDeliveries()
    deliveries.put_off = lambda waits: put_off.set() or 0
    work = Work(bad=fail, slow=lambda: put_off.wait(PATIENCE_S) or fail())
    assert run([a_message("bad"), a_message("slow")], work, deliveries) == ["bad"]


@pytest.mark.parametrize("trouble", ["raised", "refused"])
def test_a_message_that_cannot_be_put_off_is_given_back_all_the_same(counted, trouble):
    deliveries = FakeDeliveries(refused=1)
    if trouble == "raised":

        def refuse(_):
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "ChangeMessageVisibilityBatch")

        deliveries.put_off = refuse
    assert run([a_message("bad"), a_message("good")], Work(bad=fail), deliveries) == ["bad"]
    assert counted == {"NotPutOff": 1}


def test_what_is_unfinished_at_the_end_of_the_time_is_given_back_with_a_short_wait(counted):
    let_go, deliveries = Event(), FakeDeliveries()
    work = Work(slow=lambda: let_go.wait(PATIENCE_S))
    try:
        again = run([a_message("slow"), a_message("quick")], work, deliveries, time_left_s=SPARE_S + 0.3)
    finally:
        let_go.set()
    assert again == ["slow"]
    assert waits_of(deliveries)["slow"] <= FIRST_WAIT_S
    assert counted["Unfinished"] == 1


def test_what_was_not_begun_waits_as_at_first_however_often_it_came():
    let_go, deliveries = Event(), FakeDeliveries()
    work = Work(slow=lambda: let_go.wait(PATIENCE_S))
    messages = [a_message("slow", 6), a_message("behind it", 6)]
    try:
        assert run(messages, work, deliveries, time_left_s=SPARE_S + 0.3) == ["behind it", "slow"]
    finally:
        let_go.set()
    assert waits_of(deliveries)["slow"] > 400
    assert waits_of(deliveries)["behind it"] <= FIRST_WAIT_S


def test_a_worker_whose_thread_goes_on_for_a_whole_batch_more_gives_all_back_and_ends():
    class EndedError(Exception):
        """Raised in place of the process's end."""

    def end():
        raise EndedError

    let_go, deliveries = Event(), FakeDeliveries()
    work = Work(endless=lambda: let_go.wait(PATIENCE_S))
    try:
        assert run([a_message("endless")], work, deliveries, time_left_s=SPARE_S + 0.2) == ["endless"]
        assert run([a_message("next")], work, deliveries, end_worker=end) == []
        with pytest.raises(EndedError):
            run([a_message("third", 6)], work, deliveries, end_worker=end)
    finally:
        let_go.set()
    assert waits_of(deliveries)["third"] <= FIRST_WAIT_S
    assert work.done == ["next"] or sorted(work.done) == ["endless", "next"]


def test_what_a_thread_that_was_left_behind_says_later_is_in_no_other_batchs_answer():
    let_go, over, deliveries = Event(), Event(), FakeDeliveries()

    def fail_late():
        let_go.wait(PATIENCE_S)
        over.set()
        fail()

    run([a_message("slow")], Work(slow=fail_late), deliveries, time_left_s=SPARE_S + 0.2)

    def wait_for_the_other():
        let_go.set()
        over.wait(PATIENCE_S)

    assert run([a_message("next")], Work(next=wait_for_the_other), deliveries) == []


def test_what_came_before_is_worked_on_by_itself_behind_the_others_and_taken_out_at_once():
    deliveries, seen = FakeDeliveries(), []
    came_before = [f"again{number}" for number in range(4)]
    new = [f"new{number}" for number in range(4)]
    work = Work(
        **{name: lambda: seen.append((work.at_once, len(work.done), len(deliveries.removed))) for name in came_before}
    )
    messages = [a_message(name, 2) for name in came_before] + [a_message(name) for name in new]

    assert run(messages, work, deliveries) == []

    assert seen == [(1, 4 + number, number) for number in range(4)], "alone, last, and each one gone before the next"
    assert deliveries.removed == [f"receipt of {name}" for name in came_before]


def test_one_that_kills_its_worker_takes_no_neighbour_along_twice():
    """Ten messages come again of which one kills: in whatever place, those before it are gone for good."""
    messages = [a_message(f"m{number}", 2) for number in range(10)]
    for deadly in range(10):
        deliveries = FakeDeliveries()

        class Killed(BaseException):
            pass

        def die():
            raise Killed

        with pytest.raises(Killed):
            run(messages, Work(**{f"m{deadly}": die}), deliveries)
        assert deliveries.removed == [f"receipt of m{number}" for number in range(deadly)]


def test_the_time_is_kept_also_among_what_came_before(counted):
    let_go, deliveries = Event(), FakeDeliveries()
    work = Work(m0=lambda: let_go.wait(PATIENCE_S))
    try:
        again = run([a_message(f"m{n}", 2) for n in range(3)], work, deliveries, time_left_s=SPARE_S + 0.2)
    finally:
        let_go.set()
    assert again == ["m0", "m1", "m2"]
    assert counted["Unfinished"] == 3


def test_a_message_that_cannot_be_taken_out_is_done_nevertheless():
    class Refusing(FakeDeliveries):
        def remove(self, receipt):
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "DeleteMessage")

    work = Work()
    assert run([a_message("m", 2), a_message("n", 2)], work, Refusing()) == []
    assert work.done == ["m", "n"]


def test_a_redrive_that_fails_comes_again_in_seconds_and_the_failure_is_told():
    deliveries = FakeDeliveries()
    with pytest.raises(ContentionError), Retries(deliveries).give_back({"Records": [a_message("m")]}):
        fail()
    assert list(waits_of(deliveries)) == ["m"]


def test_a_letter_whose_records_are_lost_goes_back_to_the_dead_ones_at_once_and_it_is_told(monkeypatch):
    told, deliveries = [], FakeDeliveries()
    monkeypatch.setattr(batches, "report_trouble", told.append)
    with Retries(deliveries).give_back({"Records": [a_message("m")]}) as failures:
        raise StreamRecordsLostError("gone")
    assert failures == [{"itemIdentifier": "m"}]
    assert waits_of(deliveries) == {"m": 0}
    assert [type(error) for error in told] == [StreamRecordsLostError]


@pytest.mark.parametrize("source", ["aws:sqs", "aws:dynamodb"])
def test_nothing_is_put_off_where_nothing_failed_or_a_stream_is_read(source):
    deliveries, record = FakeDeliveries(), {**a_message("m"), "eventSource": source}
    with Retries(deliveries).give_back({"Records": [record]}):
        pass
    if source == "aws:dynamodb":
        with pytest.raises(ContentionError), Retries(deliveries).give_back({"Records": [record]}):
            fail()
    assert not deliveries.waits
