"""Uploads of all clinics, as admins find them."""

from datetime import timedelta

import pytest

from intake.files import keys
from tests.records import UPLOAD_ID, an_upload

OTHER = "01kanqzzzz0000000000000001"


@pytest.fixture
def sent(portal):
    """Two clinics' uploads, the second one later."""
    at = portal.clock()
    for upload_id, clinic_id, reference, hours in (
        (UPLOAD_ID, "northside", "Case 12", 2),
        (OTHER, "lakeview", "case 7", 1),
    ):
        portal.table.uploads[upload_id] = an_upload(
            upload_id=upload_id, clinic_id=clinic_id, reference=reference, note="Jane Doe", declared=1,
            created_at=at - timedelta(hours=hours),
        )  # fmt: skip
    return portal


def listed(text):
    return [upload_id for upload_id in (OTHER, UPLOAD_ID) if f'href="/uploads/{upload_id}"' in text]


def look(portal, **fields):
    answer = portal.admin().post("/admin/uploads/search", data=fields)
    return answer.headers["location"]


def test_all_clinics_uploads_are_listed_newest_first_for_admins_and_without_notes(sent):
    text = sent.admin().get("/admin/uploads").text
    assert 0 < text.index(OTHER) < text.index(UPLOAD_ID)
    assert "Jane Doe" not in text
    assert sent.browser().get("/admin/uploads").status_code == 403


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"text": "CASE"}, [OTHER, UPLOAD_ID]),
        ({"text": "case 1"}, [UPLOAD_ID]),
        ({"text": "case", "clinic": "lakeview"}, [OTHER]),
        ({"text": "", "clinic": "northside"}, [UPLOAD_ID]),
        ({"text": "nothing"}, []),
        ({"text": ""}, [OTHER, UPLOAD_ID]),
    ],
)
def test_uploads_are_found_by_how_their_reference_begins_and_by_clinic(sent, fields, found):
    address = look(sent, **fields)
    assert fields["text"].lower() not in address.lower() or not fields["text"]
    assert listed(sent.admin().get(address).text) == found


@pytest.mark.parametrize("text", [UPLOAD_ID, f" {UPLOAD_ID.upper()} ", keys.file_id(UPLOAD_ID, 3)])
def test_an_id_leads_to_its_receipt(sent, text):
    assert look(sent, text=text) == f"/uploads/{UPLOAD_ID}"


def test_an_id_of_nothing_is_looked_for_as_a_reference(sent):
    assert look(sent, text="01kanqzzzz0000000000000099").startswith("/admin/uploads?search=")


def test_another_admins_search_is_not_theirs(sent):
    address = look(sent, text="case 1")
    other = sent.browser(sub="admin-2", **{"cognito:groups": ["admin"]})
    text = other.get(address).text
    assert "That search is no longer kept" in text
    assert "case 1" not in text
