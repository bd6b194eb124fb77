"""Ranges of large objects as objects of their own, behind the `RangeCopies` port: copied by S3, which moves the bytes.

Such an object is gone within two days. Two requests at once make the same one twice, and whoever ended last is read.

Sources: Amazon S3 API Reference, UploadPartCopy (a source above 5 MiB may be copied by a range), HeadObject.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ObjectMissingError
from intake.files.model import ObjectVersion
from intake.storage.model import RANGES
from intake.storage.s3.large_copies import abort_upload, describe_source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

VALIDITY = timedelta(minutes=5)
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})


class S3RangeCopies:
    """Keeps ranges in one bucket. `client` must have been made with `SIGNING`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def share(self, source: ObjectVersion, start: int, length: int, media_type: str) -> str:
        key = f"{RANGES}{source.key}/{source.version_id}/{start}-{length}"
        if not self._stands(key):
            self._copy(source, f"bytes={start}-{start + length - 1}", key)
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentType": media_type,
                "ResponseCacheControl": "no-store",
            },
            ExpiresIn=int(VALIDITY.total_seconds()),
        )

    def _stands(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if read_error_code(error) not in _MISSING:
                raise
            return False
        return True

    def _copy(self, source: ObjectVersion, range_: str, key: str) -> None:
        opened = self._s3.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType="application/octet-stream")
        upload = {"Bucket": self._bucket, "Key": key, "UploadId": opened["UploadId"]}
        try:
            part = self._s3.upload_part_copy(
                Bucket=self._bucket,
                Key=key,
                UploadId=opened["UploadId"],
                PartNumber=1,
                CopySource=describe_source(source),
                CopySourceRange=range_,
            )
        except ClientError as error:
            abort_upload(self._s3, upload)
            if read_error_code(error) in _MISSING:
                raise ObjectMissingError("the object is gone") from error
            raise
        self._s3.complete_multipart_upload(
            Bucket=self._bucket,
            Key=key,
            UploadId=opened["UploadId"],
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]},
        )
