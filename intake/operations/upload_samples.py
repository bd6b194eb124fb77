"""Uploads picked by chance: by a clinic's list of uploads, of which a bounded part is read.

Source: Amazon DynamoDB API Reference, Query.
"""

from datetime import datetime, timedelta
from random import Random

from intake.files.item_keys import COUNTS, META, UPLOADS, upload_key
from intake.files.model import timestamp
from intake.operations.model import SampledUpload
from intake.records.file_lists import FileLists
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table

WINDOW = 1_000
"""Rows that a pick is among. Up to so many uploads of a clinic are equally likely; of more, as likely as the time is
long that the thousand before one have taken: so a morning's burst has no better chance than what comes by itself."""


class DynamoUploadSamples:
    """Draws. A list is closed to a circle: behind its end comes its beginning, so that no upload is at an edge."""

    def __init__(self, table: Table, chance: Random) -> None:
        self._table = table
        self._lists = FileLists(table)
        self._chance = chance

    def clinics(self) -> list[str]:
        return self._lists.clinics()

    def draw(self, clinic_id: str, count: int) -> list[SampledUpload]:
        oldest, reached = self._table.query(_list_uploads(clinic_id, limit=WINDOW))
        if reached is None:
            picked = self._chance.sample(oldest, min(count, len(oldest)))
        else:
            picked = self._pick(clinic_id, oldest, count)
        keys = [upload_key(row["upload_id"], sort) for row in picked for sort in (META, COUNTS)]
        items = [item or {} for item in self._table.batch_get(keys, consistent=False)]
        return [_describe(clinic_id, *of_one) for of_one in zip(picked, items[::2], items[1::2], strict=True)]

    def _pick(self, clinic_id: str, oldest: list[Item], count: int) -> list[Item]:
        """Pick some of more uploads than are read at once: one near each of some moments."""
        newest = self._table.query(_list_uploads(clinic_id, limit=1, newest_first=True)).rows[0]
        first, last = _read_time(oldest[0]), _read_time(newest)
        picked: dict[str, Item] = {}
        for _ in range(count):
            at = first + timedelta(seconds=self._chance.uniform(0, (last - first).total_seconds()))
            following = self._table.query(_list_uploads(clinic_id, limit=WINDOW, above=timestamp(at))).rows
            window = [*following, *oldest[: WINDOW - len(following)]]
            row = self._chance.choice([one for one in window if one["upload_id"] not in picked])
            picked[row["upload_id"]] = row
        return list(picked.values())


def _list_uploads(clinic_id: str, *, limit: int, newest_first: bool = False, above: str | None = None) -> Query:
    return Query(
        f"{clinic_id}#{UPLOADS}",
        index="by_clinic",
        partition="clinic_key",
        sort="created_key",
        limit=limit,
        newest_first=newest_first,
        above=above,
    )


def _describe(clinic_id: str, row: Item, meta: Item, counts: Item) -> SampledUpload:
    found = sum(number for name, number in counts.items() if name.startswith(("n_", "c_")))
    later = [moment(at) for at in (meta.get("announced_at"), counts.get("updated_at")) if at]
    return SampledUpload(
        clinic_id=clinic_id,
        upload_id=row["upload_id"],
        files=max(meta.get("declared", 0), found),
        changed_at=max([_read_time(row), *later]),
    )


def _read_time(row: Item) -> datetime:
    return moment(row["created_key"].partition("#")[0])
