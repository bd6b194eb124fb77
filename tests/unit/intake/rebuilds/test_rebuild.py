"""A clinic's projections, made anew by its records: as the projector would have made them that nobody disturbed."""

import os
from random import Random

import pytest

from intake.projections.projections import DynamoProjections
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.pace import Pace
from intake.rebuilds.rebuild import Rebuild, Report
from intake.table.table import deserialize
from tests.records import IDS
from tests.unit.intake.rebuilds.world import CLINIC, World

LIVES = int(os.environ.get("REBUILD_LIVES", "2"))
STEPS = 40
PASSING = {"writes", "expires", "updated_at", "kept_until", "untold", "label_writes"}
LISTED = {"clinic_key", "clinic_state", "state_shard", "upload_id", "study_id", "clinic_id", "trouble_of", "state"}
COUNTED = ("UPLOAD", "STUDY", "BOARD", "HOLDINGS", "MINUTES", "HOURS", "DAYS", "DEVICES")


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
        # What came first may be told again at the end: readers of before learn that it is past.
        reached = item["preceding"] if reached is None else reached
        assert item["preceding"] == reached
        rows += item.get("rows", [])
        reached += len(item.get("rows", []))
    return sorted((row["file_id"], row["revision"], row["before"], row["after"], row["at"]) for row in rows)


def rebuild(world, table=None):
    count = None if table else DynamoProjections(world.table, IDS).apply
    report = Report()
    for _ in Rebuild(table or world.table, IDS, Pace(1e9), count, world.clock).rebuild_clinic(CLINIC, report):
        pass
    assert report.busy == []
    return report.findings


def audit(world):
    return rebuild(world, DryTable(world.client, world.name))


def live(dynamodb, seed):
    """Return a world, and beside it another one in which the projector was never disturbed."""
    world = World(dynamodb, Random(seed))
    world.live(STEPS)
    undisturbed = DynamoProjections(world.copy("undisturbed"), IDS)
    for change in world.stream:
        undisturbed.apply([change])
    return world


@pytest.mark.parametrize("seed", range(LIVES))
def test_what_was_lost_deleted_and_damaged_is_as_if_the_projector_had_never_been_disturbed(dynamodb, seed):
    world = live(dynamodb, seed)
    world.project_some(lost=0.3)
    world.damage(6)

    found = audit(world)
    assert not found.is_exact
    before = world.items()
    assert before == world.items()
    rebuild(world)

    assert read_sums(world, world.name) == read_sums(world, "undisturbed")
    assert {*read_feed(world, world.name)} == {*read_feed(world, "undisturbed")}
    written = world.items()
    assert rebuild(world).is_exact
    assert world.items() == written
