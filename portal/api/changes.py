"""`/api/v1/changes`: every verdict in order, for those who cannot be called."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from intake.files.states import State
from portal import cursors
from portal.api.dependencies import Reader
from portal.api.problem_responses import problem_responses
from portal.http.sessions.dependencies import Collaborators, read_cursor
from portal.uploads import visibility
from portal.uploads.requests import FILE_ID, UPLOAD_ID

router = APIRouter(prefix="/api/v1/changes", tags=["changes"])

POLL_AFTER_S = 5


class Change(BaseModel):
    """What became of a file."""

    id: str = Field(
        description="Of this change; the same wherever and however often it is told.", examples=[f"{FILE_ID}.1"]
    )
    file_id: str = Field(examples=[FILE_ID])
    upload_id: str = Field(examples=[UPLOAD_ID])
    revision: int = Field(description="Rises with each change of the file; the highest is its state.", examples=[1])
    previous: State | None = Field(
        description="What the state was before. A file that was rejected or failed and changes was processed again.",
        examples=[State.AWAITING_UPLOAD],
    )
    state: State = Field(examples=[State.REJECTED])
    at: datetime = Field(
        description="When it happened; the feed's order is its own.", examples=["2026-01-31T09:30:00Z"]
    )
    codes: list[str] = Field(
        description="Codes of the findings that rejected the file.", examples=[["dicom.truncated"]]
    )
    warnings: int = Field(description="How many findings warn.", examples=[0])


class Changes(BaseModel):
    """A page of the feed, oldest first."""

    changes: list[Change]
    cursor: str = Field(
        description="Where to go on, also when there was nothing.", examples=["mM0sR3v1vYh7Yt0eT2pQ1a4"]
    )
    more: bool = Field(description="More changes wait already.")
    poll_after_seconds: int = Field(description="When to ask again: at once while there is more.", examples=[5])


def _read_since(
    request: Request,
    since: Annotated[
        str | None,
        Query(
            description="`cursor` of the page before. Without it, the feed begins with the oldest changes that are"
            " kept; with `now`, behind the newest one.",
            examples=["now"],
            json_schema_extra={"maxLength": cursors.LONGEST},
        ),
    ] = None,
) -> cursors.Cursor:
    return read_cursor(request, since)


@router.get(
    "",
    summary="Follow every verdict",
    responses=problem_responses("invalid-cursor", "changes-gone", "invalid-request", "busy"),
)
def index(
    identity: Reader,
    services: Collaborators,
    since: Annotated[cursors.Cursor, Depends(_read_since)],
    limit: Annotated[int, Query(ge=1, le=500, description="Changes of a page.")] = 100,
) -> Changes:
    """Follow your clinic's verdicts: each one once, in an order that never changes.

    Keep the `cursor` of each answer when you have dealt with its changes, and ask again with it. Nothing is skipped,
    and nothing ever appears before a cursor. Changes are kept for 30 days; a cursor that is older answers 410.
    """
    page = visibility.list_changes(services, identity, since, limit)
    return Changes(
        changes=[
            Change.model_validate(
                {**asdict(entry), "id": entry.change_id, "previous": entry.before, "state": entry.after}
            )
            for entry in page.entries
        ],
        cursor=page.next,
        more=page.more,
        poll_after_seconds=0 if page.more else POLL_AFTER_S,
    )
