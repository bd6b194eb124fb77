"""Writing the analytics' files, behind the `AnalyticsFiles` port (source: Amazon S3 API Reference, PutObject)."""

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class S3AnalyticsFiles:
    """Puts files into the bucket of logs and analytics.

    That bucket encrypts with S3's own key where nothing is said, as S3's access logs want it; these files are encrypted
    with the key of the records that they come from.
    """

    def __init__(self, client: "S3Client", bucket: str, key_arn: str) -> None:
        self._s3 = client
        self._bucket = bucket
        self._key_arn = key_arn

    def put(self, key: str, body: bytes) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType="application/gzip",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self._key_arn,
            BucketKeyEnabled=True,
        )
