"""What every read can do: say that nothing has changed, and tell only what is wanted."""

import pytest

from portal.auth.rate_limit import WRITES_PER_MINUTE

FILES = {"files": [{"name": "slice.dcm", "size": 7}]}


@pytest.fixture
def client(portal):
    return portal.machine()


@pytest.fixture
def upload(client):
    return client.post("/api/v1/uploads", json=FILES).json()


def test_an_answer_that_is_held_already_is_not_sent_again(client, upload):
    path = f"/api/v1/uploads/{upload['upload_id']}"
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-request-id"]
    assert "content-length" not in again.headers


def test_an_answer_that_has_changed_is_sent(client, upload):
    path = f"/api/v1/uploads/{upload['upload_id']}"
    tag = client.get(path).headers["etag"]
    client.post(f"{path}/files", json=FILES)

    changed = client.get(path, headers={"if-none-match": tag})

    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_what_is_not_there_has_no_tag(client):
    answer = client.get("/api/v1/files/unknown", headers={"if-none-match": "*"})
    assert answer.status_code == 404
    assert "etag" not in answer.headers


def test_only_wanted_fields_are_told(client, upload):
    (file,) = upload["files"]
    assert client.get(f"/api/v1/files/{file['file_id']}?fields=state,size").json() == {
        "size": 7,
        "state": "awaiting_upload",
    }


def test_the_rows_of_a_list_tell_only_wanted_fields_and_the_list_still_goes_on(client, upload):
    client.post("/api/v1/uploads", json=FILES)
    page = client.get("/api/v1/files", params={"fields": "file_id", "limit": 1}).json()
    assert [list(row) for row in page["files"]] == [["file_id"]]
    assert page["next"]


def test_an_unknown_field_is_pointed_to(client, upload):
    answer = client.get("/api/v1/files", params={"fields": "file_id,patient"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "fields"


def test_a_client_that_asks_for_more_than_its_share_is_told_when_to_come_back(portal, client, upload):
    portal.request_counts.earlier = WRITES_PER_MINUTE

    answer = client.post("/api/v1/uploads", json=FILES)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert answer.json()["type"].endswith("/too-many-requests")
    assert client.get("/api/v1/files").status_code == 200


def test_an_address_names_every_method_that_it_takes(client):
    assert client.delete("/api/v1/uploads").headers["allow"] == "GET, POST"


@pytest.mark.parametrize("since", ["0.5", "1700000000", "2026-01-31", "2026-01-31T09:30:00", "yesterday"])
def test_a_date_is_written_as_rfc_3339_says(client, since):
    answer = client.get("/api/v1/files", params={"since": since})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "since")


def test_a_long_answer_is_packed_for_whoever_accepts_that_and_its_tag_is_weak(client):
    announced = client.post("/api/v1/uploads", json={"files": [FILES["files"][0]] * 20}).json()
    path = f"/api/v1/uploads/{announced['upload_id']}"

    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "gzip"})

    assert packed.json() == plain.json()
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    again = client.get(path, headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})
    assert again.status_code == 304
