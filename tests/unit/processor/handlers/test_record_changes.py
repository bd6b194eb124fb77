"""What those who follow the stream are given: records, or word of a batch that was given up."""

import json

from processor.handlers.record_changes import read_records

STRETCH = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2"}


class Stream:
    def records(self, stretch):
        yield {"read": (stretch.stream, stretch.shard, stretch.first, stretch.last)}


def test_a_batch_that_is_redriven_is_read_again_from_where_it_stood():
    told = {"eventSource": "aws:sqs", "body": json.dumps({"DDBStreamBatchInfo": STRETCH})}
    fresh = {"eventSource": "aws:dynamodb", "dynamodb": {}}
    assert list(read_records({"Records": [fresh, told]}, Stream())) == [fresh, {"read": ("a", "s", "1", "2")}]
