"""S3 as files are sent there, behind the `Presigner` and the `ObjectWriter` port: by others, or by the system itself.

Sources: Amazon S3 User Guide, "Uploading objects with presigned URLs", "Checking object integrity", "Conditional
writes"; API Reference, CreateMultipartUpload, UploadPart, ListParts, CompleteMultipartUpload,
ListObjectsV2.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.config import Config
from botocore.exceptions import ClientError

from intake.aws_errors import AWS_ERRORS, read_error_code
from intake.errors import ConflictError, ContentionError, ObjectMissingError
from intake.files.model import ObjectVersion, now
from intake.storage.model import DECLARED_EXTENSION, DECLARED_SHA256, Part, Presigned
from intake.storage.s3.large_copies import abort_upload

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

SIGNING = Config(signature_version="s3v4", request_checksum_calculation="when_required")
"""What a client that signs for others needs: else botocore signs a checksum of its own empty body into the URL."""

VALIDITY = timedelta(minutes=15)
CONTENT_TYPE = "application/octet-stream"
_OTHERS_AT_IT = frozenset({"ConditionalRequestConflict", "InvalidPart", "NoSuchUpload"})
"""Codes of calls for an upload that another delivery has sent parts to, or ended."""
PART = 8 * 1024**2
"""Bytes that are held at a time while they are written; S3 wants 5 MiB in every part but the last."""
_REFUSED = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidRequest", "BadDigest"})


class S3Presigner:
    """Signs requests for single objects. `client` must have been made with the `SIGNING` configuration."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def put(self, target: ObjectVersion, size: int, sha256: str | None, extension: str = "") -> Presigned:
        headers = {"Content-Type": CONTENT_TYPE, "If-None-Match": "*"}
        parameters: dict[str, Any] = {"ContentType": CONTENT_TYPE, "IfNoneMatch": "*", "ContentLength": size}
        declared = _describe_declaration(sha256, extension)
        if sha256:
            headers["x-amz-checksum-sha256"] = parameters["ChecksumSHA256"] = _base64(sha256)
        if declared:
            headers |= {f"x-amz-meta-{name}": value for name, value in declared.items()}
            parameters["Metadata"] = declared
        return self._sign("put_object", "PUT", target, parameters, headers)

    def start_multipart(self, target: ObjectVersion, extension: str = "") -> str:
        return _start_multipart(self._s3, target, extension)

    def part(self, target: ObjectVersion, multipart_id: str, number: int, size: int, sha256: str) -> Presigned:
        checksum = _base64(sha256)
        parameters = {"UploadId": multipart_id, "PartNumber": number, "ContentLength": size, "ChecksumSHA256": checksum}
        return self._sign("upload_part", "PUT", target, parameters, {"x-amz-checksum-sha256": checksum})

    def parts(self, target: ObjectVersion, multipart_id: str) -> tuple[Part, ...]:
        pages = self._s3.get_paginator("list_parts").paginate(
            Bucket=target.bucket, Key=target.key, UploadId=multipart_id
        )
        try:
            return tuple(
                Part(row["PartNumber"], row["Size"], row["ETag"], base64.b64decode(row["ChecksumSHA256"]).hex())
                for page in pages
                for row in page.get("Parts", ())
            )
        except ClientError as error:
            raise _translate(error) from error

    def complete_multipart(self, target: ObjectVersion, multipart_id: str, parts: Sequence[Part]) -> None:
        try:
            self._s3.complete_multipart_upload(
                Bucket=target.bucket,
                Key=target.key,
                UploadId=multipart_id,
                IfNoneMatch="*",
                MultipartUpload={
                    "Parts": [
                        {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": _base64(part.sha256)}
                        for part in parts
                    ]
                },
            )
        except ClientError as error:
            raise _translate(error) from error

    def has_arrived(self, target: ObjectVersion) -> bool:
        # By a list of one, since the portal may read no file that arrives. What the key begins with sorts behind it.
        found = self._s3.list_objects_v2(Bucket=target.bucket, Prefix=target.key, MaxKeys=1)
        return any(row["Key"] == target.key for row in found.get("Contents", ()))

    def get(self, stored: ObjectVersion, file_name: str, shown_as: str = "") -> Presigned:
        disposition = "inline" if shown_as else "attachment"
        parameters: dict[str, Any] = {
            "ResponseContentDisposition": f"{disposition}; filename*=UTF-8''{quote(file_name, safe='')}",
            "ResponseContentType": shown_as or CONTENT_TYPE,
            "ResponseCacheControl": "no-store",
        }
        if stored.version_id:
            parameters["VersionId"] = stored.version_id
        return self._sign("get_object", "GET", stored, parameters, {})

    def _sign(
        self, operation: str, method: str, target: ObjectVersion, parameters: dict[str, Any], headers: dict[str, str]
    ) -> Presigned:
        expires_at = now() + VALIDITY
        url = self._s3.generate_presigned_url(
            operation,
            Params={"Bucket": target.bucket, "Key": target.key, **parameters},
            ExpiresIn=int(VALIDITY.total_seconds()),
            HttpMethod=method,
        )
        return Presigned(method, url, headers, expires_at)


class S3Writer:
    """Writes objects of any size in bounded memory, and none twice; what was cut goes on where it ended."""

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
            if read_error_code(error) in _OTHERS_AT_IT:
                raise ContentionError("another delivery is writing the same object") from error
            if read_error_code(error) != "PreconditionFailed":
                raise

    def _put(self, target: ObjectVersion, data: bytes, extension: str) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        self._s3.put_object(
            Bucket=target.bucket,
            Key=target.key,
            Body=data,
            ContentType=CONTENT_TYPE,
            IfNoneMatch="*",
            ChecksumSHA256=_base64(sha256),
            Metadata=_describe_declaration(sha256, extension),
        )

    def _put_in_parts(self, target: ObjectVersion, parts: Iterator[bytes], extension: str) -> None:
        """Send what S3 does not hold of an earlier try, which may have been cut: parts are known by their checksums."""
        upload_id, held = self._find_upload(target) or (_start_multipart(self._s3, target, extension), {})
        upload: dict[str, Any] = {"Bucket": target.bucket, "Key": target.key, "UploadId": upload_id}
        with ExitStack() as undo:
            undo.callback(abort_upload, self._s3, upload)
            try:
                sent = [self._send_part(upload, number, data, held) for number, data in enumerate(parts, 1)]
                self._s3.complete_multipart_upload(**upload, IfNoneMatch="*", MultipartUpload={"Parts": sent})
            except AWS_ERRORS as error:
                if not isinstance(error, ClientError) or read_error_code(error) != "PreconditionFailed":
                    undo.pop_all()  # The next delivery goes on with it.
                raise
            undo.pop_all()

    def _find_upload(self, target: ObjectVersion) -> tuple[str, dict[tuple[int, str], str]] | None:
        """Return an open upload at a key, and the ETags of the parts that it holds, by number and checksum."""
        answer = self._s3.list_multipart_uploads(Bucket=target.bucket, Prefix=target.key)
        upload_id = next((row["UploadId"] for row in answer.get("Uploads", ()) if row["Key"] == target.key), None)
        if upload_id is None:
            return None
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        rows = [row for page in pages for row in page.get("Parts", ())]
        return upload_id, {(row["PartNumber"], row.get("ChecksumSHA256", "")): row["ETag"] for row in rows}

    def _send_part(
        self, upload: dict[str, Any], number: int, data: bytes, held: dict[tuple[int, str], str]
    ) -> "CompletedPartTypeDef":
        checksum = _base64(hashlib.sha256(data).hexdigest())
        etag = held.get((number, checksum))
        if etag is None:
            etag = self._s3.upload_part(**upload, PartNumber=number, Body=data, ChecksumSHA256=checksum)["ETag"]
        return {"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum}


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


def _describe_declaration(sha256: str | None, extension: str) -> dict[str, str]:
    """Return the object metadata that tells the processor what was declared."""
    return {name: value for name, value in ((DECLARED_SHA256, sha256), (DECLARED_EXTENSION, extension)) if value}


def _start_multipart(client: "S3Client", target: ObjectVersion, extension: str) -> str:
    return client.create_multipart_upload(
        Bucket=target.bucket,
        Key=target.key,
        ContentType=CONTENT_TYPE,
        ChecksumAlgorithm="SHA256",
        Metadata=_describe_declaration(None, extension),
    )["UploadId"]


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


def _translate(error: ClientError) -> Exception:
    code = read_error_code(error)
    if code == "NoSuchUpload":
        return ObjectMissingError("the multipart upload is complete or was given up")
    if code == "PreconditionFailed":
        return ConflictError("the file has already been uploaded")
    if code in _REFUSED:
        return ConflictError(f"S3 refused to join the parts: {code}")
    return error
