"""The buckets behind the `Objects` port.

Sources: Amazon S3 API Reference, GetObject, CopyObject, HeadObject, GetObjectTagging.
"""

import base64
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ContentionError, ObjectChangedError, ObjectMissingError, ObjectTakenError
from intake.files.model import ObjectVersion
from intake.storage.model import SOURCE_VERSION, Copied, FoundObject, ObjectRange
from intake.storage.s3.large_copies import LargeCopies, LargeCopy, describe_source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})
LARGEST_SINGLE_COPY = 256 * 1024**2
"""Bytes that S3 copies in one call within seconds. What is larger is copied in parts (docs/adr/0055); CopyObject itself
takes up to 5 GiB."""


class S3Objects:
    """Reads, copies and finds objects."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client
        self._large_copies = LargeCopies(client)

    def read(self, source: ObjectVersion, start: int, length: int) -> ObjectRange:
        try:
            answer = self._s3.get_object(
                Bucket=source.bucket,
                Key=source.key,
                Range=f"bytes={start}-{start + length - 1}",
                **_version(source),
            )
        except ClientError as error:
            if read_error_code(error) != "InvalidRange" or start:
                raise _translate(error, source) from error
            # No range of an empty object can be satisfied, so it is asked about instead of read.
            described = self.describe(source)
            if described.total:
                raise ObjectChangedError(f"an object in {source.bucket} was not readable from its start") from error
            return described
        with answer["Body"] as body:
            if "ContentRange" in answer:
                total = int(answer["ContentRange"].rpartition("/")[2])
            else:
                # A server may ignore the range and send everything (RFC 9110, 14.2); take no more than was asked for.
                total = answer["ContentLength"]
                body.read(start)
            data = body.read(length)
        version, metadata = answer.get("VersionId"), answer["Metadata"]
        return ObjectRange(data, total, answer["ETag"], version, answer["LastModified"], metadata)

    def copy(self, source: ObjectVersion, etag: str, size: int, bucket: str, key: str) -> Copied:
        target = ObjectVersion(bucket, key)
        if size > LARGEST_SINGLE_COPY:
            return self._copy_in_parts(source, etag, size, target)
        try:
            # The source's metadata and tags stay behind: their sender may have put a patient's name there.
            answer = self._s3.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource=describe_source(source),
                CopySourceIfMatch=etag,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                MetadataDirective="REPLACE",
                Metadata=_mark_source(source),
                ContentType="application/octet-stream",
                TaggingDirective="REPLACE",
            )
        except ClientError as error:
            if read_error_code(error) == "PreconditionFailed":
                return self._earlier_copy(source, target)
            raise _translate(error, source) from error
        stored = ObjectVersion(bucket, key, answer.get("VersionId"))
        return Copied(stored, _hex(answer["CopyObjectResult"].get("ChecksumSHA256")))

    def delete(self, stored: ObjectVersion) -> None:
        # Without a version id, S3 lays a delete marker over the object and keeps its bytes as a noncurrent version.
        self._s3.delete_object(Bucket=stored.bucket, Key=stored.key)

    def find(self, bucket: str, key: str) -> FoundObject | None:
        head = self._head(bucket, key)
        return FoundObject(ObjectVersion(bucket, key, head.get("VersionId")), head["LastModified"]) if head else None

    def describe(self, source: ObjectVersion) -> ObjectRange:
        try:
            head = self._s3.head_object(Bucket=source.bucket, Key=source.key, **_version(source))
        except ClientError as error:
            raise _translate(error, source) from error
        return ObjectRange(
            b"", head["ContentLength"], head["ETag"], head.get("VersionId"), head["LastModified"], head["Metadata"]
        )

    def tag(self, source: ObjectVersion, name: str) -> str | None:
        try:
            answer = self._s3.get_object_tagging(Bucket=source.bucket, Key=source.key, **_version(source))
        except ClientError as error:
            raise _translate(error, source) from error
        return next((tag["Value"] for tag in answer["TagSet"] if tag["Key"] == name), None)

    def _copy_in_parts(self, source: ObjectVersion, etag: str, size: int, target: ObjectVersion) -> Copied:
        if not self._head(target.bucket, target.key):
            try:
                self._large_copies.copy(LargeCopy(source, etag, size, target, _mark_source(source)))
            except ClientError as error:
                raise _translate(error, source) from error
        return self._earlier_copy(source, target)

    def _earlier_copy(self, source: ObjectVersion, target: ObjectVersion) -> Copied:
        """Return the copy that stands at the target, if it is one of exactly this source."""
        head = self._head(target.bucket, target.key)
        if head is None:
            raise ObjectChangedError(f"the object in {source.bucket} changed before it could be copied")
        if head["Metadata"].get(SOURCE_VERSION) != (source.version_id or "null"):
            raise ObjectTakenError(f"another object's copy stands under the key in {target.bucket}")
        stored = ObjectVersion(target.bucket, target.key, head.get("VersionId"))
        whole = head.get("ChecksumType") != "COMPOSITE"
        return Copied(stored, _hex(head.get("ChecksumSHA256")) if whole else None)

    def _head(self, bucket: str, key: str) -> "HeadObjectOutputTypeDef | None":
        try:
            return self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if read_error_code(error) in MISSING:
                return None
            raise


class _VersionArgument(TypedDict, total=False):
    VersionId: str


def _version(source: ObjectVersion) -> _VersionArgument:
    return {"VersionId": source.version_id} if source.version_id else {}


def _mark_source(source: ObjectVersion) -> dict[str, str]:
    """Return the metadata by which a later delivery knows a copy as that of its own source."""
    return {SOURCE_VERSION: source.version_id or "null"}


def _hex(checksum: str | None) -> str | None:
    return base64.b64decode(checksum).hex() if checksum else None


def _translate(error: ClientError, source: ObjectVersion) -> Exception:
    """Return this system's error for an expected one of S3, else the error itself. Neither names the key."""
    code = read_error_code(error)
    if code in MISSING:
        return ObjectMissingError(f"the object version is no longer in {source.bucket}")
    if code == "PreconditionFailed":
        return ObjectChangedError(f"the object in {source.bucket} changed")
    if code == "ConditionalRequestConflict":
        return ContentionError("another delivery is copying the same object")
    return error
