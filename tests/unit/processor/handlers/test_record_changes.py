"""What those who follow the stream are given: records, or word of a batch that was given up."""

import json

import pytest

from processor.handlers.record_changes import read_records

STRETCH = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2"}


class Stream:
    def records(self, stretch):
        yield {"read": (stretch.stream, stretch.shard, stretch.first, stretch.last)}


def letter(body):
    return {"eventSource": "aws:sqs", "body": body if isinstance(body, str) else json.dumps(body)}


def test_a_batch_that_is_redriven_is_read_again_from_where_it_stood():
    told = letter({"DDBStreamBatchInfo": STRETCH})
    fresh = {"eventSource": "aws:dynamodb", "dynamodb": {}}
    assert list(read_records({"Records": [fresh, told]}, Stream())) == [fresh, {"read": ("a", "s", "1", "2")}]


@pytest.mark.parametrize("body", ["no JSON", "[]", "7", {}, {"DDBStreamBatchInfo": {**STRETCH, "shardId": None}}])
def test_a_letter_that_cannot_be_read_is_no_empty_batch(body):
    with pytest.raises(ValueError):  # noqa: PT011  # Of JSON, or of ours.
        list(read_records({"Records": [letter(body)]}, Stream()))
