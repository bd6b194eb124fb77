"""An archive of 2,000 slices through the deployed stack, whose workers all die halfway. Run by `make prove`."""

from tests.emulator.test_archives import killed_halfway, lane, partner, soon_redelivered

__all__ = ["lane", "partner", "soon_redelivered"]


def test_two_thousand_slices_in_one_archive_whose_workers_are_killed_halfway(partner, lane, soon_redelivered):
    killed_halfway(partner, lane, "two thousand", 2_000)
