"""Rebuilds and audits of what follows from the records: asked for here, carried out by a worker of the processor."""

import hashlib
from enum import StrEnum

from intake.errors import ConflictError, NotFoundError
from intake.files.keys import is_upload_id, new_upload_id
from intake.rebuilds.pace import UNITS_PER_S
from intake.recounts.jobs import MOST_UNFINISHED, RebuildJob, TooManyRebuildsError
from portal.audit import note
from portal.auth.identity import Identity
from portal.errors import ForbiddenError, OrderError
from portal.services import Services
from portal.uploads.idempotency import bind_key

LEAST_UNITS_PER_S = 10
MOST_UNITS_PER_S = 2000
"""Two thirds of what a partition gives: the traffic needs the rest."""

MOST_LISTED = 100

_ADMINS = "-"
"""Whose idempotency keys they are; no clinic's id."""


class Progress(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


def find_progress(job: RebuildJob) -> Progress:
    """Return how far a job has come. It runs from when something was noted of it, and between two workers, too."""
    if job.ended_at:
        return Progress.STOPPED if job.stopped else Progress.DONE
    return Progress.RUNNING if job.worked_at else Progress.WAITING


def find_reached_clinic(job: RebuildJob) -> str:
    """Return the clinic that a job has come to; empty where it has come to none."""
    return job.position.partition("/")[0]


def choose_job_id(services: Services, identity: Identity, asked: str, idempotency_key: str | None) -> str:
    """Return a new job's id, or that which the same admin's key stood for in the 24 hours before.

    `asked` tells requests apart. Raises IdempotencyError for a key that was used with another one.
    """
    job_id = new_upload_id()
    if idempotency_key is None:
        return job_id
    digest = hashlib.sha256(f"rebuild\0{asked}".encode()).hexdigest()
    return bind_key(services, _ADMINS, f"{identity.subject}\0{idempotency_key}", digest, job_id)


def place(
    services: Services,
    identity: Identity,
    *,
    clinic_id: str = "",
    upload_id: str = "",
    mends: bool,
    units_per_s: int = UNITS_PER_S,
    job_id: str,
) -> RebuildJob:
    """Note, keep and begin a rebuild, or an audit, of an upload, a clinic, or all. Twice with the same id is once.

    Raises ForbiddenError, NotFoundError, OrderError, TooManyRebuildsError, and ConflictError where the id stands
    for another job.
    """
    _require_admin(identity)
    if not is_upload_id(job_id) or not LEAST_UNITS_PER_S <= units_per_s <= MOST_UNITS_PER_S:
        raise OrderError("The rebuild cannot be carried out.")
    job = RebuildJob(
        job_id=job_id,
        clinic_id=_find_clinic(services, clinic_id, upload_id),
        upload_id=upload_id,
        mends=mends,
        actor=identity.subject,
        placed_at=services.clock(),
        units_per_s=units_per_s,
    )
    try:
        standing = services.rebuild_jobs.find(job_id)
    except NotFoundError:
        _check_room(services)
        _note(services, identity, "rebuild.start" if mends else "rebuild.audit", job)
        standing = services.rebuild_jobs.place(job)
    if _read_order(standing) != _read_order(job):
        raise ConflictError("the rebuild's id was used for another")
    # Woken also where the job stood already: the one who placed it may have fallen before.
    services.rebuilder.wake()
    return standing


def find_job(services: Services, identity: Identity, job_id: str) -> RebuildJob:
    """Return a job with what it found. Raises ForbiddenError, NotFoundError."""
    _require_admin(identity)
    return services.rebuild_jobs.find(job_id)


def list_jobs(services: Services, identity: Identity, limit: int) -> tuple[RebuildJob, ...]:
    """Return jobs, newest first, without what they found. Raises ForbiddenError."""
    _require_admin(identity)
    return services.rebuild_jobs.list_recent(min(limit, MOST_LISTED))


def stop(services: Services, identity: Identity, job_id: str) -> RebuildJob:
    """End a job before its time: what was made right stays so. One that has ended stays as it is.

    Raises ForbiddenError, NotFoundError.
    """
    job = find_job(services, identity, job_id)
    if job.ended_at:
        return job
    _note(services, identity, "rebuild.stop", job)
    return services.rebuild_jobs.stop(job_id, services.clock())


def _require_admin(identity: Identity) -> None:
    if not identity.is_admin:
        raise ForbiddenError("Rebuilds are for admins.")


def _find_clinic(services: Services, clinic_id: str, upload_id: str) -> str:
    """Return the clinic that a job is about, empty for all. Raises NotFoundError."""
    if upload_id:
        owner = _find_owner(services, upload_id)
        if clinic_id not in {"", owner}:
            raise NotFoundError("the upload is another clinic's")
        return owner
    if clinic_id and not services.directory.clinic(clinic_id) and not _has_files(services, clinic_id):
        raise NotFoundError("there is no such clinic")
    return clinic_id


def _has_files(services: Services, clinic_id: str) -> bool:
    """Say whether something is stored of a clinic: one under whose prefix files are dropped may be in no directory."""
    return any(holding.clinic_id == clinic_id for holding in services.projections.holdings())


def _find_owner(services: Services, upload_id: str) -> str:
    """Return an upload's clinic; where its own item is lost, its files tell: a rebuild makes it anew."""
    if not is_upload_id(upload_id):
        raise NotFoundError("there is no such upload")
    try:
        return services.records.upload(None, upload_id).clinic_id
    except NotFoundError:
        files = services.records.files_of(upload_id, None, 1).rows
        if not files:
            raise
        return files[0].clinic_id


def _check_room(services: Services) -> None:
    """Jobs are carried out in the order of their age, so those that are not finished are among the newest."""
    recent = services.rebuild_jobs.list_recent(MOST_LISTED)
    if sum(job.ended_at is None for job in recent) >= MOST_UNFINISHED:
        raise TooManyRebuildsError("As many rebuilds as may are waiting.")


def _read_order(job: RebuildJob) -> tuple[str, str, bool, int, str]:
    return job.clinic_id, job.upload_id, job.mends, job.units_per_s, job.actor


def _note(services: Services, identity: Identity, action: str, job: RebuildJob) -> None:
    note(
        services,
        identity,
        action,
        clinic_id=job.clinic_id,
        subject=job.upload_id or job.job_id,
        rebuild=job.job_id,
        units=str(job.units_per_s),
    )
