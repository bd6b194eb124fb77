"""`POST /api/v1/files/withdraw`: files that are not going to be sent after all."""

from dataclasses import replace

import pytest

from intake.files.keys import child_id
from intake.files.states import State
from intake.files.upload_state import UploadState, find_upload_state
from tests.records import a_file, a_verdict
from tests.unit.portal.pool import partner_token

MIB = 1024**2
WITHDRAW = "/api/v1/files/withdraw"


@pytest.fixture
def client(portal):
    return portal.machine()


def announce(client, *sizes):
    files = [{"name": f"{number}.dcm", "size": size} for number, size in enumerate(sizes)]
    return [file["file_id"] for file in client.post("/api/v1/uploads", json={"files": files}).json()["files"]]


def withdraw(client, *file_ids):
    return client.post(WITHDRAW, json={"file_ids": list(file_ids)})


def read_states(answer):
    assert answer.status_code == 200, answer.text
    return [(row["file_id"], row["state"]) for row in answer.json()["files"]]


def judge(portal, file_id, **changes):
    return portal.verdicts.record(a_verdict(portal.table.files[file_id], **changes), reserved=True)


def find_state(portal, file_id):
    upload_id = portal.table.files[file_id].upload_id
    return find_upload_state(portal.records.upload("northside", upload_id))


def test_what_was_announced_and_never_came_is_given_up_at_once_and_once(portal, client):
    first, second = announce(client, 7, 8)
    assert find_state(portal, first) is UploadState.IN_PROGRESS
    for _ in range(2):
        assert read_states(withdraw(client, second, first)) == [(second, "expired"), (first, "expired")]
    assert find_state(portal, first) is UploadState.MISSING
    story = portal.table.files[first].timeline
    assert [(step.event, step.actor) for step in story] == [
        ("reserved", "partner-1"),
        ("withdrawn", "partner-1"),
        ("expired", "partner-1"),
    ]
    assert client.post(f"/api/v1/files/{first}/sign").json()["type"].endswith("/not-awaited")


def test_what_has_arrived_stays_awaited_and_what_is_judged_keeps_its_verdict(portal, client):
    here, accepted, rejected, gone = announce(client, 7, 8, 9, 10)
    portal.presigner.arrived.add(portal.table.files[here].incoming.key)
    judge(portal, accepted)
    judge(portal, rejected, state=State.REJECTED)
    told = dict(read_states(withdraw(client, here, accepted, rejected, gone)))
    assert told == {here: "awaiting_upload", accepted: "accepted", rejected: "rejected", gone: "expired"}
    assert len(portal.table.files[here].timeline) == 1


def test_a_verdict_that_comes_in_between_stands(portal, client, monkeypatch):
    (file_id,) = announce(client, 7)
    ask = portal.presigner.has_arrived

    def judged_meanwhile(target):
        found = ask(target)
        judge(portal, file_id)
        return found

    monkeypatch.setattr(portal.presigner, "has_arrived", judged_meanwhile)
    assert read_states(withdraw(client, file_id)) == [(file_id, "accepted")]


def test_what_arrives_afterwards_is_judged_and_counted_once(portal, client):
    (file_id,) = announce(client, 7)
    withdraw(client, file_id)
    judge(portal, file_id)
    upload = portal.records.upload("northside", portal.table.files[file_id].upload_id)
    counts = {state: number for state, number in upload.counts.items() if number}
    assert (counts, find_upload_state(upload)) == ({State.ACCEPTED: 1}, UploadState.COMPLETE)
    assert [step.event for step in portal.table.files[file_id].timeline] == [
        "reserved",
        "withdrawn",
        "expired",
        "accepted",
    ]
    assert read_states(withdraw(client, file_id)) == [(file_id, "accepted")]


def test_parts_of_a_file_that_was_given_up_are_joined_all_the_same(portal, client):
    (file_id,) = announce(client, 65 * MIB)
    multipart_id = portal.table.files[file_id].multipart_id
    withdraw(client, file_id)
    for number, size in enumerate((16, 16, 16, 16, 1), 1):
        portal.presigner.hold(multipart_id, number, size * MIB)
    assert client.post(f"/api/v1/files/{file_id}/complete").json()["state"] == "expired"
    assert multipart_id in portal.presigner.completed


def test_one_file_that_is_not_the_clinics_and_nothing_is_given_up(portal, client):
    (file_id,) = announce(client, 7)
    theirs = a_file(clinic_id="lakeview")
    portal.table.files[theirs.file_id] = theirs
    unknown = withdraw(client, file_id, a_file(5).file_id)
    for other in (theirs.file_id, "x" * 5000, ""):
        answer = withdraw(client, file_id, other)
        assert (answer.status_code, answer.json()["type"]) == (404, unknown.json()["type"])
    assert portal.table.files[file_id].state is State.AWAITING_UPLOAD
    assert portal.table.files[theirs.file_id] == theirs


def test_an_archives_entries_are_nobodys_to_give_up(portal, client):
    (file_id,) = announce(client, 7)
    entry = replace(portal.table.files[file_id], file_id=child_id(file_id, 0), parent=file_id)
    portal.table.files[entry.file_id] = entry
    assert read_states(withdraw(client, entry.file_id)) == [(entry.file_id, "awaiting_upload")]


def test_it_takes_some_files_at_a_time_and_the_scope_to_send(portal, client):
    for file_ids in ([], ["x"] * 101):
        assert withdraw(client, *file_ids).status_code == 422
    reader = portal.machine(partner_token(scope="scalper/read"))
    assert withdraw(reader, a_file().file_id).status_code == 403


def test_who_gave_up_how_many_files_of_which_upload_is_noted_before_it_is_done(portal, client, monkeypatch):
    first, second = announce(client, 7, 8)
    (other,) = announce(client, 9)
    withdraw(client, first, second, other, first)
    noted = [(one.subject, one.detail) for one in portal.audit.written if one.action == "file.withdraw"]
    uploads = [portal.table.files[file_id].upload_id for file_id in (first, other)]
    assert noted == [(uploads[0], {"files": "2"}), (uploads[1], {"files": "1"})]
    withdraw(client, first)
    assert len([one for one in portal.audit.written if one.action == "file.withdraw"]) == 2


def test_a_clinics_staff_gives_up_what_an_interrupted_upload_waits_for(portal, client):
    gone, here = announce(client, 7, 8)
    (elsewhere,) = announce(client, 9)
    upload_id = portal.table.files[gone].upload_id
    portal.presigner.arrived.add(portal.table.files[here].incoming.key)
    browser = portal.browser()
    assert f"/uploads/{upload_id}/withdraw" not in browser.get(f"/uploads/{upload_id}").text
    portal.clock.forward(minutes=3)
    assert f'action="/uploads/{upload_id}/withdraw"' in browser.get(f"/uploads/{upload_id}").text
    assert f"/uploads/{upload_id}/withdraw" not in portal.admin().get(f"/uploads/{upload_id}").text
    answer = browser.post(f"/uploads/{upload_id}/withdraw")
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, f"/uploads/{upload_id}")
    states = [portal.table.files[file_id].state for file_id in (gone, here, elsewhere)]
    assert states == [State.EXPIRED, State.AWAITING_UPLOAD, State.AWAITING_UPLOAD]
    receipt = browser.get(f"/uploads/{upload_id}").text
    assert "Given up by its sender" in receipt
    page = browser.get(f"/files/{gone}").text
    assert "Given up: it was not going to be sent" in page


def test_the_staff_gives_up_the_files_of_a_large_upload_some_at_a_time(portal, client):
    announced = announce(client, *range(1, 131))
    upload_id = portal.table.files[announced[0]].upload_id
    portal.clock.forward(minutes=3)
    browser = portal.browser()
    left = []
    for _ in range(2):
        browser.post(f"/uploads/{upload_id}/withdraw")
        left.append(sum(one.state is State.AWAITING_UPLOAD for one in portal.table.files.values()))
    assert left == [30, 0]


def test_what_was_announced_long_after_the_upload_began_is_given_up_too(portal, client):
    (first,) = announce(client, 7)
    upload_id = portal.table.files[first].upload_id
    portal.clock.forward(minutes=9)
    more = client.post(f"/api/v1/uploads/{upload_id}/files", json={"files": [{"name": "b.dcm", "size": 1}]}).json()
    portal.clock.forward(minutes=3)
    portal.browser().post(f"/uploads/{upload_id}/withdraw")
    for file_id in (first, more["files"][0]["file_id"]):
        assert portal.table.files[file_id].state is State.EXPIRED


def test_nobody_gives_up_what_another_clinic_awaits(portal):
    (file_id,) = announce(portal.machine(partner_token(client_id="partner-2")), 7)
    upload_id = portal.table.files[file_id].upload_id
    assert portal.browser().post(f"/uploads/{upload_id}/withdraw").status_code == 404
    assert portal.table.files[file_id].state is State.AWAITING_UPLOAD
