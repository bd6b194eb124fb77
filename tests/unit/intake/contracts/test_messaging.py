"""Queues, and topics: who publishes to them, and who hears of it."""

import json
from datetime import timedelta

import pytest

from intake.messaging.model import Alert, Event, EventKind, Standing
from intake.messaging.sns import SnsAlerts, SnsEvents, SnsSubscribers
from intake.messaging.sqs import CloudWatchQueueAge, SqsQueue
from tests.fakes import FakeAlerts, FakeEvents, FakeQueue, FakeQueueAge, FakeSubscribers
from tests.records import NOON

MAIL = "ada@example.org"
POLICY = {"kind": ["file.rejected"]}


class TestQueue:
    @pytest.fixture
    def letters(self, either):
        """A dead-letter queue of four messages."""
        queue = either(FakeQueue, self.dead_letters)
        queue.send([{"number": number} for number in range(4)])
        return queue

    @staticmethod
    def dead_letters(aws):
        client = aws.client("sqs")
        dead, main = (client.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "main"))
        return SqsQueue(client, dead, redrives=main)

    @staticmethod
    def numbers(queue):
        return sorted(message.body["number"] for message in queue.peek(10))

    def test_looking_takes_nothing(self, letters):
        for _ in range(2):
            assert self.numbers(letters) == [0, 1, 2, 3]
        assert (len(letters.peek(2)), letters.depth()) == (2, 4)

    def test_one_is_redriven_by_its_id_and_then_gone(self, letters):
        wanted = letters.peek(10)[2]
        assert [letters.redrive(10, wanted.message_id) for _ in range(2)] == [1, 0]
        assert wanted.body["number"] not in self.numbers(letters)
        assert letters.depth() == 3

    def test_all_are_redriven(self, letters):
        assert [letters.redrive(10) for _ in range(2)] == [4, 0]
        assert letters.depth() == 0

    def test_one_is_discarded_by_its_id(self, letters):
        wanted = letters.peek(10)[1]
        assert [letters.discard(10, wanted.message_id) for _ in range(2)] == [1, 0]
        assert letters.depth() == 3


class TestSubscribers:
    @pytest.fixture
    def subscribers(self, either):
        return either(FakeSubscribers, self.topic)

    @staticmethod
    def topic(aws):
        client = aws.client("sns")
        letters = "arn:aws:sqs:us-east-1:123456789012:letters"
        return SnsSubscribers(client, client.create_topic(Name="alerts")["TopicArn"], letters)

    def test_an_address_is_subscribed_once_whoever_asks(self, subscribers):
        assert subscribers.subscribe("email", MAIL, POLICY) == subscribers.subscribe("email", MAIL, POLICY)

    def test_what_was_never_there_is_gone_and_ending_it_is_no_error(self, subscribers):
        arn = subscribers.subscribe("email", MAIL, POLICY)
        unknown = f"{arn.rpartition(':')[0]}:00000000-0000-0000-0000-000000000000"
        assert subscribers.find_standing(unknown) is Standing.GONE
        assert not subscribers.set_policy(unknown, POLICY)
        subscribers.unsubscribe(unknown)

    def test_a_policy_is_changed_where_it_stands(self, subscribers):
        assert subscribers.set_policy(subscribers.subscribe("email", MAIL, POLICY), {"kind": ["file.failed"]})


class Topic:
    """A topic of moto's, with a queue that hears all of it."""

    def __init__(self, aws):
        self.sns, self.sqs = aws.client("sns"), aws.client("sqs")
        self.arn = self.sns.create_topic(Name="topic")["TopicArn"]
        self.queue_url = self.sqs.create_queue(QueueName="hears")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])["Attributes"]
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn["QueueArn"])

    def heard(self):
        found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


def test_an_alert_is_published_with_its_subject_and_text(either):
    def fake():
        alerts = FakeAlerts()
        return alerts, lambda: [(alert.subject, alert.body) for alert in alerts.published]

    def adapter(aws):
        topic = Topic(aws)
        return SnsAlerts(topic.sns, topic.arn), lambda: [(one["Subject"], one["Message"]) for one in topic.heard()]

    alerts, heard = either(fake, adapter)
    alerts.publish(Alert("file.rejected", "northside", "warning", "[Silent Scalper] 1 file", "One file."))
    assert heard() == [("[Silent Scalper] 1 file", "One file.")]


def test_every_event_is_published_once_however_many_there_are(either):
    def fake():
        events = FakeEvents()
        return events, lambda: {event.event_id for event in events.published}

    def adapter(aws):
        topic = Topic(aws)
        return SnsEvents(topic.sns, topic.arn), lambda: {
            json.loads(one["Message"])["id"] for _ in range(4) for one in topic.heard()
        }

    events, heard = either(fake, adapter)
    told = [Event(f"event-{n}", EventKind.FILE_REJECTED, "northside", NOON, {"file_id": "f"}) for n in range(12)]
    events.publish(told)
    events.publish([])
    assert heard() == {event.event_id for event in told}


class TestQueueAge:
    @staticmethod
    def measured(aws, seconds=None):
        client = aws.client("cloudwatch")
        for ago, value in ((3, 90), (1, seconds)) if seconds else ():
            metric = {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "main"}],
                "Timestamp": NOON - timedelta(minutes=ago),
                "Value": value,
            }
            client.put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
        return CloudWatchQueueAge(client, "https://sqs.test/1/main")

    def test_the_newest_measure_is_told_and_none_where_there_is_none(self, either):
        age = either(lambda: FakeQueueAge(30), lambda aws: self.measured(aws, 30))
        assert age.oldest_s(NOON) == 30
        assert either(FakeQueueAge, self.measured).oldest_s(NOON + timedelta(days=1)) is None
