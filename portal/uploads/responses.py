"""What the REST API answers."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, model_validator

from intake.files.dealing import Reason
from intake.files.model import Finding, Severity, Source, Whose
from intake.files.states import State
from intake.files.upload_state import UploadState
from intake.rules import whose
from portal.uploads.requests import FILE_ID, SHA256, UPLOAD_ID
from portal.uploads.signed_requests import is_absent

Next: Any = Field(default=None, description="Cursor of the next page; absent on the last one.", exclude_if=is_absent)


class FindingView(BaseModel):
    """Something that the judge found."""

    code: str = Field(examples=["dicom.truncated"])
    severity: Severity
    message: str = Field(examples=["The file ends before its pixel data does."])
    remedy: str = Field(examples=["Export the image again and send the new file."])
    where: str = Field(examples=["(7FE0,0010)"])
    whose: Whose = Field(
        description="Whose business it is: the clinic's that sent the file, the vendor's of the system that wrote it, "
        "or nobody's."
    )

    @model_validator(mode="before")
    @classmethod
    def _convert_finding(cls, finding: object) -> object:
        return {**asdict(finding), "whose": whose(finding.code)} if isinstance(finding, Finding) else finding


class TimelineView(BaseModel):
    """A step in a file's story."""

    at: datetime
    actor: str
    event: str = Field(examples=["reserved"])
    detail: str


class DealingView(BaseModel):
    """What somebody said of a file, or of what an upload misses: it needs nobody any more."""

    reason: Reason
    by: str = Field(description="Opaque id of the person.")
    at: datetime


class FileRow(BaseModel):
    """A file in a list."""

    file_id: str = Field(examples=[FILE_ID])
    upload_id: str = Field(examples=[UPLOAD_ID])
    clinic_id: str = Field(examples=["northside"])
    name: str = Field(examples=["ct/slice-001.dcm"])
    size: int = Field(examples=[528_384])
    state: State
    source: Source
    kind: str | None = Field(examples=["dicom"])
    warnings: int = Field(description="How many findings warn.", examples=[0])
    codes: list[str] = Field(description="Codes of the findings that rejected the file.", examples=[[]])
    created_at: datetime
    updated_at: datetime


class FileView(FileRow):
    """All that is known of a file."""

    sha256: str | None = Field(examples=[SHA256])
    expires_at: datetime = Field(description="When a file that has not arrived is given up.")
    findings: list[FindingView]
    metadata: dict[str, Any] = Field(examples=[{"modality": "CT"}])
    timeline: list[TimelineView]
    duplicate_of: str | None = Field(
        default=None, description="File id of the accepted file that holds the same bytes, or the same image."
    )
    conflicts_with: str | None = Field(
        default=None,
        description="File id of the file that held this SOP Instance UID first, with another image. An accepted file "
        "took its place by review.",
    )
    superseded_by: str | None = Field(
        default=None, description="File id of the file that took this one's place by review."
    )
    replaced_by: str | None = Field(
        default=None, description="File id of the accepted file of the same upload that was sent in place of this one."
    )
    dealt_with: DealingView | None = Field(
        default=None, description="Somebody has said that this file, not accepted or never received, needs nobody."
    )
    parent: str | None = Field(default=None, description="File id of the archive that this file is an entry of.")
    rules_version: str | None = None
    timings: dict[str, int] = Field(default={}, description="In milliseconds.")


class UploadRow(BaseModel):
    """An upload in a list."""

    upload_id: str = Field(examples=[UPLOAD_ID])
    clinic_id: str = Field(examples=["northside"])
    state: UploadState = Field(
        description="`in_progress` while files have no verdict; then `missing` while some never came, or are fewer "
        "than expected; `needs_attention` while some were not accepted; else `complete`."
    )
    source: Source
    reference: str
    expected: int | None = Field(default=None, description="How many files the sender means to send in all.")
    expected_images: int | None = Field(default=None, description="How many images the sender means to send in all.")
    declared: int = Field(
        description="How many images and documents were announced, and found in archives. The sum of `counts`."
    )
    missing: int = Field(
        description="How many of them never came, or how many fewer there are than was expected.", examples=[0]
    )
    counts: dict[State, int] = Field(description="Images and documents by state.", examples=[{"accepted": 20}])
    archives: dict[State, int] = Field(
        description="Archives, and directories of media, by state. They are no files: what is in them counts.",
        examples=[{"accepted": 1}],
    )
    duplicates: int = Field(description="Accepted files that were here already.", examples=[0])
    warnings: int = Field(description="Accepted files that carry warnings.")
    closed: DealingView | None = Field(default=None, description="Somebody has said that nothing more is coming.")
    handled: dict[State, int] = Field(
        default={}, description="Those of `counts` and `archives` that need nobody any more: replaced, or dealt with."
    )
    created_at: datetime


class UploadView(UploadRow):
    """An upload and a page of its files, in the order of announcement."""

    note: str = Field(default="", description="The sender's; empty for anybody outside the clinic.")
    files: list[FileView]
    next: str | None = Next


class Announcement(BaseModel):
    """A file of an upload, as it was announced."""

    file_id: str
    name: str
    size: int
    sha256: str | None
    state: State


class AnnouncementList(BaseModel):
    """A page of an upload's announced files, in the order of announcement."""

    files: list[Announcement]
    next: str | None = Next


class ReceiptRow(BaseModel):
    """What became of a file."""

    file_id: str = Field(examples=[FILE_ID])
    name: str = Field(examples=["ct/slice-001.dcm"])
    size: int = Field(examples=[528_384])
    sha256: str | None = Field(examples=[SHA256])
    state: State
    kind: str | None = Field(examples=["dicom"])
    codes: list[str] = Field(description="Codes of the findings that rejected the file.", examples=[[]])
    replaced_by: str | None = None
    dealt_with: DealingView | None = None
    updated_at: datetime


class Receipt(UploadRow):
    """An upload and what became of a page of its files, in the order of announcement."""

    files: list[ReceiptRow]
    next: str | None = Next


class UploadList(BaseModel):
    """A page of uploads, newest first."""

    uploads: list[UploadRow]
    next: str | None = Next


class FileList(BaseModel):
    """A page of files, newest first."""

    files: list[FileRow]
    next: str | None = Next


class Withdrawn(BaseModel):
    """How a file stands that was to be given up."""

    file_id: str = Field(examples=[FILE_ID])
    state: State = Field(
        description="`expired`: it is given up. `awaiting_upload`: it has arrived, and its verdict follows. Any other "
        "is what became of it before.",
        examples=[State.EXPIRED],
    )


class WithdrawnList(BaseModel):
    """Files that were to be given up, each once, in the order in which they were named."""

    files: list[Withdrawn]


class Download(BaseModel):
    """A download that its holder may begin until it expires."""

    url: str
    expires_at: datetime
