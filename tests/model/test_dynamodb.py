"""The table in memory answers as moto's does: each call of a day's work, made again there, brings the same."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from intake.errors import ScalperError
from intake.orders.model import Task
from tests.model import steps
from tests.model.world import World
from tests.unit.intake.conftest import aws, create_table, sdk

__all__ = ["aws", "sdk"]

CALLS = ("get_item", "batch_get_item", "query", "put_item", "update_item", "transact_write_items")


class Recorder:
    """Writes down each call of a client, and what it brought."""

    def __init__(self, client):
        self.calls = []
        for name in CALLS:
            setattr(client, name, self._record(name, getattr(client, name)))

    def _record(self, name, call):
        def recorded(**request):
            request = {told: value for told, value in request.items() if value is not None}
            try:
                answer = call(**request)
            except ClientError as error:
                self.calls.append((name, request, describe(error)))
                raise
            self.calls.append((name, request, normalise(answer)))
            return answer

        return recorded


def describe(error):
    reasons = [
        (reason["Code"], normalise(reason.get("Item", {}))) for reason in error.response.get("CancellationReasons", ())
    ]
    return error.response["Error"]["Code"], reasons, normalise(error.response.get("Item", {}))


def normalise(value):
    """Return an answer without what says nothing: empty parts, the order in sets, and metadata of the call."""
    if isinstance(value, dict):
        left_out = {"ResponseMetadata", "Count", "ScannedCount", "UnprocessedKeys", "ConsumedCapacity"}
        return {name: normalise(inner) for name, inner in value.items() if name not in left_out and inner != {}}
    if isinstance(value, list):
        return sorted(value) if value and isinstance(value[0], str) else [normalise(inner) for inner in value]
    return value


@pytest.fixture
def day():
    """Return the calls of a small day's work, in which things are repeated and refused."""
    world = World()
    recorder = Recorder(world.dynamodb)
    names = ["slice-1-1.dcm", "slice-1-2.dcm", "noise.dcm", "short-2-7.dcm", "mixed.zip"]
    for clinic_id in ("northside", "lakeview"):
        steps.expect(world, clinic_id, "A-0001", 3)
        upload = steps.reserve(world, clinic_id, names, key="the same")
        assert steps.reserve(world, clinic_id, names, key="the same") == upload
        for record in world.list_files():
            if record.upload_id == upload:
                steps.send(world, record, record.name)
                steps.send(world, record, "slice-1-1.dcm")
        work(world)
    softened = next(record for record in world.list_files() if record.name == "short-2-7.dcm")
    steps.give_order(world, Task.ACCEPT, softened)
    work(world)
    return recorder.calls


def work(world):
    for _ in range(60):
        world.at += timedelta(milliseconds=10)
        if world.queue.messages:
            try:
                steps.deliver(world, 0)
            except ScalperError:
                continue
    world.at += timedelta(hours=25)
    world.sweep()
    world.project(world.dynamodb.stream)


def test_each_call_of_a_days_work_brings_what_it_brings_on_moto(aws, day):
    client = aws.client("dynamodb")
    create_table(client, "records")
    assert {name for name, _, _ in day} == {*CALLS}
    assert any(isinstance(brought, tuple) for _, _, brought in day), "something is refused"
    for name, request, brought in day:
        try:
            answer = normalise(getattr(client, name)(**request))
        except ClientError as error:
            answer = describe(error)
        assert answer == brought, (name, request)
