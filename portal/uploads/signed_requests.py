"""What the REST API answers on sending files: requests that are signed, and what of them is done."""

from datetime import datetime

from pydantic import BaseModel, Field

from intake.files.states import State
from portal.uploads.requests import FILE_ID, UPLOAD_ID


def is_absent(value: object) -> bool:
    return value is None


class Put(BaseModel):
    """A request that you send to S3. Send exactly these headers: they are signed."""

    url: str = Field(examples=["https://incoming.s3.eu-central-1.amazonaws.com/northside/2026/01/31/…"])
    headers: dict[str, str] = Field(examples=[{"content-type": "application/octet-stream", "if-none-match": "*"}])
    expires_at: datetime


class PartPut(Put):
    """A part's request."""

    number: int
    size: int = Field(description="In bytes.")


class HeldPart(BaseModel):
    """A part that S3 holds already."""

    number: int
    size: int
    sha256: str = Field(description="Of this part, hexadecimal: compare it before you go on with a file.")


class Multipart(BaseModel):
    """How to send a large file: sign each part with its SHA-256, send the parts in any order, then `complete`."""

    part_size: int = Field(description="In bytes; the last part is shorter.", examples=[16_777_216])
    part_count: int = Field(examples=[42])
    held: list[HeldPart] = Field(default=[], description="Parts that need not be sent again.")


class Reserved(BaseModel):
    """A file that may be sent now: by `put`, or by `multipart`."""

    file_id: str = Field(examples=[FILE_ID])
    name: str = Field(examples=["ct/slice-001.dcm"])
    state: State
    put: Put | None = Field(default=None, exclude_if=is_absent)
    multipart: Multipart | None = Field(default=None, exclude_if=is_absent)


class ReservedUpload(BaseModel):
    """An upload and what was just announced with it."""

    upload_id: str = Field(examples=[UPLOAD_ID])
    files: list[Reserved]


class PartList(BaseModel):
    """What S3 holds of a multipart file."""

    part_size: int
    part_count: int
    parts: list[HeldPart]


class PartPuts(BaseModel):
    """Signed parts."""

    parts: list[PartPut]
