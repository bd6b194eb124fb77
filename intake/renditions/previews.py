"""Which file shows a series: an accepted one from its middle, which the renderer is asked to draw.

It is looked for when a series is new or has grown much, and not for each file
(docs/adr/0071-a-series-is-shown-by-its-middle.md).
"""

from collections.abc import Callable, Iterator, Sequence

from intake.files.item_keys import file_key, place_series
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.renditions.model import RenditionRequest
from intake.studies.model import Unshown
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table

NEIGHBOURS = 4
"""Files that are looked at from the middle of a series on: some may be rejected ones, or were deleted since."""

Ask = Callable[[Sequence[RenditionRequest]], None]
"""Asks for pictures, and returns when the requests are safe."""


def _ask_for_none(requests: Sequence[RenditionRequest]) -> None:
    """Leave it to whoever looks first to have a picture made."""


class SeriesPreviews:
    """Finds what shows series by one read of the index for each whose middle lies elsewhere, and one of the records."""

    def __init__(self, table: Table, ask: Ask = _ask_for_none) -> None:
        self._table = table
        self._ask = ask

    def choose(self, series: Sequence[Unshown]) -> list[str]:
        candidates = [[*dict.fromkeys((*self._find_neighbours(one), *one.arrived))] for one in series]
        files = [file_id for some in candidates for file_id in some]
        records = dict(zip(files, self._table.batch_get([file_key(file_id) for file_id in files]), strict=True))
        chosen = [
            next((record for file_id in some if (record := records[file_id]) and _shows(record, one)), None)
            for one, some in zip(series, candidates, strict=True)
        ]
        drawn = zip(series, chosen, strict=True)
        requests = [_describe(record) for one, record in drawn if record and one.drawn]
        if requests:
            self._ask(requests)
        return [record["file_id"] if record else "" for record in chosen]

    def _find_neighbours(self, one: Unshown) -> Iterator[str]:
        """Yield ids of files from the middle of a series on. The index may not know the newest ones yet."""
        if one.number is None:
            return
        stretch = (place_series(one.series_id, one.number), f"{one.series_id}#~")
        rows = Query(
            one.study_id,
            index="by_study",
            partition="study_of",
            sort="study_place",
            between=stretch,
            limit=NEIGHBOURS,
        )
        yield from (row["study_place"].rpartition("#")[2] for row in self._table.query(rows).rows)


def _shows(record: Item, one: Unshown) -> bool:
    """Say whether a file stands for an instance of its clinic's, and its object is kept."""
    is_instance = record["state"] == State.ACCEPTED and record.get("kind") == "dicom" and record.get("stored")
    is_first = not (record.get("duplicate_of") or record.get("superseded_by"))
    return bool(is_instance and is_first and record["clinic_id"] == one.clinic_id)


def _describe(record: Item) -> RenditionRequest:
    stored = record["stored"]
    return RenditionRequest(
        clinic_id=record["clinic_id"],
        file_id=record["file_id"],
        stored=ObjectVersion(stored["bucket"], stored["key"], stored.get("version_id")),
        size=record["size"],
        kind=record["kind"],
        accepted=True,
    )
