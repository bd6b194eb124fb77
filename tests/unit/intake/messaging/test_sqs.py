import json

from intake.files.model import now
from intake.messaging.sqs import SqsDeliveries, SqsQueue


def test_looking_into_a_queue_shows_every_message_once_and_takes_none(aws):
    client = aws.client("sqs")
    url = client.create_queue(QueueName="letters")["QueueUrl"]
    queue = SqsQueue(client, url)
    queue.send([{"number": number} for number in range(25)])

    for _ in range(2):
        assert sorted(message.body["number"] for message in queue.peek(100)) == list(range(25))
    assert len(queue.peek(3)) == 3
    assert queue.depth() == 25
    message = client.receive_message(QueueUrl=url)["Messages"][0]
    assert "number" in json.loads(message["Body"])


def two(aws):
    client = aws.client("sqs")
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "main")]
    return client, SqsQueue(client, urls[0], redrives=urls[1]), SqsQueue(client, urls[1])


def test_all_letters_are_redriven_and_then_gone(aws):
    _, dead, main = two(aws)
    dead.send([{"number": number} for number in range(25)])

    assert (dead.redrive(500), dead.redrive(500)) == (25, 0)

    assert dead.depth() == 0
    assert sorted(message.body["number"] for message in main.peek(100)) == list(range(25))


def test_one_letter_is_redriven_and_the_others_can_be_looked_at_at_once(aws):
    _, dead, main = two(aws)
    dead.send([{"number": number} for number in range(25)])
    wanted = dead.peek(100)[-1]

    assert dead.redrive(500, wanted.message_id) == 1

    assert [message.body for message in main.peek(10)] == [wanted.body]
    assert len(dead.peek(100)) == 24
    assert dead.redrive(500, wanted.message_id) == 0


def test_one_letter_is_discarded(aws):
    _, dead, main = two(aws)
    dead.send([{"number": number} for number in range(3)])
    unwanted = dead.peek(10)[0]
    assert dead.discard(500, unwanted.message_id) == 1
    assert unwanted.message_id not in {message.message_id for message in dead.peek(10)}
    assert (dead.depth(), main.depth()) == (2, 0)


def test_a_letter_that_is_no_json_is_shown_as_empty_and_redriven_as_it_is(aws):
    client, dead, main = two(aws)
    client.send_message(QueueUrl=dead._url, MessageBody="not { json")
    client.send_message(QueueUrl=dead._url, MessageBody="[1]")
    assert [message.body for message in dead.peek(10)] == [{}, {}]
    assert dead.redrive(10) == 2
    (first, second) = client.receive_message(QueueUrl=main._url, MaxNumberOfMessages=10)["Messages"]
    assert {first["Body"], second["Body"]} == {"not { json", "[1]"}


def test_letters_tell_since_when_they_wait(aws):
    _, dead, _ = two(aws)
    dead.send([{}])
    (letter,) = dead.peek(1)
    assert abs((now() - letter.sent_at).total_seconds()) < 60


def received(client, url):
    return {
        message["Body"]: message["ReceiptHandle"]
        for _ in range(3)
        for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
    }


def test_messages_come_again_when_their_worker_says_and_those_it_removes_never(aws):
    client = aws.client("sqs")
    url = client.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "720"})["QueueUrl"]
    deliveries = SqsDeliveries(client, url)
    SqsQueue(client, url).send([{"number": number} for number in range(12)])
    receipts = received(client, url)
    assert not received(client, url)

    done, *others = receipts.values()
    deliveries.remove(done)
    deliveries.remove(done)
    assert deliveries.put_off(dict.fromkeys(others, 0)) == 0

    assert len(received(client, url)) == 11


def test_a_message_that_nobody_can_put_off_is_counted_and_keeps_no_other(aws):
    client = aws.client("sqs")
    url = client.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "720"})["QueueUrl"]
    SqsQueue(client, url).send([{"number": 1}])
    (receipt,) = received(client, url).values()
    assert SqsDeliveries(client, url).put_off({receipt: 0, "none of ours": 0}) == 1
    assert received(client, url)
