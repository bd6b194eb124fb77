"""Objects of buckets, and signed requests for them."""

from dataclasses import dataclass
from datetime import datetime

from intake.files.model import ObjectVersion

DECLARED_SHA256 = "sha256"
"""The object metadata that carries the declared checksum to the processor. Signed, so it is the portal's word."""

DECLARED_EXTENSION = "extension"
"""The object metadata that carries the declared name's extension, and nothing else of the name, to the processor."""

SOURCE_VERSION = "source-version"
"""The object metadata by which a copy of ours names the version that it was made of."""

RANGES = "ranges/"
"""Begins the keys of ranges of objects that are objects of their own for a day; the bucket's lifecycle goes by it."""


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """Bytes of one object version, and what S3 said of the whole."""

    data: bytes
    total: int
    """Size of the whole object in bytes."""
    etag: str
    version_id: str | None
    last_modified: datetime
    metadata: dict[str, str]
    """The sender's own, without `x-amz-meta-`. To be believed only where the portal signed it."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that S3 made, or had made for an earlier delivery of the same event."""

    stored: ObjectVersion
    sha256: str | None
    """Of the whole object, 64 hexadecimal digits; None for an object that S3 copies in parts (above 256 MiB)."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object that stands in a bucket."""

    version: ObjectVersion
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Presigned:
    """A request that its holder may send to S3 once, until it expires."""

    method: str
    url: str
    headers: dict[str, str]
    """To be sent exactly: they are part of the signature."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload that S3 already holds."""

    number: int
    size: int
    etag: str
    sha256: str
