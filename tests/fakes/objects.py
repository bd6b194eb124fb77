"""Versioned buckets, and the signing of requests to them."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from intake.errors import ConflictError, ObjectChangedError, ObjectMissingError, ObjectTakenError
from intake.files.model import ObjectVersion, now
from intake.operations.model import ObjectPage, StoredObject
from intake.storage.model import SOURCE_VERSION, Copied, FoundObject, ObjectRange, Part, Presigned
from tests.fakes.table import Clock


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object in `FakeObjects`."""

    data: bytes
    version_id: str
    etag: str
    last_modified: datetime
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeObjects:
    """Versioned buckets, behind the `Objects` and the `ObjectWriter` port."""

    versions: dict[tuple[str, str], list[StoredVersion]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    """How often each method was called."""
    bytes_read: int = 0
    tags: dict[ObjectVersion, dict[str, str]] = field(default_factory=dict)
    clock: Clock = now
    _written: int = 0
    """How many versions there ever were: S3 gives no id twice, not at another key or in another bucket, nor at the same
    one behind a deletion."""

    def put(self, bucket: str, key: str, data: bytes, metadata: dict[str, str] | None = None) -> ObjectVersion:
        """Store an object as a client would."""
        etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        held = self.versions.setdefault((bucket, key), [])
        self._written += 1
        held.append(StoredVersion(data, f"v{self._written}", etag, self.clock(), metadata or {}))
        return ObjectVersion(bucket, key, held[-1].version_id)

    def newest(self, bucket: str, key: str) -> bytes:
        return self.versions[bucket, key][-1].data

    def data(self, stored: ObjectVersion) -> bytes:
        return self._get(stored).data

    def read(self, source: ObjectVersion, start: int, length: int) -> ObjectRange:
        self.calls["read"] += 1
        held = self._get(source)
        data = held.data[start : start + length]
        self.bytes_read += len(data)
        return ObjectRange(data, len(held.data), held.etag, held.version_id, held.last_modified, held.metadata)

    def copy(self, source: ObjectVersion, etag: str, size: int, bucket: str, key: str) -> Copied:
        self.calls["copy"] += 1
        held = self._get(source)
        if held.etag != etag or len(held.data) != size:
            raise ObjectChangedError(source.key)
        marks = {SOURCE_VERSION: held.version_id}
        present = self.versions.get((bucket, key))
        if present and present[-1].metadata != marks:
            raise ObjectTakenError(key)
        copied = (
            ObjectVersion(bucket, key, present[-1].version_id) if present else self.put(bucket, key, held.data, marks)
        )
        return Copied(copied, hashlib.sha256(self.data(copied)).hexdigest())

    def create(self, target: ObjectVersion, blocks: Iterator[bytes], extension: str) -> None:
        self.calls["create"] += 1
        data = b"".join(blocks)
        if (target.bucket, target.key) not in self.versions:
            self.put(target.bucket, target.key, data, {"extension": extension} if extension else {})

    def delete(self, stored: ObjectVersion) -> None:
        self.calls["delete"] += 1
        self.versions.pop((stored.bucket, stored.key), None)

    def find(self, bucket: str, key: str) -> FoundObject | None:
        self.calls["find"] += 1
        held = self.versions.get((bucket, key))
        return FoundObject(ObjectVersion(bucket, key, held[-1].version_id), held[-1].last_modified) if held else None

    def objects(self, bucket: str, after: str, limit: int, prefix: str = "") -> ObjectPage:
        self.calls["objects"] += 1
        keys = sorted(
            key for held_in, key in self.versions if held_in == bucket and key > after and key.startswith(prefix)
        )
        held = tuple(
            self._list_entry(ObjectVersion(bucket, key), self.versions[bucket, key][-1], key) for key in keys[:limit]
        )
        return ObjectPage(held, held[-1].position if len(keys) > limit else "")

    def versions_of(self, bucket: str) -> list[StoredObject]:
        return [
            self._list_entry(ObjectVersion(bucket, key, one.version_id), one, f"{key}\0{place:05d}")
            for (held_in, key), kept in sorted(self.versions.items())
            if held_in == bucket
            for place, one in enumerate(reversed(kept))
        ]

    def _list_entry(self, version: ObjectVersion, stored: StoredVersion, position: str) -> StoredObject:
        return StoredObject(version, stored.last_modified, "-" in stored.etag, position, len(stored.data))

    def describe(self, source: ObjectVersion) -> ObjectRange:
        self.calls["describe"] += 1
        held = self._get(source)
        return ObjectRange(b"", len(held.data), held.etag, held.version_id, held.last_modified, held.metadata)

    def tag(self, source: ObjectVersion, name: str) -> str | None:
        self.calls["tag"] += 1
        self._get(source)
        return self.tags.get(source, {}).get(name)

    def _get(self, source: ObjectVersion) -> StoredVersion:
        held = self.versions.get((source.bucket, source.key), [])
        matching = [one for one in held if source.version_id in (None, one.version_id)]
        if not matching:
            raise ObjectMissingError(source.key)
        return matching[-1]


@dataclass
class FakeInventory:
    """Lists the buckets of `FakeObjects`, behind the `Inventory` port."""

    stored: FakeObjects

    def objects(self, bucket: str, after: str, limit: int, prefix: str = "") -> ObjectPage:
        return self.stored.objects(bucket, after, limit, prefix)

    def versions(self, bucket: str, after: str, limit: int) -> ObjectPage:
        behind = [held for held in self.stored.versions_of(bucket) if held.position > after]
        return ObjectPage(tuple(behind[:limit]), behind[limit - 1].position if len(behind) > limit else "")

    def skip_to(self, key: str) -> str:
        return f"{key}\0~"


@dataclass
class FakePresigner:
    """S3, as the portal uses it: signs nothing, and keeps the parts of multipart uploads."""

    clock: Clock = now
    open: dict[str, dict[int, Part]] = field(default_factory=dict)
    completed: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)
    """Keys at which an object stands."""

    def put(self, target: ObjectVersion, size: int, sha256: str | None, extension: str = "") -> Presigned:
        headers = {"content-type": "application/octet-stream", "if-none-match": "*"}
        told = {"x-amz-meta-extension": extension} if extension else {}
        return self._presign("PUT", target, {**headers, **told, **_checksum(sha256)}, f"size={size}")

    def start_multipart(self, target: ObjectVersion, extension: str = "") -> str:
        multipart_id = f"multipart-{len(self.open) + len(self.completed) + 1}"
        self.open[multipart_id] = {}
        return multipart_id

    def part(self, target: ObjectVersion, multipart_id: str, number: int, size: int, sha256: str) -> Presigned:
        query = f"partNumber={number}&uploadId={multipart_id}&size={size}"
        return self._presign("PUT", target, _checksum(sha256), query)

    def hold(self, multipart_id: str, number: int, size: int, sha256: str = "0" * 64) -> None:
        """Keep a part as S3 does when a client has sent it."""
        self.open[multipart_id][number] = Part(number, size, f'"etag-{number}"', sha256)

    def parts(self, target: ObjectVersion, multipart_id: str) -> tuple[Part, ...]:
        if multipart_id not in self.open:
            raise ObjectMissingError(target.key)
        return tuple(part for _, part in sorted(self.open[multipart_id].items()))

    def complete_multipart(self, target: ObjectVersion, multipart_id: str, parts: Sequence[Part]) -> None:
        held = self.parts(target, multipart_id)
        if not parts or any(part not in held for part in parts):
            raise ConflictError("S3 does not hold these parts.")
        self.completed[multipart_id] = tuple(parts)
        del self.open[multipart_id]

    def has_arrived(self, target: ObjectVersion) -> bool:
        return target.key in self.arrived

    def get(self, stored: ObjectVersion, file_name: str, shown_as: str = "") -> Presigned:
        shown = f"&response-content-type={shown_as}" if shown_as else ""
        return self._presign("GET", stored, {}, f"versionId={stored.version_id}{shown}")

    def _presign(self, method: str, target: ObjectVersion, headers: dict[str, str], query: str) -> Presigned:
        url = f"https://{target.bucket}.s3.test/{target.key}?{query}&X-Amz-Signature=fake"
        return Presigned(method, url, headers, self.clock() + timedelta(minutes=15))


def _checksum(sha256: str | None) -> dict[str, str]:
    if sha256 is None:
        return {}
    return {"x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode()}


@dataclass
class FakeRangeCopies:
    """Ranges of objects: what was shared, by its address."""

    objects: FakeObjects = field(default_factory=FakeObjects)
    shared: dict[str, bytes] = field(default_factory=dict)

    def share(self, source: ObjectVersion, start: int, length: int, media_type: str) -> str:
        address = f"https://ranges.s3.test/{source.key}/{start}-{length}?response-content-type={quote(media_type)}"
        self.shared[address] = self.objects.read(source, start, length).data
        return address
