"""A rebuild is exact whatever is counted between any two of its calls of the table, told by the feed or not."""

from contextlib import suppress
from datetime import timedelta

import pytest

from intake.rebuilds.clinics import ClinicRebuild
from intake.rebuilds.pace import Pace
from intake.rebuilds.reader import Reader
from intake.recounts.model import MovedError
from intake.table.table import Table
from tests.model import steps
from tests.model.snapshots import take
from tests.model.test_model import in_turn_and_at_once
from tests.model.world import World
from tests.recount.differences import find_differences

__all__ = ["in_turn_and_at_once"]

CLINIC = "lakeview"
DAMAGED = ("HOLDINGS", "MINUTES#", "HOURS#", "DAYS#", "DEVICES#")
AT_LATER = {"a file that the feed tells of": "table.csv", "an archive that it does not tell of yet": "mixed.zip"}


class Between:
    """Has a file be judged and counted before one of the calls, or counted that was judged long ago."""

    def __init__(self, world, before, *, judged=False):
        self.world, self.left, self.calls, self.judged = world, before, 0, judged
        world.dynamodb.before = self

    def __call__(self, operation):
        self.calls += 1
        if self.calls == self.left:
            self.world.dynamodb.before = lambda operation: None
            if not self.judged:
                steps.deliver(self.world, 0)
            steps.project_all(self.world, 0)
            # Nobody waits for a study that got a file just now.
            self.world.at += steps.REST
            self.world.dynamodb.before = self


def make_world(later):
    """Return a world where something is wrong of a clinic, and one more of its files has arrived."""
    world = World()
    steps.reserve(world, CLINIC, ["slice-1-1.dcm", "noise.dcm", later])
    first, second, last = world.list_files()
    for record in (first, second):
        steps.send(world, record, record.name)
        steps.deliver(world, 0)
    steps.project_all(world, 0)
    world.at += 2 * steps.REST
    steps.send(world, last, later)
    for pk, sort in [(pk, sort) for pk, items in world.dynamodb.items.items() for sort in items]:
        if pk.startswith(DAMAGED):
            world.dynamodb.remove(pk, sort)
    return world


def count_calls(later):
    world = make_world(later)
    counter = Between(world, 0)
    steps.rebuild(world, CLINIC)
    return counter.calls


@pytest.mark.parametrize("later", AT_LATER.values(), ids=AT_LATER)
def test_what_is_counted_before_any_call_of_a_rebuild_is_counted_once(later):
    for number in range(1, count_calls(later) + 1):
        world = make_world(later)
        between = Between(world, number)

        report = steps.rebuild(world, CLINIC)

        assert between.calls >= number
        assert report.busy == [], number
        assert find_differences(take(world, with_objects=False), at=world.at) == [], number


def test_a_clinic_to_which_archives_keep_coming_is_told_as_busy_and_mended_when_they_do_not():
    world = make_world("mixed.zip")
    feed, calls = world.dynamodb.items[f"CHANGES#{CLINIC}"], 0

    def count_an_archive(operation):
        nonlocal calls
        untold = int(feed["~HEAD"].get("untold", {"N": "0"})["N"])
        feed["~HEAD"] = {**feed["~HEAD"], "untold": {"N": str(untold + 1)}}
        calls += 1

    world.dynamodb.before = count_an_archive
    report = steps.rebuild(world, CLINIC)

    assert report.busy == [f"archives keep coming to clinic {CLINIC}, which are counted before they are told"]
    assert calls < 5 * count_calls("mixed.zip")
    world.dynamodb.before = lambda operation: None
    assert steps.rebuild(world, CLINIC).busy == []
    steps.project_all(world, 0)
    assert find_differences(take(world, with_objects=False), at=world.at) == []


def test_what_is_counted_late_before_any_call_into_a_stretch_that_is_over_is_counted_once():
    calls, number = 1, 0
    while number < calls:
        number += 1
        world = make_world("table.csv")
        steps.deliver(world, 0)
        world.at += timedelta(days=2)
        table = Table(world.dynamodb, "records", patience_s=0)
        reader = Reader(table, Pace(float("inf")))
        begun = reader.list_uploads(CLINIC)
        between = Between(world, number, judged=True)
        clinics = ClinicRebuild(table, reader, mends=True, clock=world.clock)

        with suppress(MovedError):
            clinics.rebuild(CLINIC, begun, min(begun.values()))
        calls = max(calls, between.calls) if number == 1 else calls
        clinics.rebuild(CLINIC, begun, min(begun.values()))

        steps.project_all(world, 0)
        assert find_differences(take(world, with_objects=False), at=world.at) == [], number
    assert calls > 10


def test_a_restored_record_that_was_judged_anew_is_counted_by_its_new_verdict():
    world = World()
    steps.reserve(world, CLINIC, ["noise.dcm"])
    (record,) = world.list_files()
    pk, sort = next((pk, sort) for pk, items in world.dynamodb.items.items() for sort in items if sort[:5] == "FILE#")
    backup = world.dynamodb.items[pk][sort]
    for name in ("noise.dcm", "table.csv"):
        world.dynamodb.items[pk][sort] = backup
        world.at += timedelta(days=1)
        steps.send(world, record, name)
        steps.deliver(world, 0)
        if name == "noise.dcm":
            steps.project_all(world, 0)
    world.at += timedelta(days=1)

    assert steps.rebuild(world, CLINIC).findings.uncounted == 1

    found = find_differences(take(world, with_objects=False), at=world.at)
    # Its feed goes on telling of its life before, too.
    assert [one for one in found if not one.startswith("The feed of")] == []
    assert steps.rebuild(world, CLINIC).findings.is_exact
