"""A stretch of a stream is read from its first record to its last, whatever DynamoDB answers between, or it is told.

Sources: Amazon DynamoDB API Reference, GetRecords, GetShardIterator; Amazon DynamoDB Developer Guide, "Change data
capture for DynamoDB Streams".
"""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from intake.table import dynamodb_streams
from intake.table.dynamodb_streams import (
    LONGEST_S,
    MOST_CALLS,
    DynamoStream,
    StreamRecordsLostError,
    StreamUnfinishedError,
)
from intake.table.queries import StreamStretch

EMPTY: list[int] = []


def refusal(code):
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, "GetRecords")


class Shard:
    """A shard, as pages of sequence numbers; an error in place of a page is raised once, and then comes the next one.

    An open shard goes on behind its last page, with empty ones.
    """

    def __init__(self, *pages, open=True, digits=0):
        self._pages, self._open, self._digits = list(pages), open, digits
        self.calls, self.began = 0, []

    def get_shard_iterator(self, **request):
        self.began.append((request["ShardIteratorType"], request.get("SequenceNumber")))
        if request["ShardId"] != "s":
            raise refusal("ResourceNotFoundException")
        if request["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER":
            return {"ShardIterator": f"after {request['SequenceNumber']}"}
        return {"ShardIterator": "0"}

    def get_records(self, **request):
        self.calls += 1
        position = request["ShardIterator"]
        if position.startswith("after"):
            read_to, position = int(position.split()[1]), "0"
            self._pages = [[n for n in page if n > read_to] for page in self._pages if isinstance(page, list)]
        number = int(position)
        page = self._pages[number] if number < len(self._pages) else []
        if isinstance(page, Exception):
            del self._pages[number]
            raise page
        answer = {"Records": [{"dynamodb": {"SequenceNumber": str(n).zfill(self._digits)}} for n in page]}
        if self._open or number + 1 < len(self._pages):
            answer["NextShardIterator"] = str(number + 1)
        return answer


@pytest.fixture(autouse=True)
def passed(monkeypatch):
    """Time that passes while somebody waits, and not otherwise."""
    passed = SimpleNamespace(now=0.0)

    def sleep(seconds):
        passed.now += seconds

    monkeypatch.setattr(dynamodb_streams, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: passed.now))
    return passed


def read(shard, first=8, last=11, name="s"):
    stretch = StreamStretch("a", name, str(first), str(last))
    return [int(record["dynamodb"]["SequenceNumber"]) for record in DynamoStream(shard).records(stretch)]


WHOLE = {
    "all at once": [[8, 9, 10, 11]],
    "with others behind": [[8, 9, 10, 11, 12, 13]],
    "an empty page in front": [EMPTY, [8, 9, 10, 11]],
    "many empty pages in front": [*[EMPTY] * 40, [8, 9, 10, 11]],
    "an empty page in the middle": [[8, 9], EMPTY, [10, 11]],
    "an empty page before the last": [[8, 9, 10], EMPTY, EMPTY, [11]],
    "a page each": [[8], [9], [10], [11]],
    "pages that end within it": [[8, 9, 10], [11, 12]],
    "throttled at first": [refusal("LimitExceededException"), [8, 9, 10, 11]],
    "throttled in the middle": [[8, 9], refusal("ThrottlingException"), [10, 11]],
    "throttled twice": [
        [8, 9],
        refusal("ProvisionedThroughputExceededException"),
        refusal("LimitExceededException"),
        [10, 11],
    ],
    "an iterator that expired in front": [refusal("ExpiredIteratorException"), [8, 9, 10, 11]],
    "an iterator that expired in the middle": [[8, 9], refusal("ExpiredIteratorException"), [10, 11]],
}


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize("pages", WHOLE.values(), ids=WHOLE)
def test_a_stretch_is_read_whole_and_no_further(pages, is_open):
    assert read(Shard(*pages, open=is_open)) == [8, 9, 10, 11]


@pytest.mark.parametrize("digits", [0, 21, 30])
def test_sequence_numbers_are_compared_as_numbers(digits):
    """As texts, 9 is more than 10, and a number is another one with noughts before it."""
    assert read(Shard([8, 9], EMPTY, [10, 11, 12], digits=digits)) == [8, 9, 10, 11]


def test_a_record_behind_the_last_one_ends_the_stretch_and_is_none_of_it():
    assert read(Shard([8, 9], [12, 13])) == [8, 9]


def test_an_iterator_that_expired_is_asked_for_anew_behind_what_was_read():
    shard = Shard([8, 9], refusal("ExpiredIteratorException"), [10, 11])
    assert read(shard) == [8, 9, 10, 11]
    assert shard.began == [("AT_SEQUENCE_NUMBER", "8"), ("AFTER_SEQUENCE_NUMBER", "9")]


LOST = {
    "trimmed at once": [refusal("TrimmedDataAccessException")],
    "trimmed while it is read": [[8, 9], refusal("TrimmedDataAccessException")],
    "a closed shard that holds nothing of it": [EMPTY],
    "a closed shard that ends within it": [[8, 9, 10]],
    "a shard that begins behind it": [EMPTY, [12, 13]],
    "a closed shard that ends by empty pages": [[8, 9, 10], EMPTY, EMPTY],
    "a stream that is gone": [[8, 9], refusal("ResourceNotFoundException")],
}


@pytest.mark.parametrize("pages", LOST.values(), ids=LOST)
def test_what_the_stream_holds_no_longer_is_told_as_lost(pages):
    with pytest.raises(StreamRecordsLostError, match="rebuild"):
        read(Shard(*pages, open=False))


def test_a_shard_that_nobody_knows_is_told_as_lost():
    with pytest.raises(StreamRecordsLostError):
        read(Shard([8, 9, 10, 11]), name="another")


@pytest.mark.parametrize("pages", [[], [[8, 9]], [EMPTY, [8, 9, 10], EMPTY]], ids=["nothing", "half", "almost all"])
def test_an_open_shard_that_does_not_come_to_the_last_record_is_put_off_and_not_taken_for_read(pages, passed):
    shard = Shard(*pages)
    with pytest.raises(StreamUnfinishedError):
        read(shard)
    assert shard.calls <= 150
    assert passed.now <= LONGEST_S + 1


def test_a_shard_that_stays_throttled_is_put_off(passed):
    shard = Shard(*[refusal("LimitExceededException")] * 1000)
    with pytest.raises(StreamUnfinishedError):
        read(shard)
    assert passed.now <= LONGEST_S + 1


def test_a_stretch_of_more_pages_than_one_invocation_may_read_is_put_off():
    shard = Shard(*[[number] for number in range(8, 9 + MOST_CALLS)])
    with pytest.raises(StreamUnfinishedError):
        read(shard, last=8 + MOST_CALLS)
    assert shard.calls == MOST_CALLS


def test_an_error_that_nobody_foresaw_is_raised_as_it_is():
    with pytest.raises(ClientError):
        read(Shard(refusal("AccessDeniedException")))


def letter(**other):
    told = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "8", "endSequenceNumber": "11", **other}
    return {"DDBStreamBatchInfo": {name: value for name, value in told.items() if value is not ...}}


def test_a_letter_tells_its_stretch_and_when_its_first_record_came():
    stretch = StreamStretch.read(letter(approximateArrivalOfFirstRecord="2026-11-30T20:12:55.717Z", batchSize=4))
    assert (stretch.stream, stretch.shard, stretch.first, stretch.last) == ("a", "s", "8", "11")
    assert stretch.arrived_at.isoformat() == "2026-11-30T20:12:55.717000+00:00"
    for told in (..., None, 7, "yesterday"):
        assert StreamStretch.read(letter(approximateArrivalOfFirstRecord=told)).arrived_at is None


MALFORMED = {
    "nothing": {},
    "a list": [],
    "no batch": {"DDBStreamBatchInfo": None},
    "a batch that is a list": {"DDBStreamBatchInfo": ["streamArn"]},
    "no stream": letter(streamArn=...),
    "no shard": letter(shardId=""),
    "no first number": letter(startSequenceNumber=None),
    "a first number that is none": letter(startSequenceNumber="first"),
    "digits of another script": letter(startSequenceNumber="٨"),
    "a last number that is negative": letter(endSequenceNumber="-1"),
    "an endless number": letter(endSequenceNumber="9" * 5000),
    "a number that is no text": letter(endSequenceNumber=11),
    "an end before its beginning": letter(endSequenceNumber="7"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_letter_is_refused(body):
    with pytest.raises(ValueError, match="tells of no batch"):
        StreamStretch.read(body)
