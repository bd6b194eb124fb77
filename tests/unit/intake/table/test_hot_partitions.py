"""No partition key takes more units for a file than DynamoDB serves at the rates that senders come with."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.partition_load import Simulation, come_back_in_half_an_hour
from tests.benchmarks.partition_loads import (
    CLAIM_UNITS,
    ENTRY_UNITS,
    RESERVATION_UNITS,
    VERDICT_UNITS,
    archive,
    bystander,
    hospital,
    migration,
    together,
)
from tests.metering.partitions import SCENARIOS, Heat, measure, write_table
from tests.unit.intake.conftest import create_table

PAGE = Path("docs/throughput.md")
LEAST = 650
"""Files a second that each partition key has to bear: twice what the hospital of `docs/throughput.md` sends at once."""

SHARDS = 4


@pytest.fixture(scope="module")
def heats(module_aws):
    client = module_aws.client("dynamodb")

    def open_table(name):
        create_table(client, name)
        return client

    return {name: measure(run, open_table) for name, run in SCENARIOS.items()}


def test_every_partition_key_bears_what_real_senders_bring(heats):
    for name, places in heats.items():
        for place, heat in places.items():
            assert heat.files_a_second >= LEAST, (name, place, heat)


def test_the_page_tells_what_each_partition_key_takes(heats):
    """Who makes one hotter, or cooler, writes it there."""
    held = re.search(r"<!-- units -->\n\n(.*?)\n\n<!-- end of units -->", PAGE.read_text(), re.DOTALL)
    assert held
    assert held[1] + "\n" == write_table(heats), f"the page should hold\n{write_table(heats)}"


def test_what_is_simulated_is_what_was_metered(heats):
    places = heats["announced by the hundred"]
    own = places["table", "UPLOAD#{id}#{n}"]
    assert own.a_file * SHARDS == VERDICT_UNITS + RESERVATION_UNITS
    assert places["table", "CLAIM#{clinic}#sop:{uid}"] == Heat(0, CLAIM_UNITS)
    for place in ("by_clinic_state", "{clinic}#accepted"), ("by_study", "{id}"), ("by_patient", "{clinic}#{digest}"):
        assert places[place].a_file == ENTRY_UNITS


def test_a_hospital_that_drops_300_files_a_second_waits_for_nothing():
    results = Simulation().run(together(hospital(40, SHARDS), bystander(40, SHARDS)))
    assert results["hospital"].percentile(0.95) < 1
    assert results["bystander"].percentile(0.95) < 1
    assert results["hospital"].throttled == 0


def test_one_partition_an_upload_and_half_an_hour_made_them_wait():
    results = Simulation(patience_s=0.8, come_back=come_back_in_half_an_hour).run(hospital(40, 1))
    assert results["hospital"].percentile(0.95) > 1000


def test_a_clinic_beyond_a_partitions_limit_is_slowed_down_and_loses_nothing():
    results = Simulation().run(together(migration(10, SHARDS, 1000), bystander(20, SHARDS)))
    assert len(results["migration"].waits) == 10_000
    assert results["migration"].given_up == 0
    assert max(results["migration"].waits) < 60


def test_an_archive_is_judged_at_the_partitions_pace_and_none_of_it_is_given_up():
    results = Simulation().run(together(archive(5000, SHARDS), bystander(20, SHARDS)))
    assert len(results["archive"].waits) == 5000
    assert results["archive"].given_up == 0
    assert results["archive"].last_at < 30
    assert results["bystander"].percentile(0.95) < 10


def test_a_run_is_the_same_every_time():
    first, second = (Simulation().run(archive(2000, SHARDS))["archive"].waits for _ in range(2))
    assert first == second
