"""STOW-RS: small instances take the way of every file."""

import pytest

from intake.states import State
from portal.dicomweb import storing
from portal.dicomweb.multipart import related
from tests.dicom_files import ct_slice
from tests.records import a_file
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.pool import partner_token

GOOD = ct_slice(rows=8, columns=8)
CUT = ct_slice(rows=8, columns=8, instance=2)[:-40]


@pytest.fixture
def judging(portal, monkeypatch):
    """Judge what is sent as soon as the portal waits for it."""
    archive = Archive(portal)

    def judge_all(_seconds):
        for record in [record for record in portal.table.files.values() if record.stored is None]:
            archive.judged(record.file_id, portal.objects.newest("incoming", record.incoming.key))

    monkeypatch.setattr(storing.time, "sleep", judge_all)


def store(portal, *bodies, token="", **headers):
    message, content_type = related(bodies, "application/dicom")
    return portal.machine(token).post(
        "/dicomweb/studies", content=message, headers={"content-type": content_type, **headers}
    )


def test_what_is_stored_is_told_with_its_address(portal, judging):
    answer = store(portal, GOOD)
    assert answer.status_code == 200
    (item,) = answer.json()["00081199"]["Value"]
    address = item["00081190"]["Value"][0].removeprefix("https://portal.test")
    assert portal.machine().get(f"{address}/metadata").status_code == 200
    assert answer.headers["location"].startswith("/api/v1/uploads/")


def test_each_instance_has_its_own_verdict(portal, judging):
    answer = store(portal, GOOD, CUT)
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [storing.NOT_UNDERSTOOD]


def test_a_message_of_which_nothing_was_stored_is_a_conflict(portal, judging):
    assert store(portal, CUT).status_code == 409


def test_verdicts_that_take_too_long_are_followed_elsewhere(portal, monkeypatch):
    monkeypatch.setattr(storing, "PATIENCE_S", 0)
    answer = store(portal, GOOD)
    assert (answer.status_code, answer.json()) == (202, {})
    assert portal.machine().get(answer.headers["location"]).json()["declared"] == 1


def test_a_token_that_only_reads_stores_nothing(portal):
    assert store(portal, GOOD, token=partner_token(scope="scalper/read")).status_code == 403
    assert not portal.table.files


@pytest.mark.parametrize("content_type", ["application/dicom", "multipart/form-data; boundary=x", ""])
def test_what_is_no_message_of_instances_is_refused(portal, content_type):
    answer = portal.machine().post("/dicomweb/studies", content=GOOD, headers={"content-type": content_type})
    assert answer.status_code == 406
    assert "multipart/related" in answer.json()["acceptable"][0]


def test_a_message_above_the_limit_is_refused_and_says_what_to_do(portal):
    answer = store(portal, b"\0" * (4 * 1024 * 1024))
    assert answer.status_code == 413
    assert not portal.table.files


def test_what_was_accepted_and_is_no_instance_is_told_without_an_address():
    directory = a_file(state=State.ACCEPTED, metadata={"sop_class_uid": "1.2.840.10008.1.3.10"})
    told = storing.response(storing.Stored("upload", (directory,), 0), "https://portal.test/dicomweb")
    assert told["00081199"]["Value"] == [
        {"00081150": {"vr": "UI", "Value": ["1.2.840.10008.1.3.10"]}, "00081155": {"vr": "UI"}}
    ]
