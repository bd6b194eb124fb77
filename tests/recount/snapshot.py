"""All items of the table and all versions of the buckets, read with plain boto3 and sorted by what they are.

How a packed attribute is unpacked (its dictionary) is the one thing that is taken from the product: a format, no sum.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from intake.table.items import unpack
from tests.recount.stories import Story

Item = dict[str, Any]

_read = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object, or a delete marker."""

    key: str
    version_id: str
    size: int
    is_latest: bool
    is_marker: bool = False


@dataclass(frozen=True)
class Bucket:
    """Every version in a bucket, by its key."""

    name: str
    versions: dict[str, list[Version]]

    def find_current(self, key: str) -> Version | None:
        """Return the object that a key leads to: none where a delete marker lies over it."""
        return next((one for one in self.versions.get(key, ()) if one.is_latest and not one.is_marker), None)

    def has_version(self, key: str, version_id: str) -> bool:
        return any(one.version_id == version_id and not one.is_marker for one in self.versions.get(key, ()))


@dataclass(frozen=True)
class Buckets:
    """The three buckets that files go through."""

    incoming: Bucket
    accepted: Bucket
    quarantine: Bucket

    def find(self, name: str) -> Bucket | None:
        return next((one for one in (self.incoming, self.accepted, self.quarantine) if one.name == name), None)


@dataclass(frozen=True)
class Snapshot:
    """Everything at one time. `buckets` is None where only the table is recounted."""

    items: dict[str, dict[str, Item]] = field(repr=False)
    """By partition and sort key."""
    buckets: Buckets | None = field(default=None, repr=False)

    @cached_property
    def stories(self) -> dict[str, Story]:
        """What became of each file, by its id."""
        return {
            item["file_id"]: Story(item)
            for partition, items in self.items.items()
            if partition.startswith("UPLOAD#")
            for sort, item in items.items()
            if sort.startswith("FILE#")
        }

    @cached_property
    def by_upload(self) -> dict[str, list[Story]]:
        found = defaultdict(list)
        for story in self.stories.values():
            found[story.upload_id].append(story)
        return found

    def list_kind(self, kind: str, sort: str = "") -> Iterator[tuple[str, str, Item]]:
        """Yield partition key without its kind, sort key and item of those items."""
        for partition, items in self.items.items():
            if partition.startswith(kind):
                for name, item in items.items():
                    if name.startswith(sort):
                        yield partition.removeprefix(kind), name, item

    def get(self, partition: str, sort: str) -> Item:
        return self.items.get(partition, {}).get(sort, {})


def take(dynamodb: Any, table: str, s3: Any = None, buckets: tuple[str, str, str] | None = None) -> Snapshot:
    """Read all of a table, and of its incoming, accepted and quarantine bucket."""
    items: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in scan(dynamodb, table):
        items[item["pk"]][item["sk"]] = item
    return Snapshot(dict(items), Buckets(*(read_bucket(s3, name) for name in buckets)) if buckets else None)


def scan(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            yield plain_item(item)


def read_bucket(s3: Any, name: str) -> Bucket:
    versions: dict[str, list[Version]] = defaultdict(list)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for row in page.get("Versions", ()):
            one = Version(row["Key"], row["VersionId"], row["Size"], row["IsLatest"])
            versions[row["Key"]].append(one)
        for row in page.get("DeleteMarkers", ()):
            one = Version(row["Key"], row["VersionId"], 0, row["IsLatest"], is_marker=True)
            versions[row["Key"]].append(one)
    return Bucket(name, dict(versions))


def plain_item(item: dict[str, Any]) -> Item:
    """Read an item as it travels."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: dict[str, Any]) -> Any:
    return unpack(value["B"]) if "B" in value else _integers(_read(value))


def _integers(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _integers(inner) for name, inner in value.items()}
    if isinstance(value, set):
        return {_integers(inner) for inner in value}
    return [_integers(inner) for inner in value] if isinstance(value, list) else value
