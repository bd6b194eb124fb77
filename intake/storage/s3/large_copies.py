"""Copies of large objects within S3: in parts, and going on where an earlier try ended.

A function may end in the middle of a copy, so nothing but what S3 holds is remembered of it: the open upload at the
target's key, and its parts. S3 tells of an open upload neither its metadata nor where its parts came from, and two
objects' parts must never become one object. So their size says it: it follows from the source, of whose version there
is but one. An upload that holds no whole part yet is nobody's; the bucket's lifecycle removes it.

Sources: Amazon S3 API Reference, UploadPartCopy, ListMultipartUploads, ListParts, CompleteMultipartUpload.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ContentionError
from intake.files.model import ObjectVersion

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

_SMALLEST_PART = 128 * 1024**2
_MARK = 2**26
"""Part sizes differ by up to 64 MiB: two sources have the same one once in 67 million."""
_MOST_PARTS = 9_000
"""S3 takes 10,000."""
_AT_ONCE = 8
"""Parts that S3 copies at the same time; one at a time comes to some 100 MB/s."""


@dataclass(frozen=True, slots=True)
class LargeCopy:
    """What is to be copied where. `etag` is what the source must have, else S3 answers PreconditionFailed."""

    source: ObjectVersion
    etag: str
    size: int
    target: ObjectVersion
    metadata: dict[str, str]

    @property
    def part_size(self) -> int:
        """Bytes of each part but the last."""
        named = "\0".join((self.source.bucket, self.source.key, self.source.version_id or "null", self.etag))
        mark = int.from_bytes(hashlib.sha256(named.encode()).digest()[:8]) % _MARK
        return max(_SMALLEST_PART, -(-self.size // _MOST_PARTS)) + mark

    def list_ranges(self) -> dict[int, tuple[int, int]]:
        """Return the first and the last byte of each part, by its number."""
        starts = range(0, self.size, self.part_size)
        return {number: (start, min(start + self.part_size, self.size) - 1) for number, start in enumerate(starts, 1)}


class LargeCopies:
    """Copies in parts. Done twice, or by two at once, it is done once."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def copy(self, wanted: LargeCopy) -> None:
        """Make the copy, unless something stands at its key by then. Raises ClientError, ContentionError."""
        upload_id, held = self._find_upload(wanted) or (self._start_upload(wanted), {})
        missing = [number for number in wanted.list_ranges() if number not in held]
        threads = ThreadPoolExecutor(_AT_ONCE)
        try:
            copied = threads.map(lambda number: self._copy_part(wanted, upload_id, number), missing)
            etags = held | dict(zip(missing, copied, strict=True))
        finally:
            threads.shutdown(cancel_futures=True)
        self._complete(wanted.target, upload_id, etags)

    def _find_upload(self, wanted: LargeCopy) -> tuple[str, dict[int, str]] | None:
        """Return the open upload of an earlier try, with the ETags of the parts that it holds, by number."""
        sizes = {number: last - first + 1 for number, (first, last) in wanted.list_ranges().items()}
        for upload_id in self._list_uploads(wanted.target):
            held = self._list_parts(wanted.target, upload_id)
            ours = all(sizes.get(number) == size for number, (size, _) in held.items())
            if ours and any(size == wanted.part_size for size, _ in held.values()):
                return upload_id, {number: etag for number, (_, etag) in held.items()}
        return None

    def _list_uploads(self, target: ObjectVersion) -> Iterator[str]:
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=target.bucket, Prefix=target.key)
        for page in pages:
            yield from (row["UploadId"] for row in page.get("Uploads", ()) if row["Key"] == target.key)

    def _list_parts(self, target: ObjectVersion, upload_id: str) -> dict[int, tuple[int, str]]:
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        try:
            return {row["PartNumber"]: (row["Size"], row["ETag"]) for page in pages for row in page.get("Parts", ())}
        except ClientError as error:
            if read_error_code(error) != "NoSuchUpload":
                raise
            return {}  # Another delivery has just completed it.

    def _start_upload(self, wanted: LargeCopy) -> str:
        return self._s3.create_multipart_upload(
            Bucket=wanted.target.bucket,
            Key=wanted.target.key,
            ContentType="application/octet-stream",
            Metadata=wanted.metadata,
        )["UploadId"]

    def _copy_part(self, wanted: LargeCopy, upload_id: str, number: int) -> str:
        first, last = wanted.list_ranges()[number]
        try:
            answer = self._s3.upload_part_copy(
                Bucket=wanted.target.bucket,
                Key=wanted.target.key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource=describe_source(wanted.source),
                CopySourceIfMatch=wanted.etag,
                CopySourceRange=f"bytes={first}-{last}",
            )
        except ClientError as error:
            if read_error_code(error) == "NoSuchUpload":
                raise ContentionError("another delivery has ended the same copy") from error
            raise
        return answer["CopyPartResult"]["ETag"]

    def _complete(self, target: ObjectVersion, upload_id: str, etags: dict[int, str]) -> None:
        upload: Any = {"Bucket": target.bucket, "Key": target.key, "UploadId": upload_id}
        parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
        try:
            self._s3.complete_multipart_upload(**upload, IfNoneMatch="*", MultipartUpload={"Parts": parts})
        except ClientError as error:
            code = read_error_code(error)
            if code == "PreconditionFailed":
                abort_upload(self._s3, upload)
            elif code == "InvalidPart":
                raise ContentionError("another delivery has copied parts of the same upload") from error
            elif code != "NoSuchUpload":
                raise


def abort_upload(client: "S3Client", upload: Any) -> None:  # noqa: ANN401  # As boto3 names it.
    """Leave nothing of an upload open, which another delivery may have ended already."""
    try:
        client.abort_multipart_upload(**upload)
    except ClientError as error:
        if read_error_code(error) != "NoSuchUpload":
            raise


def describe_source(source: ObjectVersion) -> "CopySourceTypeDef":
    """Return a copy's source as boto3 takes it."""
    version = {"VersionId": source.version_id} if source.version_id else {}
    return {"Bucket": source.bucket, "Key": source.key, **version}  # type: ignore[typeddict-item]
