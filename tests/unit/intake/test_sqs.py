import json

from intake.sqs import SqsQueue


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
