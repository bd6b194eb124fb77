"""The bucket of pictures behind the `Renditions` port.

Nothing of a file is told by its picture's metadata: the key is opaque, and the headers are the same for all.

Sources: Amazon S3 API Reference, HeadObject, GetObject, PutObject, DeleteObjects.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ContentionError
from intake.files.model import now
from intake.renditions.model import (
    STORED_TYPE,
    NoPreview,
    RenditionAnswer,
    RenditionRequest,
    list_keys,
    no_preview_key,
    rendition_key,
)

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

VALIDITY = timedelta(minutes=5)
"""Of a link. A browser has followed it within seconds; whoever finds it in a history later has nothing."""

NOTE_COUNTS_FOR = timedelta(days=30)

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_CACHING = f"private, max-age={int(VALIDITY.total_seconds())}"


class S3Renditions:
    """Keeps pictures in one bucket. To `sign`, `client` must have been made with the storage's `SIGNING`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._s3 = client
        self._bucket = bucket

    def find(self, request: RenditionRequest, edge: int) -> RenditionAnswer | None:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=rendition_key(request, edge))
        except ClientError as error:
            if read_error_code(error) not in _MISSING:
                raise
            return self._read_note(request)
        return RenditionAnswer(media_type=STORED_TYPE)

    def sign(self, request: RenditionRequest, edge: int) -> str:
        return self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": rendition_key(request, edge)},
            ExpiresIn=int(VALIDITY.total_seconds()),
        )

    def put(self, request: RenditionRequest, pictures: Mapping[int, bytes]) -> None:
        for edge, picture in pictures.items():
            # What only admins may see, and each look of which is noted, no browser keeps.
            self._put(rendition_key(request, edge), picture, STORED_TYPE, _CACHING if request.accepted else "no-store")

    def put_note(self, request: RenditionRequest, reason: NoPreview) -> None:
        self._put(no_preview_key(request), json.dumps({"reason": reason}).encode(), "application/json")

    def remove(self, clinic_id: str, file_id: str) -> None:
        # One call, whether they are there or not: to look first would cost more, and what is put meanwhile stayed.
        objects = [{"Key": key} for key in list_keys(clinic_id, file_id)]
        answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})  # type: ignore[typeddict-item]
        if answer.get("Errors"):
            raise ContentionError("pictures of a file could not all be removed")

    def _read_note(self, request: RenditionRequest) -> RenditionAnswer | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=no_preview_key(request))
        except ClientError as error:
            if read_error_code(error) not in _MISSING:
                raise
            return None
        with answer["Body"] as body:
            reason = NoPreview(json.loads(body.read())["reason"])
        return RenditionAnswer(reason=reason) if now() - answer["LastModified"] < NOTE_COUNTS_FOR else None

    def _put(self, key: str, body: bytes, media_type: str, caching: str = "no-store") -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=media_type, CacheControl=caching)
