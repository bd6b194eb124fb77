"""A local stack with many records is stopped, killed and denied its disk: everything is there again, or the last whole
state is offered with a sentence. Run by `make restarts`, with RECORDS=1000 records where nothing else is said.
"""

import os
import resource
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from intake.files.model import now
from intake.records.file_items import file_item
from intake.table.table import serialize
from tests.emulator.runner import Runner
from tests.emulator.stacks import eventually
from tests.records import a_file

RECORDS = int(os.environ.get("RECORDS", "1000"))
ADDED = 10
BATCH = 25
PATIENCE_S = 120 + RECORDS / 20


class Restarts:
    """The stack, the number of records that are to be there, and what is told of each end."""

    def __init__(self, runner):
        self.runner, self.expected, self.written = runner, 0, 0

    def client(self, service) -> Any:
        aws = self.runner.place["aws"]
        return boto3.client(
            service,
            region_name=aws["region"],
            endpoint_url=aws["endpoint_url"],
            aws_access_key_id=aws["access_key_id"],
            aws_secret_access_key=aws["secret_access_key"],
        )

    def quiet_streams(self):
        """Have no function follow the table: what it would count is no part of this."""
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if ":dynamodb:" in mapping["EventSourceArn"]:
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def add(self, number):
        """Write records as the portal writes them, many at a time."""
        dynamodb, table, at = self.client("dynamodb"), self.runner.place["table"], now()
        numbers = range(self.written, self.written + number)

        def write(start):
            items = [serialize(file_item(a_file(each, created_at=at))) for each in numbers[start : start + BATCH]]
            requests = {table: [{"PutRequest": {"Item": item}} for item in items]}
            while requests:
                requests = dynamodb.batch_write_item(RequestItems=requests)["UnprocessedItems"]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(0, number, BATCH)))
        self.written += number

    def count(self):
        """Return how many records the table holds."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self.runner.place["table"],
                Select="COUNT",
                FilterExpression="begins_with(file_id, :any)",
                ExpressionAttributeValues={":any": {"S": "01"}},
            )
        )
        return sum(page["Count"] for page in pages)

    def stop(self, how: str, end: Callable[[], int], code: int = 0):
        """End the run, and tell how long that took."""
        began = time.monotonic()
        assert end() == code, self.runner.said()
        size = sum(file.stat().st_size for file in (self.runner.state / "services").glob("*.json"))
        print(f"{how}: ended after {time.monotonic() - began:.1f} s, {size / 1e6:.1f} MB saved", end="")

    def start(self, *options):
        """Start again, and see that everything is there that is to be."""
        began = time.monotonic()
        self.runner.start(*options)
        took, count = time.monotonic() - began, self.count()
        print(f"; up again after {took:.1f} s, {count} records there", flush=True)
        assert count == self.expected

    def refuse(self):
        """Start in vain: what is there is newer than the last whole state, and nobody was asked."""
        self.runner.begin()
        assert self.runner.wait() == 1
        said = self.runner.said()
        assert "The last whole one is of 20" in said
        assert "Nothing has been changed" in said
        print(f"; said: {said[said.index('The saved state is not whole') :]}", end="")


@pytest.fixture
def restarts(tmp_path):
    runner = Runner(tmp_path / "state", patience_s=PATIENCE_S)
    began = time.monotonic()
    runner.start()
    one = Restarts(runner)
    one.quiet_streams()
    one.add(RECORDS)
    one.expected = one.count()
    print(f"\n{one.expected} records after {time.monotonic() - began:.1f} s")
    yield one
    if runner.process.poll() is None:
        runner.end()


def test_records_outlive_every_end_of_the_stack_or_the_last_whole_state_is_offered(restarts):
    assert restarts.expected == RECORDS
    for number in (signal.SIGINT, signal.SIGTERM):
        restarts.stop(number.name, lambda number=number: restarts.runner.end(number))
        restarts.start()
        restarts.add(ADDED)
        restarts.expected += ADDED

    restarts.stop("SIGKILL of the runner", lambda: restarts.runner.end(signal.SIGKILL), -signal.SIGKILL)
    restarts.start()
    assert "it is asked to write its state" in restarts.runner.said()

    restarts.add(ADDED)
    restarts.stop("SIGKILL of the emulator while it writes", lambda: killed_while_it_writes(restarts.runner), 1)
    assert "killed before its state was written" in restarts.runner.said()
    restarts.refuse()
    restarts.start("--go-back")

    restarts.add(ADDED)
    room = (restarts.runner.state / "services" / "dynamodb.json").stat().st_size // 2
    resource.prlimit(restarts.runner.emulator(), resource.RLIMIT_FSIZE, (room, room))
    restarts.stop("Full disk", restarts.runner.end, 1)
    assert "could not write its whole state" in restarts.runner.said()
    restarts.refuse()
    restarts.start("--go-back")

    restarts.add(ADDED)
    restarts.expected += ADDED
    restarts.stop("An emulator that rests for 35 s", lambda: rested(restarts.runner))
    restarts.start()


def killed_while_it_writes(runner):
    """Stop the runner, and kill its emulator in the middle of the records' file."""
    emulator, part = runner.emulator(), runner.state / "services" / "dynamodb.json.tmp"
    runner.send(signal.SIGTERM)
    eventually(part.exists, within_s=PATIENCE_S)
    return runner.end(signal.SIGKILL, of=emulator)


def rested(runner):
    """Stop the runner while its emulator gets no time at all, for longer than anybody has patience."""
    emulator, until = runner.emulator(), time.monotonic() + 35
    runner.send(signal.SIGSTOP, of=emulator)
    runner.send(signal.SIGTERM)
    eventually(lambda: time.monotonic() > until, within_s=60)
    return runner.end(signal.SIGCONT, of=emulator)
