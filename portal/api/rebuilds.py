"""`/api/v1/rebuilds`: have what follows from the records looked through and made right, for admins."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from intake.rebuilds.pace import UNITS_PER_S
from intake.recounts.jobs import RebuildJob
from portal.api.dependencies import Administrator, Auditor, RebuildKey
from portal.api.problem_responses import problem_responses
from portal.http.sessions.dependencies import Collaborators
from portal.quarantine import rebuilds
from portal.quarantine.rebuilds import LEAST_UNITS_PER_S, MOST_LISTED, MOST_UNITS_PER_S, Progress
from portal.uploads.requests import UPLOAD_ID, WHOLE, Request

router = APIRouter(prefix="/api/v1/rebuilds", tags=["rebuilds"])

REBUILD_ID = "01m8k4hcp9437tkt0nbpnkx5nq"

Id = Annotated[str, Field(min_length=1, max_length=80)]


class NewRebuild(Request):
    """What is to be looked through: an upload, a clinic, or, where neither is named, everything."""

    clinic_id: Id | None = Field(default=None, description="Without it, all clinics.", examples=["northside"])
    upload_id: Id | None = Field(
        default=None, description="This upload alone, and the studies that it brought files of.", examples=[UPLOAD_ID]
    )
    dry_run: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="Whether what differs is only told (an audit), and not made right."
    )
    read_units_per_second: Annotated[int, Field(strict=True, ge=LEAST_UNITS_PER_S, le=MOST_UNITS_PER_S), WHOLE] = Field(
        default=UNITS_PER_S, description="Of the table, that it may use at the most.", examples=[UNITS_PER_S]
    )


class Found(BaseModel):
    """A number that stood otherwise than the records make it."""

    subject: str = Field(description="What it belongs to.", examples=[f"upload {UPLOAD_ID}"])
    name: str = Field(examples=["accepted"])
    standing: int = Field(description="As it was found.", examples=[119])
    expected: int = Field(description="As the records make it.", examples=[120])


class RebuildRow(BaseModel):
    """A rebuild, or an audit, and how far it has come."""

    rebuild_id: str = Field(examples=[REBUILD_ID])
    clinic_id: str | None = Field(description="Null: all clinics.", examples=["northside"])
    upload_id: str | None = Field(description="Null: all that the clinic has.", examples=[UPLOAD_ID])
    dry_run: bool
    state: Progress
    placed_at: datetime
    worked_at: datetime | None = Field(description="When it last went on.")
    ended_at: datetime | None
    clinics_done: int = Field(examples=[0])
    looked_at: int = Field(description="Uploads, studies and other units that were.", examples=[1204])
    position: str | None = Field(description="The clinic that it has come to.", examples=["northside"])
    differences: int = Field(description="Numbers that stood otherwise than the records make them.", examples=[1])
    uncounted: int = Field(description="Changes of files that nothing had counted.", examples=[0])
    marks: int = Field(description="Marks of what was counted that were wrong or gone.", examples=[0])
    beside: int = Field(description="Items beside the numbers that were wrong or gone.", examples=[0])
    busy: int = Field(description="Units that kept changing: look at them another time.", examples=[0])
    busy_units: list[str] = Field(description="The first 50 of them.", examples=[[]])
    read_units: int = Field(description="Of the table, used so far.", examples=[3120])
    exact: bool = Field(description="Whether nothing was wrong with what was looked at so far.", examples=[False])


class RebuildView(RebuildRow):
    """A rebuild, or an audit, with what it found."""

    found: list[Found] = Field(description="The first 200 differences.")


class RebuildList(BaseModel):
    """Rebuilds and audits, newest first."""

    rebuilds: list[RebuildRow]


@router.post(
    "",
    summary="Start a rebuild",
    status_code=202,
    responses=problem_responses(
        "forbidden",
        "not-found",
        "conflict",
        "too-many-rebuilds",
        "invalid-request",
        "idempotency-key-reused",
        "malformed-body",
        "body-too-large",
        "busy",
    ),
)
def create(
    body: NewRebuild,
    identity: Administrator,
    services: Collaborators,
    response: Response,
    idempotency_key: RebuildKey = None,
) -> RebuildView:
    """Have counts, lists, studies and the change feed compared with the records; without `dry_run`, made right too.

    Files go on being counted meanwhile. An audit writes nothing. Follow it at `Location`.
    """
    job_id = rebuilds.choose_job_id(services, identity, body.model_dump_json(), idempotency_key)
    job = rebuilds.place(
        services,
        identity,
        clinic_id=body.clinic_id or "",
        upload_id=body.upload_id or "",
        mends=not body.dry_run,
        units_per_s=body.read_units_per_second,
        job_id=job_id,
    )
    response.headers["Location"] = f"{router.prefix}/{job.job_id}"
    return _show_job(job)


@router.get("/{rebuild_id}", summary="Follow a rebuild", responses=problem_responses("forbidden", "not-found"))
def read(rebuild_id: str, identity: Auditor, services: Collaborators) -> RebuildView:
    """Follow a rebuild or an audit. It is kept for 90 days."""
    return _show_job(rebuilds.find_job(services, identity, rebuild_id))


@router.get("", summary="List rebuilds", responses=problem_responses("forbidden", "invalid-request"))
def index(
    identity: Auditor,
    services: Collaborators,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="Rows of the list.")] = 20,
) -> RebuildList:
    """List the newest rebuilds and audits."""
    return RebuildList(rebuilds=[_show_row(job) for job in rebuilds.list_jobs(services, identity, limit)])


@router.post("/{rebuild_id}/stop", summary="Stop a rebuild", responses=problem_responses("forbidden", "not-found"))
def stop(rebuild_id: str, identity: Administrator, services: Collaborators) -> RebuildView:
    """End a rebuild or an audit before its time: what was made right stays so. Once more changes nothing."""
    return _show_job(rebuilds.stop(services, identity, rebuild_id))


def _show_row(job: RebuildJob) -> RebuildRow:
    return RebuildRow(
        rebuild_id=job.job_id,
        clinic_id=job.clinic_id or None,
        upload_id=job.upload_id or None,
        dry_run=not job.mends,
        state=rebuilds.find_progress(job),
        placed_at=job.placed_at,
        worked_at=job.worked_at,
        ended_at=job.ended_at,
        clinics_done=job.clinics,
        looked_at=job.looked_at,
        position=rebuilds.find_reached_clinic(job) or None,
        differences=job.differences,
        uncounted=job.uncounted,
        marks=job.adopted,
        beside=job.beside,
        busy=job.busy,
        busy_units=list(job.busy_units),
        read_units=job.read_units,
        exact=job.is_exact,
    )


def _show_job(job: RebuildJob) -> RebuildView:
    found = [Found.model_validate(difference, from_attributes=True) for difference in job.found]
    return RebuildView(**_show_row(job).model_dump(), found=found)
