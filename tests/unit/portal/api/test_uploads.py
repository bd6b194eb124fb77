"""`/api/v1/uploads`: announce files, and follow an upload."""

from datetime import timedelta

import pytest

from intake.files.keys import is_file_id, is_upload_id
from portal.uploads.requests import MAX_FILE
from tests.records import a_verdict
from tests.unit.portal.pool import access_token, partner_token
from tests.unit.portal.portal_fixture import Portal

SLICE = {"name": "ct/slice-1.dcm", "size": 528_384, "sha256": "AB" * 32}
MIB = 1024**2


def created(client, *files, **options):
    response = client.post("/api/v1/uploads", json={"files": list(files) or [SLICE]}, **options)
    assert response.status_code == 201, response.text
    return response.json()


def lakeview(portal: Portal):
    return portal.machine(partner_token("partner-2"))


def test_a_small_file_is_sent_by_one_put(portal):
    answer = created(portal.machine())
    assert is_upload_id(answer["upload_id"])
    (file,) = answer["files"]
    assert is_file_id(file["file_id"])
    assert (file["name"], file["state"]) == ("ct/slice-1.dcm", "awaiting_upload")
    assert set(file) == {"file_id", "name", "state", "put"}
    assert set(file["put"]) == {"url", "headers", "expires_at"}
    assert file["put"]["headers"]["if-none-match"] == "*"
    assert file["put"]["headers"]["x-amz-checksum-sha256"]


def test_no_file_name_stands_in_the_presigned_url(portal):
    assert "slice" not in created(portal.machine())["files"][0]["put"]["url"]


def test_a_large_file_is_sent_in_parts(portal):
    small, large = created(portal.machine(), {"name": "a", "size": 64 * MIB}, {"name": "b", "size": 64 * MIB + 1})[
        "files"
    ]
    assert "put" in small
    assert large["multipart"] == {"part_size": 16 * MIB, "part_count": 5, "held": []}
    assert list(portal.presigner.open) == [portal.table.files[large["file_id"]].multipart_id]


def test_the_answer_says_where_the_upload_is(portal):
    response = portal.machine().post("/api/v1/uploads", json={"files": [SLICE]})
    assert portal.machine().get(response.headers["location"]).json()["upload_id"] == response.json()["upload_id"]


def test_the_clinic_is_the_tokens_and_the_records_tell_who_announced(portal):
    record = portal.table.files[created(lakeview(portal))["files"][0]["file_id"]]
    assert record.clinic_id == "lakeview"
    assert record.created_by == "partner-2"
    assert record.incoming.key.startswith("lakeview/")
    assert record.sha256 == "ab" * 32
    assert record.expires_at - record.created_at == timedelta(hours=24)


def test_staff_may_use_the_api_for_their_clinic(portal):
    assert portal.table.files[created(portal.machine(access_token()))["files"][0]["file_id"]].clinic_id == "northside"


def test_an_empty_file_may_be_announced(portal):
    assert created(portal.machine(), {"name": "empty", "size": 0})["files"][0]["put"]


@pytest.mark.parametrize(
    "file",
    [
        {"name": "", "size": 1},
        {"name": "a" * 256, "size": 1},
        {"name": "a/" * 600, "size": 1},
        {"name": "a//b", "size": 1},
        {"name": "a\nb", "size": 1},
        {"name": "a\u2028b", "size": 1},
        {"name": "a\u0000", "size": 1},
        {"name": "a", "size": -1},
        {"name": "a", "size": MAX_FILE + 1},
        {"name": "a", "size": 1.5},
        {"name": "a", "size": "1"},
        {"name": "a", "size": True},
        {"name": "a"},
        {"size": 1},
        {"name": "a", "size": 1, "sha256": "ab"},
        {"name": "a", "size": 1, "sha256": "g" * 64},
        {"name": "a", "size": 1, "sha265": "ab" * 32},
        {"name": "a", "size": 1, "clinic_id": "lakeview"},
        "a",
    ],
    ids=str,
)
def test_a_file_that_cannot_be_is_refused(portal, file):
    assert portal.machine().post("/api/v1/uploads", json={"files": [file]}).status_code == 422
    assert not portal.table.uploads


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": []},
        {"files": [SLICE] * 501},
        {"files": [SLICE], "reference": "x" * 201},
        {"files": [SLICE], "note": "x" * 2001},
        {"files": [SLICE], "expected": 0},
        {"files": [SLICE], "expected": "12"},
        {"files": [SLICE], "expected": 100_000},
        [],
    ],
)
def test_a_request_beyond_its_limits_is_refused(portal, body):
    assert portal.machine().post("/api/v1/uploads", json=body).status_code == 422


def test_five_hundred_files_fit_into_a_request(portal):
    files = created(portal.machine(), *[{**SLICE, "name": f"{n:03}.dcm"} for n in range(500)])["files"]
    assert [file["name"] for file in files] == [f"{n:03}.dcm" for n in range(500)]
    assert len({file["put"]["url"] for file in files}) == 500


def test_a_note_and_how_many_files_are_expected_are_kept(portal):
    client = portal.machine()
    body = {"files": [SLICE], "note": "Second half\nof Monday's list", "expected": 120}
    upload_id = client.post("/api/v1/uploads", json=body).json()["upload_id"]
    seen = client.get(f"/api/v1/uploads/{upload_id}").json()
    assert (seen["note"], seen["expected"], seen["declared"]) == (body["note"], 120, 1)
    assert (seen["missing"], seen["state"]) == (119, "in_progress")
    (row,) = client.get("/api/v1/uploads").json()["uploads"]
    assert row["expected"] == 120
    assert "note" not in row


def test_a_repetition_with_the_same_key_is_the_same_upload(portal):
    headers = {"idempotency-key": "night-1"}
    first, second = created(portal.machine(), headers=headers), created(portal.machine(), headers=headers)
    assert first["upload_id"] == second["upload_id"]
    assert [file["file_id"] for file in first["files"]] == [file["file_id"] for file in second["files"]]
    assert len(portal.table.files) == 1


def test_a_key_does_not_serve_for_another_body(portal):
    headers = {"idempotency-key": "night-1"}
    created(portal.machine(), headers=headers)
    for other in (
        {"files": [{**SLICE, "size": 1}]},
        {"files": [SLICE], "note": "New"},
        {"files": [SLICE], "expected": 2},
    ):
        response = portal.machine().post("/api/v1/uploads", json=other, headers=headers)
        assert response.status_code == 422
        assert response.json()["type"].endswith("/idempotency-key-reused")


def test_a_key_is_remembered_for_a_day_and_by_clinic(portal):
    headers = {"idempotency-key": "night-1"}
    first = created(portal.machine(), headers=headers)
    assert created(lakeview(portal), headers=headers)["upload_id"] != first["upload_id"]
    portal.clock.forward(hours=25)
    assert created(portal.machine(), headers=headers)["upload_id"] != first["upload_id"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 201])
def test_a_key_is_a_short_word(portal, key):
    response = portal.machine().post("/api/v1/uploads", json={"files": [SLICE]}, headers={"idempotency-key": key})
    assert response.status_code == 422


def test_more_files_join_an_upload(portal):
    client = portal.machine()
    upload_id = created(client)["upload_id"]
    response = client.post(f"/api/v1/uploads/{upload_id}/files", json={"files": [{"name": "2.dcm", "size": 7}]})
    assert response.status_code == 201
    assert response.json()["upload_id"] == upload_id
    assert response.json()["files"][0]["file_id"] == f"{upload_id}-00001"
    assert client.get(f"/api/v1/uploads/{upload_id}").json()["declared"] == 2


def test_an_upload_tells_its_counts_and_files(portal):
    client = portal.machine()
    answer = created(client, SLICE, {"name": "2.dcm", "size": 7})
    upload = client.get(f"/api/v1/uploads/{answer['upload_id']}").json()
    assert upload["state"] == "in_progress"
    assert upload["counts"] == {"awaiting_upload": 2}
    assert [file["name"] for file in upload["files"]] == ["ct/slice-1.dcm", "2.dcm"]
    assert "next" not in upload


def test_an_upload_is_complete_when_every_file_has_its_verdict(portal):
    client = portal.machine()
    answer = created(client)
    record = portal.table.files[answer["files"][0]["file_id"]]
    portal.verdicts.record(a_verdict(record), reserved=True)
    upload = client.get(f"/api/v1/uploads/{answer['upload_id']}").json()
    assert (upload["state"], upload["counts"]) == ("complete", {"accepted": 1})


def test_an_uploads_files_come_page_by_page(portal):
    client = portal.machine()
    upload_id = created(client, *[{"name": f"{n}", "size": n} for n in range(5)])["upload_id"]
    names, cursor = [], None
    for _ in range(3):
        page = client.get(f"/api/v1/uploads/{upload_id}", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        names += [file["name"] for file in page.json()["files"]]
        cursor = page.json().get("next")
    assert (names, cursor) == (["0", "1", "2", "3", "4"], None)


def test_uploads_are_listed_newest_first_and_only_the_clinics_own(portal):
    ids = []
    for _ in range(3):
        ids.append(created(portal.machine())["upload_id"])
        portal.clock.forward(seconds=1)
    created(lakeview(portal))
    page = portal.machine().get("/api/v1/uploads?limit=2").json()
    assert [upload["upload_id"] for upload in page["uploads"]] == ids[:0:-1]
    rest = portal.machine().get("/api/v1/uploads", params={"cursor": page["next"]}).json()
    assert [upload["upload_id"] for upload in rest["uploads"]] == ids[:1]


def test_another_clinics_upload_looks_like_one_that_does_not_exist(portal):
    upload_id = created(portal.machine())["upload_id"]
    client = lakeview(portal)
    for method, path, body in (
        ("GET", "/api/v1/uploads/{}", None),
        ("POST", "/api/v1/uploads/{}/files", {"files": [SLICE]}),
    ):
        theirs = client.request(method, path.format(upload_id), json=body)
        nobodys = client.request(method, path.format("0" * 26), json=body)
        assert theirs.status_code == nobodys.status_code == 404
        assert without_id(theirs) == without_id(nobodys)


def test_another_clinics_cursor_opens_nothing(portal):
    client = portal.machine()
    for _ in range(2):
        created(client)
    cursor = client.get("/api/v1/uploads?limit=1").json()["next"]
    assert lakeview(portal).get("/api/v1/uploads", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("scalper/read", "POST", "/api/v1/uploads"),
        ("scalper/upload", "GET", "/api/v1/uploads"),
        ("", "GET", "/api/v1/files"),
    ],
)
def test_each_route_asks_for_its_scope(portal, scope, method, path):
    client = portal.machine(partner_token(scope=scope or "other/scope"))
    response = client.request(method, path, json={"files": [SLICE]} if method == "POST" else None)
    assert response.status_code == 403
    assert response.json()["type"].endswith("/missing-scope")
    assert response.json()["scope"].startswith("scalper/")


def test_a_partner_that_was_removed_is_refused(portal):
    portal.directory.partners_by_id.clear()
    assert portal.machine().get("/api/v1/uploads").status_code == 401


def test_admins_announce_nothing(portal):
    token = access_token(sub="admin-1", **{"cognito:groups": ["admin"]})
    assert portal.machine(token).post("/api/v1/uploads", json={"files": [SLICE]}).status_code == 403


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic eDp5", "bearer  "])
def test_without_a_good_token_the_answer_is_always_the_same(portal, authorization):
    client = portal.machine()
    client.headers["authorization"] = authorization
    response = client.get("/api/v1/uploads")
    assert response.status_code == 401
    assert response.json()["type"].endswith("/invalid-token")


def without_id(response):
    return {name: value for name, value in response.json().items() if name != "request_id"}
