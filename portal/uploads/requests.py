"""What clients send to the REST API."""

import unicodedata
from itertools import islice
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from intake.files.keys import MAX_FILES_PER_UPLOAD

GIB = 1024**3
MAX_FILE = 50 * GIB
"""Bytes."""
MAX_FILES_PER_REQUEST = 500
MAX_PARTS_PER_REQUEST = 100
MAX_WITHDRAWN = 100
"""Files that one request gives up."""
MOST_UNKNOWN = 5
"""Fields of one object that are told to be unknown."""
MAX_PARTS = 10_000
"""Of one multipart upload (Amazon S3 User Guide, "Amazon S3 multipart upload limits")."""

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
UPLOAD_ID = "01k9ktx3mqf8g2w7v5n0ah4ebc"
FILE_ID = f"{UPLOAD_ID}-00000"

# Names are shown to the sender's clinic; no key ever holds one.
MAX_SEGMENT = 255

_FORBIDDEN = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters and of line and paragraph separators."""

_CHARACTER = r"[^/\u0000-\u001f\u007f-\u009f\u2028\u2029]"
NAME_PATTERN = f"^{_CHARACTER}{{1,{MAX_SEGMENT}}}(/{_CHARACTER}{{1,{MAX_SEGMENT}}})*$"
"""What `check_name` allows, as a regular expression for the API's description."""


def check_name(name: str) -> str:
    """Return `name`, a file's name or its relative path in a dropped folder. Raises ValueError."""
    if any(unicodedata.category(character) in _FORBIDDEN for character in name):
        raise ValueError("must not hold control characters or line breaks")
    if any(not segment or len(segment) > MAX_SEGMENT for segment in name.split("/")):
        raise ValueError("each part of the path must have 1 to 255 characters")
    return name


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]
Name = Annotated[
    str, Field(min_length=1, max_length=1024, json_schema_extra={"pattern": NAME_PATTERN}), AfterValidator(check_name)
]


def _read_whole(value: object) -> object:
    """JSON knows one kind of number: 3.0 is a whole one (JSON Schema, 6.1.1), and `true` and "3" are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_read_whole)


class Request(BaseModel):
    """What clients send. A field that is not known is an error: it is a typing mistake more often than not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few_unknown(cls, given: object) -> object:
        """Look at the first fields only that we do not know: each is a fault, and a body holds 200,000 of them."""
        if not isinstance(given, dict) or len(given) <= len(cls.model_fields):
            return given
        known = {name: value for name, value in given.items() if name in cls.model_fields}
        unknown = ((name, value) for name, value in given.items() if name not in cls.model_fields)
        return known | dict(islice(unknown, MOST_UNKNOWN))


class Announced(Request):
    """A file that is going to be sent."""

    name: Name = Field(
        description="As the sender calls it; may be a relative path. Control characters are not allowed.",
        examples=["ct/slice-001.dcm"],
    )
    size: Annotated[int, Field(strict=True, ge=0, le=MAX_FILE, description="In bytes.", examples=[528_384]), WHOLE]
    sha256: Sha256 | None = Field(
        default=None,
        description="Of the whole file, hexadecimal. S3 then refuses any other bytes (files up to 64 MiB).",
        examples=[SHA256],
    )


Files = Annotated[list[Announced], Field(min_length=1, max_length=MAX_FILES_PER_REQUEST)]


class AddFiles(Request):
    """Files to be sent with an upload."""

    files: Files


class NewUpload(AddFiles):
    """An upload to begin."""

    reference: str = Field(
        default="", max_length=200, description="Your own, to find it again. No patient data.", examples=["batch-117"]
    )
    note: str = Field(
        default="",
        max_length=2000,
        description="Anything worth telling. Shown to your clinic and to nobody else.",
        examples=["Second half of Monday's list."],
    )
    expected: Annotated[int, Field(strict=True, ge=1, le=MAX_FILES_PER_UPLOAD), WHOLE] | None = Field(
        default=None,
        description="How many files you mean to send in all, so that the receipt tells how many are missing. Those in "
        "archives count, archives do not.",
        examples=[120],
    )
    expected_images: Annotated[int, Field(strict=True, ge=1, le=MAX_FILES_PER_UPLOAD), WHOLE] | None = Field(
        default=None,
        description="How many images you mean to send in all, where documents may come with them: those in archives "
        "count. May stand beside `expected`.",
        examples=[120],
    )


class WantedPart(Request):
    """A part of a file that is to be signed."""

    number: Annotated[int, Field(strict=True, ge=1, le=MAX_PARTS), WHOLE]
    sha256: Sha256 = Field(description="Of this part, hexadecimal.", examples=[SHA256])


class Sign(Request):
    """Which parts to sign; without any, a small file's PUT is signed anew, and a large file's plan is told."""

    parts: list[WantedPart] = Field(default=[], max_length=MAX_PARTS_PER_REQUEST)


class Withdraw(Request):
    """Files that are not going to be sent after all."""

    file_ids: list[str] = Field(min_length=1, max_length=MAX_WITHDRAWN, examples=[[FILE_ID]])
