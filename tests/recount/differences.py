"""The whole recount: everything that is kept beside the records, held against them, in sentences."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tests.recount.board import check_board, check_views
from tests.recount.claims import check_claims, check_identities, check_links
from tests.recount.exams import check_exams
from tests.recount.feed import check_feed
from tests.recount.objects import check_objects
from tests.recount.periods import check_devices, check_holdings, check_periods
from tests.recount.snapshot import Snapshot
from tests.recount.studies import check_digests, check_studies, check_times
from tests.recount.uploads import check_awaited, check_shares, check_steps, check_uploads


def find_differences(
    snapshot: Snapshot,
    *,
    at: datetime | None = None,
    in_order: bool = True,
    is_carrier: Callable[[str], bool] = lambda key: False,
    copied_once: bool = True,
) -> list[str]:
    """Return what differs from what the records and objects make, a sentence each; nothing where all is right.

    No sentence tells of a patient. `in_order`: nothing was redriven or reordered, so that feeds tell each file's steps
    in their order. `is_carrier` says by its key whether an arrival is a carrier file, which has no record.
    `copied_once`: S3 copies nothing over what stands there, which the emulator does (docs/what-is-proven-locally.md).
    """
    of_table = _list_differences(snapshot, at or datetime.now(UTC), in_order)
    return [*of_table, *check_objects(snapshot, is_carrier, copied_once=copied_once)]


def _list_differences(snapshot: Snapshot, at: datetime, in_order: bool) -> Iterator[str]:
    yield from check_steps(snapshot)
    yield from check_uploads(snapshot)
    yield from check_awaited(snapshot)
    yield from check_shares(snapshot)
    yield from check_holdings(snapshot)
    yield from check_periods(snapshot, at)
    yield from check_devices(snapshot)
    yield from check_studies(snapshot)
    yield from check_digests(snapshot)
    yield from check_times(snapshot)
    yield from check_board(snapshot)
    yield from check_views(snapshot)
    yield from check_exams(snapshot)
    yield from check_feed(snapshot, at, in_order=in_order)
    yield from check_claims(snapshot)
    yield from check_identities(snapshot)
    yield from check_links(snapshot)
