"""What is told of files that are taken out."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from intake.files.states import State
from portal.uploads.requests import FILE_ID, SHA256
from portal.uploads.responses import Next

Reason = State | Literal["duplicate", "superseded", "unpacked"]


class Content(BaseModel):
    """A file, and where its bytes are had until the address expires. A range of them may be asked for."""

    file_id: str = Field(examples=[FILE_ID])
    name: str = Field(description="As it was sent: not to be trusted as a path.", examples=["ct/slice-001.dcm"])
    size: int = Field(examples=[528_384])
    sha256: str | None = Field(description="Of the whole file, where it is known.", examples=[SHA256])
    updated_at: datetime
    url: str
    expires_at: datetime


class LeftOut(BaseModel):
    """A file that is not among the contents, and why."""

    file_id: str = Field(examples=[FILE_ID])
    name: str = Field(examples=["ct/slice-001.dcm"])
    reason: Reason = Field(
        description="Its state, where it was not accepted. `duplicate`: its study holds the same image once already. "
        "`superseded`: another file took its place by review. `unpacked`: an archive, whose files are told one by one."
    )


class ContentPage(BaseModel):
    """A page of what is taken out."""

    count: int = Field(
        description="Files that are to be expected in all; follows within a second or so.", examples=[300]
    )
    bytes: int | None = Field(description="In all, where it is known.", examples=[158_515_200])
    files: list[Content]
    left_out: list[LeftOut]
    here: str = Field(description="Asks for this page again, with new addresses, within a day.")
    next: str | None = Next
