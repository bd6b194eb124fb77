"""`/api/v1/changes`: every verdict in order."""

from intake.files.states import State
from intake.projections.model import FeedEntry
from tests.records import NOON, UPLOAD_ID, a_file
from tests.unit.portal.pool import access_token


def an_entry(number, **changes):
    fields = {
        "file_id": a_file(number).file_id,
        "upload_id": UPLOAD_ID,
        "revision": 1,
        "before": State.AWAITING_UPLOAD,
        "after": State.ACCEPTED,
        "at": NOON,
    }
    return FeedEntry(**{**fields, **changes})


def test_changes_are_read_page_by_page_and_then_the_feed_is_polled(portal):
    portal.feed.append("northside", *(an_entry(number) for number in range(3)))
    client = portal.machine()

    first = client.get("/api/v1/changes", params={"limit": 2}).json()
    second = client.get("/api/v1/changes", params={"limit": 2, "since": first["cursor"]}).json()
    third = client.get("/api/v1/changes", params={"since": second["cursor"]}).json()

    assert (len(first["changes"]), first["more"], first["poll_after_seconds"]) == (2, True, 0)
    assert (len(second["changes"]), second["more"], second["poll_after_seconds"]) == (1, False, 5)
    assert third == {"changes": [], "cursor": second["cursor"], "more": False, "poll_after_seconds": 5}


def test_a_change_names_file_states_and_codes_and_nothing_of_a_patient(portal):
    portal.feed.append("northside", an_entry(0, after=State.REJECTED, codes=("empty-file",), revision=2))

    (change,) = portal.machine().get("/api/v1/changes").json()["changes"]

    assert change == {
        "id": f"{a_file(0).file_id}.2",
        "file_id": a_file(0).file_id,
        "upload_id": UPLOAD_ID,
        "revision": 2,
        "previous": "awaiting_upload",
        "state": "rejected",
        "at": "2026-11-22T12:00:00Z",
        "codes": ["empty-file"],
        "warnings": 0,
    }


def test_a_feed_can_be_followed_from_now_on(portal):
    portal.feed.append("northside", an_entry(0))
    client = portal.machine()
    here = client.get("/api/v1/changes", params={"since": "now"}).json()
    portal.feed.append("northside", an_entry(1))

    assert here["changes"] == []
    (change,) = client.get("/api/v1/changes", params={"since": here["cursor"]}).json()["changes"]
    assert change["file_id"] == a_file(1).file_id


def test_a_cursor_that_is_too_old_says_what_to_do(portal):
    client = portal.machine()
    old = client.get("/api/v1/changes").json()["cursor"]
    portal.feed.append("northside", an_entry(0), an_entry(1))
    portal.feed.forget("northside", 1)

    answer = client.get("/api/v1/changes", params={"since": old})

    assert answer.status_code == 410
    assert answer.json()["type"].endswith("/api/docs/problems/changes-gone")
    assert client.get("/api/v1/changes").json()["changes"][0]["file_id"] == a_file(1).file_id


def test_a_cursor_that_was_never_given_is_refused(portal):
    answer = portal.machine().get("/api/v1/changes", params={"since": "99"})
    assert (answer.status_code, answer.json()["title"]) == (400, "The cursor is not valid")


def test_admins_who_belong_to_no_clinic_have_no_feed(portal):
    admin = portal.machine(access_token(**{"cognito:groups": ["admin"]}))
    assert admin.get("/api/v1/changes").status_code == 403
