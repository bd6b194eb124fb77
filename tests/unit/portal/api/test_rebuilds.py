"""Admins have counts compared with the records, and made right, by the API."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.recounts.jobs import MOST_UNFINISHED
from intake.recounts.model import Difference
from tests.records import NOON, UPLOAD_ID, a_file, an_upload
from tests.unit.portal.pool import access_token, partner_token

REBUILDS = "/api/v1/rebuilds"
UNKNOWN = "01k9ktx3mqf8g2w7v5n0ah4ebc"
NUMBERS = ("clinics_done", "looked_at", "differences", "uncounted", "marks", "beside", "busy", "read_units")


@pytest.fixture
def client(portal):
    return portal.machine(access_token(sub="admin-1", **{"cognito:groups": ["admin"]}))


def problem_of(answer):
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_an_audit_is_what_is_asked_for_where_nothing_else_is_said(portal, client):
    answer = client.post(REBUILDS, json={})

    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"{REBUILDS}/{told['rebuild_id']}"
    assert client.get(answer.headers["location"]).json() == told
    (job,) = portal.rebuild_jobs.jobs.values()
    assert (job.mends, job.units_per_s, job.actor) == (False, 200, "admin-1")
    assert told == {
        "rebuild_id": job.job_id,
        "clinic_id": None,
        "upload_id": None,
        "dry_run": True,
        "state": "waiting",
        "placed_at": told["placed_at"],
        "worked_at": None,
        "ended_at": None,
        "position": None,
        **dict.fromkeys(NUMBERS, 0),
        "busy_units": [],
        "exact": True,
        "found": [],
    }


def test_a_rebuild_of_an_upload_names_its_clinic(portal, client):
    portal.table.uploads[UPLOAD_ID] = an_upload()
    asked = {"upload_id": UPLOAD_ID, "dry_run": False, "read_units_per_second": 2000}

    told = client.post(REBUILDS, json=asked).json()

    assert (told["clinic_id"], told["upload_id"], told["dry_run"]) == ("northside", UPLOAD_ID, False)
    (job,) = portal.rebuild_jobs.jobs.values()
    assert (job.mends, job.units_per_s) == (True, 2000)


def test_what_came_of_it_is_told_and_in_lists_without_what_was_found(portal, client):
    rebuild_id = client.post(REBUILDS, json={"clinic_id": "northside"}).json()["rebuild_id"]
    worked = replace(
        portal.rebuild_jobs.jobs[rebuild_id],
        position="northside/1#x",
        clinics=1,
        looked_at=12,
        differences=1,
        uncounted=2,
        adopted=3,
        beside=4,
        busy=1,
        busy_units=("study x keeps changing",),
        read_units=345,
        worked_at=NOON,
        ended_at=NOON + timedelta(minutes=1),
        found=(Difference("clinic northside", "accepted", 119, 120),),
    )
    portal.rebuild_jobs.jobs[rebuild_id] = worked

    told = client.get(f"{REBUILDS}/{rebuild_id}").json()

    assert [told[name] for name in NUMBERS] == [1, 12, 1, 2, 3, 4, 1, 345]
    assert (told["state"], told["position"], told["exact"]) == ("done", "northside", False)
    assert told["busy_units"] == ["study x keeps changing"]
    assert told["found"] == [{"subject": "clinic northside", "name": "accepted", "standing": 119, "expected": 120}]
    (row,) = client.get(REBUILDS).json()["rebuilds"]
    assert row == {name: value for name, value in told.items() if name != "found"}


def test_the_newest_come_first_and_no_more_than_are_wanted(client):
    placed = [client.post(REBUILDS, json={}).json()["rebuild_id"] for _ in range(3)]
    listed = [row["rebuild_id"] for row in client.get(REBUILDS, params={"limit": 2}).json()["rebuilds"]]
    assert listed == sorted(placed, reverse=True)[:2]
    assert client.get(REBUILDS, params={"limit": 101}).status_code == 422


def test_one_is_stopped_and_once_more_changes_nothing(portal, client):
    rebuild_id = client.post(REBUILDS, json={}).json()["rebuild_id"]
    stopped = client.post(f"{REBUILDS}/{rebuild_id}/stop")

    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert client.post(f"{REBUILDS}/{rebuild_id}/stop").json() == stopped.json()
    assert [entry.action for entry in portal.audit.written] == ["rebuild.audit", "rebuild.stop"]


def test_a_repetition_with_the_same_key_is_the_same_rebuild(portal, client):
    key = {"idempotency-key": "nightly-2026-01-31"}
    first, second = (client.post(REBUILDS, json={}, headers=key).json() for _ in range(2))

    assert first == second
    assert len(portal.rebuild_jobs.jobs) == len(portal.audit.written) == 1
    other = client.post(REBUILDS, json={"dry_run": False}, headers=key)
    assert problem_of(other) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    "body",
    [
        # Misspelled or empty, it would be a rebuild of everything.
        {"clinic": "northside"},
        {"clinic_id": ""},
        {"upload_id": ""},
        {"dry_run": "false"},
        {"read_units_per_second": 9},
        {"read_units_per_second": 2001},
        {"read_units_per_second": True},
    ],
)
def test_what_is_not_understood_begins_nothing(portal, client, body):
    assert problem_of(client.post(REBUILDS, json=body)) == (422, "invalid-request")
    assert portal.rebuild_jobs.jobs == {}


@pytest.mark.parametrize("body", [{"clinic_id": "nowhere"}, {"upload_id": UNKNOWN}, {"upload_id": "../admin"}])
def test_what_is_not_there_is_not_found(client, body):
    assert problem_of(client.post(REBUILDS, json=body)) == (404, "not-found")


def test_one_that_is_not_there_is_neither_shown_nor_stopped(client):
    for rebuild_id in (UNKNOWN, "x", "REBUILDS"):
        assert problem_of(client.get(f"{REBUILDS}/{rebuild_id}")) == (404, "not-found")
        assert problem_of(client.post(f"{REBUILDS}/{rebuild_id}/stop")) == (404, "not-found")


def test_a_sixth_has_to_wait_for_one_to_end(client):
    placed = [client.post(REBUILDS, json={}).json() for _ in range(MOST_UNFINISHED)]
    assert problem_of(client.post(REBUILDS, json={})) == (409, "too-many-rebuilds")
    client.post(f"{REBUILDS}/{placed[0]['rebuild_id']}/stop")
    assert client.post(REBUILDS, json={}).status_code == 202


def test_nobody_but_an_admin_with_a_token_gets_anything(portal, client):
    rebuild_id = client.post(REBUILDS, json={}).json()["rebuild_id"]
    lead = access_token(**{"cognito:groups": ["clinic:northside", "lead:northside"]})
    for token in (access_token(), lead, partner_token()):
        machine = portal.machine(token)
        assert problem_of(machine.post(REBUILDS, json={})) == (403, "forbidden")
        assert problem_of(machine.get(REBUILDS)) == (403, "forbidden")
        assert problem_of(machine.get(f"{REBUILDS}/{rebuild_id}")) == (403, "forbidden")
        assert problem_of(machine.post(f"{REBUILDS}/{rebuild_id}/stop")) == (403, "forbidden")
    for browser in (portal.visitor(), portal.browser(), portal.admin()):
        assert problem_of(browser.post(REBUILDS, json={})) == (401, "invalid-token")
        assert problem_of(browser.get(REBUILDS)) == (401, "invalid-token")
    assert len(portal.rebuild_jobs.jobs) == 1


def test_another_site_gets_nothing_by_a_browsers_cookies(portal):
    admin = portal.admin()
    answer = admin.post(REBUILDS, json={}, headers={"origin": "https://elsewhere.test"})
    assert problem_of(answer) == (401, "invalid-token")
    assert "access-control-allow-origin" not in answer.headers
    assert portal.rebuild_jobs.jobs == {}


def test_no_answer_tells_a_files_name_or_a_patient(portal, client):
    portal.table.uploads[UPLOAD_ID] = an_upload(note="Secret note", reference="secret-reference")
    record = a_file(0, name="secret-name.dcm", metadata={"patient": {"id": "SECRET-1", "name": "Secret^Sam"}})
    portal.table.files[record.file_id] = record
    made = client.post(REBUILDS, json={"upload_id": UPLOAD_ID})
    answers = [
        made,
        client.get(made.headers["location"]),
        client.get(REBUILDS),
        client.post(f"{made.headers['location']}/stop"),
    ]
    assert [answer.status_code for answer in answers] == [202, 200, 200, 200]
    assert not any("secret" in answer.text.lower() for answer in answers)
