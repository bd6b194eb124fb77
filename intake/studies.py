"""Studies in the table, behind the `Studies` port, and the part of them that may be written twice.

How many instances a study has is counted in the projections' transactions. Which modalities, numbers or uploads it has,
and since when, stands in sets and bounds, to which a repetition adds nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.batches import items_at
from intake.cursors import before, cursor_of
from intake.errors import NotFoundError
from intake.expressions import addition_to_sets
from intake.items import META, SERIES, Item, created_key, moment, plain, series_key, study_key, timestamp, wire
from intake.ports import Change, Page
from intake.study import LIMITS, LONGEST_UID, Instance, Series, Study

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_Sets = dict[str, set[Any]]


class DynamoStudies:
    """Reads what the projections have added up."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def studies(self, clinic_id: str, cursor: str | None, limit: int) -> Page[Study]:
        answer = self._dynamodb.query(
            TableName=self._table,
            IndexName="by_clinic",
            KeyConditionExpression="clinic_key = :studies AND created_key < :before",
            ExpressionAttributeValues=wire({":studies": _list_of(clinic_id), ":before": before(cursor)}),
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        listed = [plain(item) for item in answer["Items"]]
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in listed[:limit]]
        found = {item["pk"]: item for item in items_at(self._dynamodb, self._table, keys)}
        rows = tuple(_study(found[key["pk"]]) for key in keys if key["pk"] in found)
        return Page(rows, cursor_of(listed[limit - 1]["created_key"]) if len(listed) > limit else None)

    def study(self, clinic_id: str, study_uid: str) -> Study:
        items = self._items(clinic_id, study_uid) if len(study_uid) <= LONGEST_UID else {}
        if META not in items or "last_at" not in items[META]:
            raise NotFoundError("there is no such study")
        series = tuple(_series(item) for sort, item in items.items() if sort.startswith(SERIES))
        return _study(items[META], series)

    def _items(self, clinic_id: str, study_uid: str) -> dict[str, Item]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :study",
            ExpressionAttributeValues=wire({":study": study_key(clinic_id, study_uid)["pk"]}),
            ConsistentRead=True,
        )
        return {item["sk"]: item for page in pages for item in map(plain, page["Items"])}


@dataclass(slots=True)
class _Marks:
    """What changes say of one study or series, beside how many they are."""

    key: Item
    sets: _Sets = field(default_factory=dict)
    span: tuple[datetime, datetime] | None = None
    """The first and the last moment; for studies only."""

    def note(self, **values: object) -> None:
        for name, value in values.items():
            if value not in {"", None}:
                self.sets.setdefault(name, set()).add(value)

    def stretch(self, at: datetime) -> None:
        first, last = self.span or (at, at)
        self.span = (min(first, at), max(last, at))

    def unknown_to(self, held: Item) -> _Sets:
        """Return what the item does not hold yet, and has room for."""
        news = {name: values - held.get(name, set()) for name, values in self.sets.items()}
        room = {name: max(0, LIMITS[name] - len(held.get(name, ()))) for name in news}
        return {name: set(sorted(values)[: room[name]]) for name, values in news.items() if values and room[name]}


class StudyMarks:
    """Writes sets and bounds: at least once, in any order, by any number of workers."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def add(self, changes: Iterable[Change]) -> None:
        marks = _marks(changes)
        found = items_at(self._dynamodb, self._table, [mark.key for mark in marks])
        held = {(item["pk"], item["sk"]): item for item in found}
        for mark in marks:
            self._write(mark, held.get((mark.key["pk"], mark.key["sk"]), {}))

    def _write(self, mark: _Marks, held: Item) -> None:
        news = mark.unknown_to(held)
        if news:
            self._dynamodb.update_item(**addition_to_sets(self._table, mark.key, news))
        if mark.span:
            self._stretch(mark.key, held, *mark.span)

    def _stretch(self, key: Item, held: Item, first: datetime, last: datetime) -> None:
        if timestamp(first) < held.get("first_at", "~"):
            self._set_if(key, {"first_at": timestamp(first)}, "attribute_not_exists(first_at) OR first_at > :first_at")
        if timestamp(last) > held.get("last_at", ""):
            _, clinic_id, study_uid = key["pk"].split("#", 2)
            place = {"clinic_key": _list_of(clinic_id), "created_key": created_key(last, study_uid)}
            newer = "attribute_not_exists(last_at) OR last_at < :last_at"
            self._set_if(key, {"last_at": timestamp(last), **place}, newer)

    def _set_if(self, key: Item, values: Item, condition: str) -> None:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=wire(key),
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
                ConditionExpression=condition,
                ExpressionAttributeValues=wire({f":{name}": value for name, value in values.items()}),
            )
        except ClientError as error:
            # Another worker knew of an earlier or later one.
            if code_of(error) != "ConditionalCheckFailedException":
                raise


def _marks(changes: Iterable[Change]) -> list[_Marks]:
    marks: dict[tuple[str, ...], _Marks] = {}
    for change in changes:
        if change.instance is not None:
            _mark(marks, change, change.instance)
    return list(marks.values())


def _mark(marks: dict[tuple[str, ...], _Marks], change: Change, new: Instance) -> None:
    names = (change.clinic_id, new.study_uid)
    study = marks.setdefault(names, _Marks(study_key(*names)))
    study.note(modalities=new.modality, study_dates=new.study_date, patients=new.patient)
    study.note(uploads=change.upload_id, series=new.series_uid)
    study.stretch(change.at)
    series = marks.setdefault((*names, new.series_uid), _Marks(series_key(*names, new.series_uid)))
    series.note(modalities=new.modality, frames_of_reference=new.frame_of_reference, numbers=new.number)


def _list_of(clinic_id: str) -> str:
    return f"{clinic_id}#studies"


def _study(item: Item, series: tuple[Series, ...] = ()) -> Study:
    return Study(
        clinic_id=item["clinic_id"],
        study_uid=item["study_uid"],
        instances=item["instances"],
        bytes=item.get("bytes", 0),
        first_at=moment(item["first_at"]),
        last_at=moment(item["last_at"]),
        modalities=frozenset(item.get("modalities", ())),
        study_dates=frozenset(item.get("study_dates", ())),
        patients=frozenset(item.get("patients", ())),
        uploads=frozenset(item.get("uploads", ())),
        series_uids=frozenset(item.get("series", ())),
        series=series,
    )


def _series(item: Item) -> Series:
    return Series(
        series_uid=item["sk"].removeprefix(SERIES),
        instances=item.get("instances", 0),
        numbered=item.get("numbered", 0),
        modalities=frozenset(item.get("modalities", ())),
        frames_of_reference=frozenset(item.get("frames_of_reference", ())),
        numbers=frozenset(item.get("numbers", ())),
    )
