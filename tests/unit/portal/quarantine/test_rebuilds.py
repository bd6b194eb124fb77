"""Rebuilds and audits as admins ask for them: noted, kept and begun, once however often they are asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ConflictError, NotFoundError
from intake.files.keys import new_upload_id
from intake.projections.model import Holding
from intake.rebuilds.pace import UNITS_PER_S
from intake.recounts.jobs import MOST_UNFINISHED, TooManyRebuildsError
from portal.auth.identity import Identity
from portal.errors import ForbiddenError, IdempotencyError, OrderError
from portal.quarantine import rebuilds
from portal.quarantine.rebuilds import Progress
from tests.records import NOON, UPLOAD_ID, a_file, an_upload

ADMIN = Identity("admin-1", None, True, frozenset({"scalper/read"}), "Robin Vale")
OTHER_ADMIN = Identity("admin-2", None, True, frozenset({"scalper/read"}), "Ada Brook")
LEAD = Identity("user-1", "northside", False, frozenset({"scalper/read"}), "Nora North", is_lead=True)
JOB = "01m8k4hcp9437tkt0nbpnkx5nq"
UNKNOWN = "01k9ktx3mqf8g2w7v5n0ah4ebc"


@pytest.fixture
def upload(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload()


def place(portal, identity=ADMIN, **asked):
    return rebuilds.place(portal.services, identity, **{"mends": False, "job_id": JOB, **asked})


def test_what_is_asked_is_kept_noted_and_begun(portal, upload):
    job = place(portal, upload_id=UPLOAD_ID, mends=True, units_per_s=500)

    assert (job.clinic_id, job.upload_id, job.mends, job.units_per_s) == ("northside", UPLOAD_ID, True, 500)
    assert portal.rebuild_jobs.jobs == {JOB: job}
    (entry,) = portal.audit.written
    assert (entry.action, entry.actor, entry.clinic_id) == ("rebuild.start", "admin-1", "northside")
    assert (entry.subject, entry.detail) == (UPLOAD_ID, {"rebuild": JOB, "units": "500"})
    assert portal.rebuilder.woken == 1


def test_an_audit_is_noted_as_that_and_looks_at_all_where_nothing_is_named(portal):
    job = place(portal)

    assert (job.clinic_id, job.upload_id, job.units_per_s) == ("", "", UNITS_PER_S)
    assert [(entry.action, entry.subject) for entry in portal.audit.written] == [("rebuild.audit", JOB)]


def test_what_cannot_be_noted_is_not_placed(portal, monkeypatch):
    def refuse(entry):
        raise ConflictError("the audit log takes nothing")

    monkeypatch.setattr(portal.audit, "write", refuse)
    with pytest.raises(ConflictError):
        place(portal)
    assert (portal.rebuild_jobs.jobs, portal.rebuilder.woken) == ({}, 0)


def test_asking_twice_is_one_job_and_one_note_and_wakes_again(portal):
    first = place(portal)
    portal.clock.forward(hours=1)

    assert place(portal) == first
    assert len(portal.rebuild_jobs.jobs) == len(portal.audit.written) == 1
    assert portal.rebuilder.woken == 2


def test_the_id_of_one_job_is_no_others(portal, upload):
    place(portal)
    for other in ({"mends": True}, {"clinic_id": "northside"}, {"upload_id": UPLOAD_ID}, {"units_per_s": 300}):
        with pytest.raises(ConflictError):
            place(portal, **other)
    with pytest.raises(ConflictError):
        place(portal, OTHER_ADMIN)
    assert len(portal.rebuild_jobs.jobs) == len(portal.audit.written) == 1


def test_nobody_but_an_admin_asks_sees_or_stops(portal):
    job = place(portal)
    for deed in (
        lambda: place(portal, LEAD, job_id=new_upload_id()),
        lambda: rebuilds.find_job(portal.services, LEAD, JOB),
        lambda: rebuilds.list_jobs(portal.services, LEAD, 10),
        lambda: rebuilds.stop(portal.services, LEAD, JOB),
    ):
        with pytest.raises(ForbiddenError):
            deed()
    assert portal.rebuild_jobs.jobs == {JOB: job}


def test_there_is_no_rebuild_of_what_there_is_not(portal, upload):
    for named in (
        {"clinic_id": "nowhere"},
        {"upload_id": UNKNOWN},
        {"upload_id": "../x"},
        {"upload_id": UPLOAD_ID, "clinic_id": "lakeview"},
    ):
        with pytest.raises(NotFoundError):
            place(portal, **named)
    assert (portal.rebuild_jobs.jobs, portal.audit.written, portal.rebuilder.woken) == ({}, [], 0)


def test_a_clinic_in_no_directory_that_has_something_stored_is_looked_at(portal, monkeypatch):
    stored = Holding("unassigned", files=1, bytes=1)
    monkeypatch.setattr(portal.projections, "holdings", lambda: (stored,))
    assert place(portal, clinic_id="unassigned").clinic_id == "unassigned"


def test_an_upload_whose_own_item_is_lost_is_found_by_its_files(portal):
    record = a_file(0)
    portal.table.files[record.file_id] = record
    assert place(portal, upload_id=record.upload_id).clinic_id == "northside"


@pytest.mark.parametrize("asked", [{"units_per_s": 9}, {"units_per_s": 2001}, {"job_id": "no id"}])
def test_what_cannot_be_carried_out_is_refused(portal, asked):
    with pytest.raises(OrderError):
        place(portal, **asked)
    assert portal.audit.written == []


def test_few_jobs_wait_at_a_time(portal):
    placed = [place(portal, job_id=new_upload_id()) for _ in range(MOST_UNFINISHED)]
    with pytest.raises(TooManyRebuildsError):
        place(portal)
    assert len(portal.audit.written) == MOST_UNFINISHED
    # One that stands already is no further one.
    assert place(portal, job_id=placed[0].job_id) == placed[0]

    rebuilds.stop(portal.services, ADMIN, placed[0].job_id)
    assert place(portal).job_id == JOB


def test_stopping_is_noted_once_and_what_has_ended_stays(portal):
    place(portal)
    stopped = rebuilds.stop(portal.services, ADMIN, JOB)
    portal.clock.forward(hours=1)

    assert rebuilds.stop(portal.services, OTHER_ADMIN, JOB) == stopped
    assert rebuilds.find_progress(stopped) is Progress.STOPPED
    assert [entry.action for entry in portal.audit.written] == ["rebuild.audit", "rebuild.stop"]
    with pytest.raises(NotFoundError):
        rebuilds.stop(portal.services, ADMIN, UNKNOWN)


def test_how_far_a_job_has_come(portal):
    job = place(portal)
    begun = replace(job, worked_at=NOON, position="northside/0#x")
    ended = replace(begun, ended_at=NOON + timedelta(minutes=1))
    assert [rebuilds.find_progress(one) for one in (job, begun, ended)] == ["waiting", "running", "done"]
    assert [rebuilds.find_reached_clinic(one) for one in (job, begun)] == ["", "northside"]


def test_a_key_stands_for_one_job_of_the_admin_who_used_it(portal):
    services = portal.services
    first = rebuilds.choose_job_id(services, ADMIN, "all", "nightly")

    assert rebuilds.choose_job_id(services, ADMIN, "all", "nightly") == first
    assert rebuilds.choose_job_id(services, OTHER_ADMIN, "all", "nightly") != first
    assert rebuilds.choose_job_id(services, ADMIN, "all", None) != first
    with pytest.raises(IdempotencyError):
        rebuilds.choose_job_id(services, ADMIN, "northside", "nightly")
    portal.clock.forward(hours=25)
    assert rebuilds.choose_job_id(services, ADMIN, "all", "nightly") != first
