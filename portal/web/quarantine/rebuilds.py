"""Rebuilds and audits as admins ask for them and watch them: what differs, and how far each has come."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from intake.errors import NotFoundError
from intake.files.keys import UNASSIGNED
from intake.languages import format_number, mark
from intake.recounts.jobs import RebuildJob
from portal.auth.identity import Identity
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.presentation.labels import Badge, name_clinic
from portal.presentation.languages import gettext
from portal.quarantine import rebuilds
from portal.quarantine.orders import new_order_id
from portal.quarantine.rebuilds import Progress
from portal.services import Services
from portal.web.layout.pages import Admin, render_form, see_other
from portal.web.layout.receipts import Tile
from portal.web.quarantine.differences import describe
from portal.web.quarantine.work_lists import Text, list_tabs

PATH = "/admin/rebuilds"

router = APIRouter(prefix=PATH)

LIST = 20
"""Jobs that the page lists."""

_NOTED = Badge("", "warning", "warn", "")


class Asked(BaseModel):
    """What is to be looked at: an upload, a clinic, or all."""

    job_id: Text
    clinic: Text = ""
    upload: Text = ""


@router.get("")
def rebuilds_page(request: Request, identity: Admin, services: Collaborators) -> Response:
    return _show_list(request, identity, services, Asked(job_id=new_order_id()))


@router.post("")
def audit(request: Request, identity: Admin, services: Collaborators, asked: Annotated[Asked, Form()]) -> Response:
    """Compare first, always: what differs is looked at before it is made right."""
    clinic_id, upload_id = asked.clinic.strip(), asked.upload.strip().lower()
    try:
        job = rebuilds.place(
            services, identity, clinic_id=clinic_id, upload_id=upload_id, mends=False, job_id=asked.job_id
        )
    except NotFoundError:
        if upload_id:
            faults = {"upload": gettext("There is no such upload of this clinic. Copy its id from its receipt.")}
        else:
            faults = {"clinic": gettext("Nothing is stored of this clinic. Choose another one.")}
        return _show_list(request, identity, services, asked, faults)
    return _lead_to(job)


@router.get("/{rebuild_id}")
def rebuild_page(request: Request, identity: Admin, services: Collaborators, rebuild_id: str) -> Response:
    return render(
        request, "admin/rebuild.html", tabs=list_tabs(services), **_build_view(services, identity, rebuild_id)
    )


@router.get("/{rebuild_id}/_progress")
def rebuild_again(request: Request, identity: Admin, services: Collaborators, rebuild_id: str) -> Response:
    return render(request, "admin/_rebuild.html", **_build_view(services, identity, rebuild_id))


@router.post("/{rebuild_id}/stop")
def stop(identity: Admin, services: Collaborators, rebuild_id: str) -> Response:
    return _lead_to(rebuilds.stop(services, identity, rebuild_id))


@router.post("/{rebuild_id}/mend")
def mend(
    identity: Admin, services: Collaborators, rebuild_id: str, new_id: Annotated[str, Form(max_length=80)]
) -> Response:
    """Make right what an audit looked at, as its records are by then."""
    audited = rebuilds.find_job(services, identity, rebuild_id)
    job = rebuilds.place(
        services,
        identity,
        clinic_id=audited.clinic_id,
        upload_id=audited.upload_id,
        mends=True,
        units_per_s=audited.units_per_s,
        job_id=new_id,
    )
    return _lead_to(job)


def choose_badge(job: RebuildJob) -> Badge:
    """Return how a job stands, and what came of it."""
    progress = rebuilds.find_progress(job)
    if progress is Progress.WAITING:
        return Badge("Waiting", "clock", "wait", "")
    if progress is Progress.RUNNING:
        return Badge("Running", "clock", "wait", "")
    if progress is Progress.STOPPED:
        return Badge("Stopped", "cross", "wait", "")
    if not job.is_exact:
        return Badge("Made right", "check", "ok", "") if job.mends else Badge("Differs", "warning", "warn", "")
    return Badge("Not all looked at", "warning", "warn", "") if job.busy else Badge("Matches", "check", "ok", "")


def write_progress_line(services: Services, job: RebuildJob) -> str:
    """Return how far a job has come, as one sentence."""
    progress = rebuilds.find_progress(job)
    if progress is Progress.WAITING:
        return gettext("Waiting for its turn.")
    if progress is Progress.RUNNING:
        reached = rebuilds.find_reached_clinic(job)
        told = gettext("Looking at {clinic}." if reached else "It has begun.")
        return told.format(clinic=name_clinic(reached, _list_names(services)))
    if progress is Progress.STOPPED:
        return gettext("Stopped before its end.")
    if not job.is_exact:
        return gettext(
            "Done. What did not match the records was made right."
            if job.mends
            else "Done. Some counts do not match the records."
        )
    return gettext(
        "Done. What held still matches the records." if job.busy else "Done. Everything matches the records."
    )


def _build_view(services: Services, identity: Identity, rebuild_id: str) -> dict[str, Any]:
    job = rebuilds.find_job(services, identity, rebuild_id)
    numbers = (
        (job.differences, mark("Counts made right" if job.mends else "Counts that differ")),
        (job.uncounted, mark("Changes not counted")),
        (job.adopted, mark("Marks of counting wrong or gone")),
        (job.beside, mark("Entries beside the counts wrong or gone")),
        (job.busy, mark("Kept changing")),
    )
    return {
        "job": job,
        "badge_shown": choose_badge(job),
        "scope": write_scope(services, job),
        "line": write_progress_line(services, job),
        "tiles": [
            Tile(job.looked_at, "Looked at", None),
            *(Tile(number, label, _NOTED if number else None) for number, label in numbers),
        ],
        "found": [describe(difference) for difference in job.found],
        "more": job.differences - len(job.found),
        "again": f"{PATH}/{rebuild_id}/_progress",
        "new_id": new_order_id(),
        "worth_mending": not job.mends and not job.is_exact and rebuilds.find_progress(job) is Progress.DONE,
    }


def write_scope(services: Services, job: RebuildJob) -> str:
    """Return what a job is about, in words."""
    if job.upload_id:
        return gettext("One upload of {clinic}").format(clinic=name_clinic(job.clinic_id, _list_names(services)))
    return name_clinic(job.clinic_id, _list_names(services)) if job.clinic_id else gettext("All clinics")


def write_outcome(job: RebuildJob) -> str:
    """Return what a job found, in a few words; empty where that is nothing."""
    told = (
        (job.differences, mark("Counts: {count}")),
        (job.uncounted, mark("Not counted: {count}")),
        (job.adopted + job.beside, mark("Other entries: {count}")),
        (job.busy, mark("Kept changing: {count}")),
    )
    return " · ".join(gettext(words).format(count=format_number(number)) for number, words in told if number)


def _show_list(
    request: Request, identity: Identity, services: Services, asked: Asked, faults: dict[str, str] | None = None
) -> Response:
    jobs = rebuilds.list_jobs(services, identity, LIST)
    return render_form(
        request,
        "admin/rebuilds.html",
        faults=faults,
        tabs=list_tabs(services),
        asked=asked,
        clinics=services.directory.clinics(),
        nobody=UNASSIGNED,
        rows=[(job, write_scope(services, job), choose_badge(job), write_outcome(job)) for job in jobs],
    )


def _list_names(services: Services) -> dict[str, str]:
    return {clinic.clinic_id: clinic.name for clinic in services.directory.clinics()}


def _lead_to(job: RebuildJob) -> Response:
    return see_other(f"{PATH}/{job.job_id}")
