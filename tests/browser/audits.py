"""Audits and rebuilds that admins asked for, for looking at their pages."""

from dataclasses import replace
from datetime import datetime, timedelta

from intake.files import keys
from intake.files.model import FileRecord, now
from intake.recounts.jobs import RebuildJob
from intake.recounts.model import Difference
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC, STAFF
from tests.records import IDS


def audit(portal: PortalServer, upload_id: str, seen: FileRecord) -> tuple[str, str]:
    """Place a rebuild that has ended, an audit that has found something, and one that runs. Return the last two."""
    at, study_id = now(), IDS.study(CLINIC, seen.metadata["study_instance_uid"])
    found = (
        Difference(f"upload {upload_id}", "n_accepted", 15, 17),
        Difference(f"upload {upload_id}", "cause_0#truncated", 1, 2),
        Difference(f"study {study_id}", "instances", 14, 15),
        Difference(f"clinic {CLINIC}", "bytes", 1_204_118_016, 1_204_646_400),
        Difference(f"day {at:%Y-%m-%d}T00:00:00.000Z of {CLINIC}", "n_rejected", 2, 3),
        Difference(f"feed of {CLINIC}", "changes that are told too late", 0, 3),
    )
    rebuilt = _job(mends=True, upload_id=upload_id, placed_at=at - timedelta(days=2))
    audited = _job(placed_at=at - timedelta(minutes=12))
    running = _job(clinic_id="", placed_at=at - timedelta(minutes=1))
    portal.rebuild_jobs.jobs |= {
        job.job_id: job
        for job in (
            replace(rebuilt, looked_at=3, differences=1, worked_at=rebuilt.placed_at, ended_at=rebuilt.placed_at),
            replace(
                audited,
                looked_at=1_318,
                clinics=1,
                differences=len(found),
                uncounted=3,
                busy=1,
                busy_units=(f"study {study_id} got a file just now",),
                found=found,
                position=f"{CLINIC}/done",
                worked_at=at - timedelta(minutes=3),
                ended_at=at - timedelta(minutes=3),
            ),
            replace(running, looked_at=412, clinics=1, position=f"{CLINIC}/0#{upload_id}", worked_at=at),
        )
    }
    return running.job_id, audited.job_id


def _job(placed_at: datetime, **facts: object) -> RebuildJob:
    told = {"clinic_id": CLINIC, "mends": False, "units_per_s": 200, "actor": STAFF, **facts}
    # Ids sort by age, as those do that are made at the time.
    job_id = keys.base32(int(placed_at.timestamp() * 1000) << 80)
    return RebuildJob(job_id=job_id, placed_at=placed_at, **told)  # type: ignore[arg-type]  # By name.
