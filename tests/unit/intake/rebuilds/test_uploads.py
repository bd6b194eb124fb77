"""An upload's sums, made anew by its records: as the projector would have made them that nobody disturbed."""

import os
from random import Random

import pytest

from intake.projections.projections import DynamoProjections
from intake.rebuilds.evidence import FeedEvidence
from intake.rebuilds.pace import Pace
from intake.rebuilds.reader import Reader
from intake.rebuilds.uploads import UploadRebuild
from intake.table.table import deserialize
from tests.records import IDS
from tests.unit.intake.rebuilds.world import CLINIC, DIRECT, UPLOADS, World

LIVES = int(os.environ.get("REBUILD_LIVES", "4"))
STEPS = 40


def unhurried():
    return Pace(units_per_s=1e9)


def read_uploads(world, name):
    """Return the numbers that stand of uploads, and in which lists, without what tells how often it was written."""
    listed = {"clinic_key", "clinic_state", "state_shard", "upload_id", "study_id", "clinic_id"}
    found = {}
    for item in map(deserialize, world.items(name)):
        if item["pk"].startswith("UPLOAD#") and not item["sk"].startswith("FILE#"):
            numbers = {name for name, value in item.items() if isinstance(value, int) and value}
            numbers -= {"writes", "expires"}
            told = numbers | (listed & item.keys() if numbers else set())
            found[item["pk"], item["sk"]] = {name: item[name] for name in told}
    return {key: told for key, told in found.items() if told}


def rebuild(world, **options):
    reader = Reader(world.table, unhurried())
    count = options.get("count", DynamoProjections(world.table, IDS).apply)
    evidence = FeedEvidence(reader, CLINIC, world.clock)
    uploads = UploadRebuild(world.table, reader, count, world.clock)
    return {upload_id: uploads.rebuild(upload_id, evidence) for upload_id in (*UPLOADS, DIRECT)}


@pytest.mark.parametrize("seed", range(LIVES))
def test_what_was_lost_deleted_and_damaged_is_as_if_the_projector_had_never_been_disturbed(dynamodb, seed):
    world = World(dynamodb, Random(seed))
    world.live(STEPS)
    undisturbed = DynamoProjections(world.copy("undisturbed"), IDS)
    for change in world.stream:
        undisturbed.apply([change])

    world.project_some(lost=0.3)
    world.damage(4)
    rebuild(world)

    assert read_uploads(world, world.name) == read_uploads(world, "undisturbed")
    assert all(found.is_exact for found in rebuild(world).values())
