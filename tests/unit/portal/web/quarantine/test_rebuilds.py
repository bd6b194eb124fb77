"""Audits and rebuilds on their pages: who may, what is asked, what is shown, and that twice is once."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.keys import new_upload_id
from intake.recounts.jobs import MOST_UNFINISHED, RebuildJob
from intake.recounts.model import Difference
from portal.web.quarantine.differences import describe
from tests.records import NOON, UPLOAD_ID, an_upload

PATH = "/admin/rebuilds"
UNKNOWN = "01k9ktx3mqf8g2w7v5n0ah4ebc"
STUDY = "3k9ktx3mqf8g2w7v5n0ah4ebcd"
DIFFERENCE = Difference(f"upload {UPLOAD_ID}", "n_accepted", 119, 120)


def ask(portal, browser=None, **asked):
    return (browser or portal.admin()).post(PATH, data={"job_id": new_upload_id(), **asked})


def keep(portal, **facts):
    told = {"clinic_id": "northside", "mends": False, "units_per_s": 300, "actor": "admin-1", "placed_at": NOON}
    job = RebuildJob(job_id=new_upload_id(), **{**told, **facts})
    portal.rebuild_jobs.jobs[job.job_id] = job
    return job


def ended(portal, **facts):
    return keep(portal, worked_at=NOON, ended_at=NOON + timedelta(minutes=1), looked_at=12, **facts)


def words(portal, address):
    answer = portal.admin().get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_the_pages_are_for_admins(portal):
    job = keep(portal)
    paths = [PATH, f"{PATH}/{job.job_id}", f"{PATH}/{job.job_id}/_progress"]
    posts = [PATH, f"{PATH}/{job.job_id}/stop", f"{PATH}/{job.job_id}/mend"]
    for browser, status in ((portal.browser(), 403), (portal.visitor(), 303)):
        assert {browser.get(path).status_code for path in paths} == {status}
        assert {browser.post(path, data={}).status_code for path in posts} == {status}
    assert portal.rebuild_jobs.jobs == {job.job_id: job}


@pytest.mark.parametrize("path", ["", "/{job}/stop", "/{job}/mend"])
def test_a_form_of_another_site_does_nothing(portal, path):
    job = ended(portal, differences=1)
    admin = portal.admin()
    address = PATH + path.format(job=job.job_id)
    told = {"job_id": new_upload_id(), "new_id": new_upload_id()}
    assert admin.post(address, data=told, headers={"origin": "https://elsewhere.test"}).status_code == 403
    assert admin.post(address, data=told, headers={"x-csrf-token": "another"}).status_code == 403
    assert portal.rebuild_jobs.jobs == {job.job_id: job}


def test_what_is_asked_for_is_an_audit_whatever_the_form_says(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload()
    answer = ask(portal, upload=f" {UPLOAD_ID.upper()} ", mends="yes")

    (job,) = portal.rebuild_jobs.jobs.values()
    assert (job.mends, job.clinic_id, job.upload_id) == (False, "northside", UPLOAD_ID)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}/{job.job_id}")
    assert portal.rebuilder.woken == 1


def test_a_form_that_is_sent_twice_is_one_audit(portal):
    job_id = new_upload_id()
    assert {ask(portal, job_id=job_id).headers["location"] for _ in range(2)} == {f"{PATH}/{job_id}"}
    assert len(portal.rebuild_jobs.jobs) == len(portal.audit.written) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"upload": UNKNOWN}, "There is no such upload"),
        ({"upload": "<b>"}, "There is no such upload"),
        ({"upload": UPLOAD_ID, "clinic": "lakeview"}, "There is no such upload of this clinic"),
        ({"clinic": "unassigned"}, "Nothing is stored of this clinic"),
    ],
)
def test_what_is_not_there_is_said_beside_the_field_and_what_was_typed_stays(portal, asked, told):
    portal.table.uploads[UPLOAD_ID] = an_upload()
    answer = ask(portal, **asked)
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{asked["upload"]}"'.replace("<b>", "&lt;b&gt;") in answer.text if "upload" in asked else True
    assert portal.rebuild_jobs.jobs == {}


def test_a_sixth_is_refused_with_what_to_do(portal):
    for _ in range(MOST_UNFINISHED):
        keep(portal)
    answer = ask(portal)
    assert answer.status_code == 409
    assert "Wait until one has ended, or stop one." in answer.text


def test_the_list_says_what_each_is_about_and_what_came_of_it(portal):
    keep(portal, clinic_id="")
    ended(portal, differences=2, uncounted=3, adopted=1, beside=1)
    ended(portal, upload_id=UPLOAD_ID, mends=True, differences=2)
    told = words(portal, PATH)
    assert "All clinics" in told
    assert "Waiting" in told
    assert "Differs Counts: 2 · Not counted: 3 · Other entries: 2" in told
    assert f"One upload of Northside Imaging {UPLOAD_ID} Made right Counts: 2" in told


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "Waiting for its turn."),
        ({"worked_at": NOON}, "It has begun."),
        ({"worked_at": NOON, "position": "northside/0#x"}, "Looking at Northside Imaging."),
        ({"ended_at": NOON, "stopped": True}, "Stopped before its end."),
        ({"ended_at": NOON}, "Done. Everything matches the records."),
        ({"ended_at": NOON, "busy": 1}, "Done. What held still matches the records."),
        ({"ended_at": NOON, "uncounted": 1}, "Done. Some counts do not match the records."),
        ({"ended_at": NOON, "beside": 1, "mends": True}, "Done. What did not match the records was made right."),
    ],
)
def test_how_far_one_has_come_is_one_sentence(portal, facts, told):
    job = keep(portal, **facts)
    assert told in words(portal, f"{PATH}/{job.job_id}")


def test_a_page_renews_itself_until_its_job_has_ended(portal):
    running, done = keep(portal, worked_at=NOON), ended(portal)
    admin = portal.admin()
    again = f'hx-get="{PATH}/{running.job_id}/_progress"'
    assert again in admin.get(f"{PATH}/{running.job_id}").text
    part = admin.get(f"{PATH}/{running.job_id}/_progress").text
    assert again in part
    assert "<html" not in part
    assert "hx-get" not in admin.get(f"{PATH}/{done.job_id}/_progress").text


def test_what_differs_is_shown_in_words_with_its_exact_name(portal):
    found = (DIFFERENCE, Difference("something new", "odd_name", 1, 1000))
    job = ended(portal, differences=203, found=found)
    told = words(portal, f"{PATH}/{job.job_id}")
    assert f"Upload {UPLOAD_ID} Files: Accepted n_accepted 119 120" in told
    assert "something new odd_name 1 1,000" in told
    assert "201 more are counted and not listed." in told


def test_what_kept_changing_is_named(portal):
    job = ended(portal, busy=1, busy_units=(f"study {STUDY} keeps changing",))
    assert f"study {STUDY} keeps changing" in words(portal, f"{PATH}/{job.job_id}")


def test_an_audit_that_found_something_offers_to_mend_the_same(portal):
    job = ended(portal, upload_id=UPLOAD_ID, differences=1)
    portal.table.uploads[UPLOAD_ID] = an_upload()
    admin = portal.admin()
    new_id = re.search(r'name="new_id" value="(\w+)"', admin.get(f"{PATH}/{job.job_id}").text)[1]

    answers = [admin.post(f"{PATH}/{job.job_id}/mend", data={"new_id": new_id}) for _ in range(2)]

    assert {answer.headers["location"] for answer in answers} == {f"{PATH}/{new_id}"}
    rebuild = portal.rebuild_jobs.jobs[new_id]
    assert (rebuild.mends, rebuild.clinic_id, rebuild.upload_id, rebuild.units_per_s) == (
        True, "northside", UPLOAD_ID, 300,
    )  # fmt: skip
    assert [entry.action for entry in portal.audit.written] == ["rebuild.start"]


def test_nothing_else_offers_to_mend(portal):
    for job in (
        ended(portal),
        ended(portal, differences=1, mends=True),
        keep(portal, differences=1, worked_at=NOON),
        ended(portal, differences=1, stopped=True),
    ):
        assert "Mend these counts" not in words(portal, f"{PATH}/{job.job_id}")


def test_one_is_stopped_and_offers_to_be_no_more(portal):
    job = keep(portal, worked_at=NOON)
    admin = portal.admin()
    assert "/stop" in admin.get(f"{PATH}/{job.job_id}").text
    assert admin.post(f"{PATH}/{job.job_id}/stop").headers["location"] == f"{PATH}/{job.job_id}"
    assert portal.rebuild_jobs.jobs[job.job_id].stopped
    assert "/stop" not in admin.get(f"{PATH}/{job.job_id}").text


def test_one_that_is_not_there_has_no_page(portal):
    admin = portal.admin()
    for path in (f"{PATH}/{UNKNOWN}", f"{PATH}/{UNKNOWN}/_progress"):
        assert admin.get(path).status_code == 404
    for path in (f"{PATH}/{UNKNOWN}/stop", f"{PATH}/{UNKNOWN}/mend"):
        assert admin.post(path, data={"new_id": new_upload_id()}).status_code == 404


def test_dead_letters_of_counts_lead_here(portal):
    assert f'href="{PATH}"' in portal.admin().get("/admin/dead-letters").text


@pytest.mark.parametrize(
    ("subject", "what", "which", "href"),
    [
        (f"upload {UPLOAD_ID}", "Upload", UPLOAD_ID, f"/uploads/{UPLOAD_ID}"),
        (f"study {STUDY}", "Exam", STUDY, f"/studies/{STUDY}"),
        (f"series s of study {STUDY}", "Series of an exam", STUDY, f"/studies/{STUDY}"),
        (
            f"study {STUDY} of upload {UPLOAD_ID}",
            "What an upload brought of an exam",
            UPLOAD_ID,
            f"/uploads/{UPLOAD_ID}",
        ),
        ("clinic northside", "What a clinic has stored", "northside", ""),
        ("day 2026-11-22T00:00:00.000Z of northside", "Day", "northside, 22 Nov 2026, 00:00 UTC", ""),
        ("devices of northside in 2026-11", "Devices of a month", "northside, 2026-11", ""),
        ("board of northside", "Lists of exams", "northside", ""),
        ("hour of need", "", "hour of need", ""),
    ],
)
def test_what_a_difference_belongs_to(subject, what, which, href):
    row = describe(replace(DIFFERENCE, subject=subject))
    assert (row.what, row.which, row.href) == (what, which, href)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("declared", "Files announced"),
        ("n_rejected", "Files: Rejected"),
        ("c_accepted", "Archives: Accepted"),
        ("cause_0#truncated", "Files with one cause"),
        ("n_odd", "Files: odd"),
        ("nobody_knows", ""),
    ],
)
def test_what_is_counted_has_a_name(name, words):
    assert describe(replace(DIFFERENCE, name=name)).name == words
