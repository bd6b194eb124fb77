"""Taking out a study, a series, ticked files or an upload: what is told, to whom, and that it is noted once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.states import State
from portal.retrieval import contents
from tests.records import IDS, REFUSAL, UPLOAD_ID, a_file, an_upload
from tests.unit.portal.pool import partner_token

UID = "1.2.840.99.7"
STUDY = IDS.study("northside", UID)
ADDRESS = f"/studies/{STUDY}/content"
OTHER_UPLOAD = "01kanqzzzz0000000000000009"


def keep(portal, number, *, series=1, **changes):
    metadata = {"study_instance_uid": UID, "series_instance_uid": f"{UID}.{series}", "instance_number": number}
    defaults = {"state": State.ACCEPTED, "kind": "dicom", "metadata": metadata, "sha256": f"{number:064x}"}
    stored = ObjectVersion("accepted", f"northside/{number}", f"v{number}")
    record = replace(a_file(number), **{**defaults, "stored": stored, **changes})
    portal.table.files[record.file_id] = record
    return record


@pytest.fixture
def files(portal):
    """Twelve images in two series; one was sent twice, one is superseded, one was rejected."""
    portal.table.uploads[UPLOAD_ID] = an_upload()
    kept = [keep(portal, number, series=1 if number < 8 else 2) for number in range(12)]
    keep(portal, 20, duplicate_of=kept[0].file_id)
    keep(portal, 21, superseded_by=kept[1].file_id)
    keep(portal, 22, state=State.REJECTED, findings=(REFUSAL,), stored=None)
    return kept


def ids(page):
    return sorted(row["file_id"] for row in page["files"])


def noted(portal):
    return [(one.action, one.subject, one.clinic_id, one.detail) for one in portal.audit.written]


def test_a_whole_study_is_its_accepted_files_once_each_and_none_that_was_superseded(portal, files):
    page = portal.browser().post(ADDRESS, json={}).json()

    assert ids(page) == sorted(one.file_id for one in files)
    assert {row["reason"] for row in page["left_out"]} == {"duplicate", "superseded"}
    assert "next" not in page
    first = next(row for row in page["files"] if row["file_id"] == files[0].file_id)
    assert (first["name"], first["size"], first["sha256"]) == ("slice-0.dcm", 1000, f"{0:064x}")
    assert "versionId=v0" in first["url"]


def test_no_address_holds_a_name_or_a_uid(portal, files):
    keep(portal, 0, name="DOE^JANE.dcm")
    page = portal.browser().post(ADDRESS, json={}).json()
    assert not [row["url"] for row in page["files"] if "DOE" in row["url"] or UID in row["url"]]


def test_a_series_is_its_own_files_and_an_unknown_one_is_not_found(portal, files):
    staff = portal.browser()
    page = staff.post(ADDRESS, json={"series": IDS.series("northside", f"{UID}.2")}).json()
    assert (ids(page), page["count"]) == ([one.file_id for one in files[8:]], 4)
    assert staff.post(ADDRESS, json={"series": "0" * 26}).status_code == 404


def test_ticked_files_are_told_with_what_cannot_be_had(portal, files):
    ticked = [files[3].file_id, files[5].file_id, keys.file_id(UPLOAD_ID, 21), keys.file_id(UPLOAD_ID, 22)]
    page = portal.browser().post(ADDRESS, json={"files": ticked}).json()
    assert ids(page) == ticked[:2]
    assert [row["reason"] for row in page["left_out"]] == ["superseded", "rejected"]


def test_a_ticked_file_of_another_study_or_clinic_is_not_found_and_nothing_is_noted(portal, files):
    staff = portal.browser()
    elsewhere = {"study_instance_uid": "1.2.3", "series_instance_uid": "1.2.3.1"}
    strange = [
        keep(portal, 30, metadata=elsewhere).file_id,
        keep(portal, 31, clinic_id="lakeview").file_id,
        keep(portal, 32, metadata={}).file_id,
        keys.file_id(UPLOAD_ID, 99),
        "x" * 28,
    ]
    answers = [staff.post(ADDRESS, json={"files": [files[0].file_id, one]}).status_code for one in strange]
    assert answers == [404] * len(strange)
    assert noted(portal) == []


def test_taking_out_is_noted_once_with_its_count_however_many_pages_it_has(portal, files, monkeypatch):
    monkeypatch.setattr(contents, "PAGE", 5)
    staff = portal.browser()
    pages = [staff.post(ADDRESS, json={}).json()]
    while pages[-1].get("next"):
        pages.append(staff.post(ADDRESS, params={"cursor": pages[-1]["next"]}, json={}).json())

    assert sorted(one for page in pages for one in ids(page)) == sorted(one.file_id for one in files)
    assert len(pages) == 3
    # As the study's own page counts them: one that is superseded is among them.
    assert noted(portal) == [("file.take-out", STUDY, "northside", {"of": "study", "files": "13"})]


@pytest.mark.parametrize(
    ("wanted", "action"),
    [
        ({"series": IDS.series("northside", f"{UID}.2")}, "study.view"),
        ({}, "file.take-out"),
    ],
    ids=["a series", "the study"],
)
def test_only_who_opens_a_series_may_say_that_it_is_to_be_looked_at(portal, files, wanted, action):
    assert portal.browser().post(ADDRESS, json={**wanted, "viewing": True}).status_code == 200
    assert [entry[0] for entry in noted(portal)] == [action]


def test_a_page_is_asked_for_anew_without_another_note_for_a_while(portal, files, monkeypatch):
    monkeypatch.setattr(contents, "PAGE", 5)
    monkeypatch.setattr(contents, "GOOD_FOR", timedelta(minutes=8))
    staff = portal.browser()
    first = staff.post(ADDRESS, json={}).json()
    second = staff.post(ADDRESS, params={"cursor": first["next"]}, json={}).json()
    portal.clock.forward(minutes=6)

    for page in (first, second):
        again = staff.post(ADDRESS, params={"cursor": page["here"]}, json={}).json()
        assert ids(again) == ids(page)
    assert len(noted(portal)) == 1

    portal.clock.forward(minutes=3)
    late = staff.post(ADDRESS, params={"cursor": first["here"]}, json={})
    assert late.status_code == 400
    assert "next" in staff.post(ADDRESS, json={}).json()


def test_a_cursor_of_one_selection_opens_no_other(portal, files):
    staff = portal.browser()
    ticked = staff.post(ADDRESS, json={"files": [files[0].file_id]}).json()["here"]
    for body in ({}, {"files": [files[1].file_id]}, {"series": IDS.series("northside", f"{UID}.2")}):
        assert staff.post(ADDRESS, params={"cursor": ticked}, json=body).status_code == 400


def test_admins_and_other_clinics_and_other_sites_take_nothing_out(portal, files):
    assert portal.admin().post(ADDRESS, json={}).status_code == 403
    assert portal.browser(**{"cognito:groups": ["clinic:lakeview"]}).post(ADDRESS, json={}).status_code == 404
    forged = portal.browser()
    del forged.headers["x-csrf-token"]
    assert forged.post(ADDRESS, json={}).status_code == 403
    assert portal.visitor().post(ADDRESS, json={}).status_code in {303, 401, 403}
    assert noted(portal) == []


def test_what_cannot_be_noted_is_not_told(portal, files):
    portal.audit.write = None
    with pytest.raises(TypeError):
        portal.browser().post(ADDRESS, json={})


def test_partners_take_out_a_study_by_its_uid_and_only_their_own(portal, files):
    page = portal.machine().post(f"/api/v1/studies/{UID}/content").json()
    assert ids(page) == sorted(one.file_id for one in files)
    assert (page["count"], page["bytes"]) == (13, 13_000)
    assert portal.machine(partner_token("partner-2")).post(f"/api/v1/studies/{UID}/content").status_code == 404
    assert [one.subject for one in portal.audit.written] == [STUDY]


def test_an_upload_gives_what_was_sent_with_it_duplicates_too_and_says_what_it_does_not(portal, files):
    keep(portal, 23, state=State.AWAITING_UPLOAD, stored=None, metadata={}, kind=None)
    keep(portal, 24, kind="zip", metadata={"entries": 4})
    keep(portal, 25, kind="pdf", metadata={})
    page = portal.machine().post(f"/api/v1/uploads/{UPLOAD_ID}/content").json()

    had = {int(one[-5:]) for one in ids(page)}
    assert had == {*range(12), 20, 25}
    assert {row["file_id"][-2:]: row["reason"] for row in page["left_out"]} == {
        "21": "superseded",
        "22": "rejected",
        "23": "awaiting_upload",
        "24": "unpacked",
    }
    assert [one.subject for one in portal.audit.written] == [UPLOAD_ID]


def test_an_upload_of_another_clinic_is_not_found(portal, files):
    portal.table.uploads[OTHER_UPLOAD] = an_upload(upload_id=OTHER_UPLOAD, clinic_id="lakeview")
    assert portal.machine().post(f"/api/v1/uploads/{OTHER_UPLOAD}/content").status_code == 404
