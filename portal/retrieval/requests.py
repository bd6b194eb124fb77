"""What is asked to be taken out."""

from typing import Annotated

from pydantic import Field, StringConstraints

from portal.uploads.requests import Request

MOST_TICKED = 100

_FileId = Annotated[str, StringConstraints(min_length=28, max_length=53)]


class ContentQuery(Request):
    """Of a study: all of it, one series, or files that somebody ticked."""

    series: str = Field(default="", pattern=r"^[0-9a-z]{26}$|^$")
    files: list[_FileId] = Field(default=[], max_length=MOST_TICKED)
    viewing: bool = Field(default=False, description="A series that the viewer opens: the audit log says so.")
