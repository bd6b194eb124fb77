"""Writing into the incoming bucket, behind the `ObjectWriter` port.

Sources: Amazon S3 User Guide, "Conditional writes", "Uploading and copying objects using multipart upload".
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.errors import ContentionError
from intake.files.model import ObjectVersion
from intake.storage.s3.presigner import CONTENT_TYPE, describe_declaration

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART = 8 * 1024**2
"""Bytes that are held at a time; S3 wants 5 MiB in every part but the last."""


class S3Writer:
    """Writes objects of any size in bounded memory, and none twice."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def create(self, target: ObjectVersion, blocks: Iterator[bytes], extension: str) -> None:
        parts = _cut_parts(blocks)
        first = next(parts, b"")
        try:
            if len(first) < PART:
                self._put(target, first, extension)
            else:
                self._put_in_parts(target, chain((first,), parts), extension)
        except ClientError as error:
            if code_of(error) == "ConditionalRequestConflict":
                raise ContentionError("another delivery is writing the same object") from error
            if code_of(error) != "PreconditionFailed":
                raise

    def _put(self, target: ObjectVersion, data: bytes, extension: str) -> None:
        digest = hashlib.sha256(data)
        self._s3.put_object(
            Bucket=target.bucket,
            Key=target.key,
            Body=data,
            ContentType=CONTENT_TYPE,
            IfNoneMatch="*",
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            Metadata=describe_declaration(digest.hexdigest(), extension),
        )

    def _put_in_parts(self, target: ObjectVersion, parts: Iterator[bytes], extension: str) -> None:
        upload_id = self._s3.create_multipart_upload(
            Bucket=target.bucket,
            Key=target.key,
            ContentType=CONTENT_TYPE,
            ChecksumAlgorithm="SHA256",
            Metadata=describe_declaration(None, extension),
        )["UploadId"]
        with ExitStack() as undo:
            undo.callback(self._abort, target, upload_id)
            sent = [self._put_part(target, upload_id, number, part) for number, part in enumerate(parts, 1)]
            self._s3.complete_multipart_upload(
                Bucket=target.bucket,
                Key=target.key,
                UploadId=upload_id,
                IfNoneMatch="*",
                MultipartUpload={"Parts": sent},
            )
            undo.pop_all()

    def _put_part(self, target: ObjectVersion, upload_id: str, number: int, data: bytes) -> "CompletedPartTypeDef":
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = self._s3.upload_part(
            Bucket=target.bucket,
            Key=target.key,
            UploadId=upload_id,
            PartNumber=number,
            Body=data,
            ChecksumSHA256=checksum,
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _abort(self, target: ObjectVersion, upload_id: str) -> None:
        self._s3.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)


def _cut_parts(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in parts of one size, but for the last."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= PART:
            yield bytes(held[:PART])
            del held[:PART]
    if held:
        yield bytes(held)
