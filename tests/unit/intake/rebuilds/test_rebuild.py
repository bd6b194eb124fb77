"""A clinic's projections, made anew by its records: as the projector would have made them that nobody disturbed."""

import os
from contextlib import suppress
from random import Random

import pytest

from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.pace import Pace
from intake.rebuilds.rebuild import Rebuild
from intake.recounts.model import Report
from intake.table.table import Table, deserialize
from tests.records import IDS, NOON
from tests.unit.intake.rebuilds.world import CLINIC, World

LIVES = int(os.environ.get("REBUILD_LIVES", "2"))
STEPS = 32
PASSING = {"writes", "expires", "updated_at", "kept_until", "untold", "label_writes"}
LISTED = {"clinic_key", "clinic_state", "state_shard", "upload_id", "study_id", "clinic_id", "trouble_of", "state"}
COUNTED = ("UPLOAD", "STUDY", "BOARD", "HOLDINGS", "MINUTES", "HOURS", "DAYS", "DEVICES")


class CrashError(Exception):
    """A worker ends."""


def read_sums(world, name):
    """Return the numbers and sets that stand of what is projected, and in which lists it stands."""
    found = {}
    for item in map(deserialize, world.items(name)):
        if not item["pk"].startswith(COUNTED) or item["sk"].startswith("FILE#"):
            continue
        told = {key: value for key, value in item.items() if isinstance(value, int | set) and value}
        told = {key: value for key, value in told.items() if key not in PASSING}
        listed = {key: item[key] for key in LISTED & item.keys()} if told or "VIEW#" in item["sk"] else {}
        found[item["pk"], item["sk"]] = told | listed
    return {key: told for key, told in found.items() if told}


def read_feed(world, name):
    """Return what a clinic's feed tells, and check that its numbers have no gap."""
    items = [item for item in map(deserialize, world.items(name)) if item["pk"] == f"CHANGES#{CLINIC}"]
    reached, rows = None, []
    for item in sorted(items, key=lambda item: item["sk"]):
        # What came first may be told at the end: readers of before learn that it is past.
        reached = item["preceding"] if reached is None else reached
        assert item["preceding"] == reached
        rows += item.get("rows", [])
        reached += len(item.get("rows", [])) + item.get("skipped", 0)
    return sorted((row["file_id"], row["revision"], row["before"], row["after"], row["at"]) for row in rows)


def look_at(world, *, table=None, count=None, pace=None):
    """Look at a clinic, and go on where a worker ended; return what was found."""
    report, position = Report(), ""
    for _ in range(9):
        whole = Rebuild(table or world.table, IDS, pace or Pace(1e9), count, world.clock)
        with suppress(CrashError):
            for reached in whole.rebuild_clinic(CLINIC, report, position):
                position = reached
            break
    assert report.busy == []
    return report.findings


def rebuild(world, **options):
    return look_at(world, count=DynamoProjections(world.table, IDS).apply, **options)


def audit(world):
    return look_at(world, table=DryTable(world.client, world.name))


def project_undisturbed(world):
    """Have all that the stream told be projected in its order, in a table of its own."""
    undisturbed = DynamoProjections(world.copy("undisturbed"), IDS)
    for change in world.stream:
        undisturbed.apply([change])


def check(world):
    project_undisturbed(world)
    assert read_sums(world, world.name) == read_sums(world, "undisturbed")
    assert read_feed(world, world.name) == read_feed(world, "undisturbed")


def make_world(dynamodb, seed):
    world = World(dynamodb, Random(seed))
    world.live(STEPS)
    return world


@pytest.mark.parametrize("seed", range(LIVES))
def test_what_was_lost_deleted_and_damaged_is_as_if_the_projector_had_never_been_disturbed(dynamodb, seed):
    world = make_world(dynamodb, seed)
    world.project_some(lost=0.3)
    world.damage(6)
    damaged = world.items()

    assert not audit(world).is_exact
    assert world.items() == damaged
    rebuild(world)

    check(world)
    mended = world.items()
    assert rebuild(world).is_exact
    assert audit(world).is_exact
    assert world.items() == mended


def test_what_a_projector_never_saw_is_counted_and_told(dynamodb):
    world = make_world(dynamodb, 20)

    found = rebuild(world)

    assert found.uncounted == sum(change.after is not State.AWAITING_UPLOAD for change in world.stream)
    check(world)


def test_what_was_counted_before_there_were_marks_is_not_counted_again(dynamodb):
    world = make_world(dynamodb, 21)
    world.project_some(lost=0)
    before = {kind: world.read_kind(kind) for kind in ("HOURS", "HOLDINGS", "CHANGES")}
    for item in world.read_kind("APPLIED"):
        world.delete(item)

    found = rebuild(world)

    assert (found.uncounted, found.differences) == (0, [])
    assert found.adopted > 0
    assert {kind: world.read_kind(kind) for kind in before} == before
    assert rebuild(world).is_exact


@pytest.mark.parametrize("seed", [22])
def test_files_come_and_are_counted_while_it_goes_on(dynamodb, seed):
    world = make_world(dynamodb, seed)
    world.project_some(lost=0.3)
    world.damage(4)
    projector, told = DynamoProjections(world.table, IDS), len(world.stream)

    class Traffic(Pace):
        """Between two reads, now and then a file comes to its verdict, and the projector counts it."""

        left = 25

        def take(self, items):
            nonlocal told
            if self.left and world.chance.random() < 0.2:
                self.left -= 1
                world.step()
                projector.apply(world.stream[told:])
                told = len(world.stream)

    traffic = Traffic(1e9)
    rebuild(world, pace=traffic)
    world.live(traffic.left)
    projector.apply(world.stream[told:])

    check(world)


def test_a_worker_may_end_before_any_write_and_another_goes_on(dynamodb):
    world = make_world(dynamodb, 23)
    world.project_some(lost=0.4)
    world.damage(5)

    class Dying(Table):
        """A table whose worker ends before every seventh write."""

        written = 0

        def _die(self):
            self.written += 1
            if self.written in {3, 10, 17, 24, 31, 38}:
                raise CrashError

        def _send(self, write, **options):
            self._die()
            return super()._send(write, **options)

        def transact(self, writes):
            self._die()
            return super().transact(writes)

    table = Dying(world.client, world.name)
    look_at(world, table=table, count=DynamoProjections(table, IDS).apply)
    rebuild(world)

    assert table.written > 10
    check(world)
    assert rebuild(world).is_exact


def test_what_is_over_by_itself_is_missed_by_no_audit_and_written_by_no_rebuild(dynamodb, monkeypatch):
    monkeypatch.setattr("intake.table.items.time.time", NOON.timestamp)
    world = make_world(dynamodb, 24)
    rebuild(world)
    world.minute += 200 * 24 * 60
    over = [one for one in world.items() if "expires" in one and float(one["expires"]["N"]) < world.clock().timestamp()]
    for item in over:
        world.client.delete_item(TableName=world.name, Key={"pk": item["pk"], "sk": item["sk"]})
    assert {item["pk"]["S"].partition("#")[0] for item in over} >= {"MATCH", "MINUTES", "CHANGES"}
    left = world.items()

    assert audit(world).is_exact
    assert rebuild(world).is_exact
    assert world.items() == left
