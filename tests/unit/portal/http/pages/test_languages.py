"""The language of a page, over HTTP: the browser's, or the one that its user chose."""

import pytest

from intake.files.model import Finding, Severity, now
from intake.files.states import State
from processor.judge.rules.catalogue import RULES
from tests.records import UPLOAD_ID, a_file, an_upload

GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.5"}


@pytest.fixture
def refused(portal):
    """Add an upload with one rejected file, and return its path."""
    rule = RULES["empty-file"]
    found = Finding(rule.code, Severity.REJECT, rule.message, rule.remedy)
    file = a_file(state=State.REJECTED, created_at=now(), findings=(found,))
    portal.table.files[file.file_id] = file
    portal.table.uploads[UPLOAD_ID] = an_upload(created_at=now())
    return f"/files/{file.file_id}"


def test_a_german_browser_gets_german_pages(portal):
    page = portal.browser().get("/upload", headers=GERMAN).text
    assert '<html lang="de">' in page
    assert "Dateien hochladen" in page
    assert "Upload files" not in page


def test_others_get_english_ones(portal):
    for header in ({}, {"accept-language": "fr"}, {"accept-language": "en-US,de;q=0.5"}):
        page = portal.browser().get("/upload", headers=header).text
        assert '<html lang="en">' in page
        assert "Upload files" in page


def test_a_cache_is_told_what_a_pages_language_follows_from(portal):
    answer = portal.visitor().get("/", headers=GERMAN)
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))


def test_a_choice_is_kept_and_counts_before_the_browsers(portal):
    browser = portal.browser()
    answer = browser.post("/language", data={"language": "en", "next": "/files?state=rejected"}, headers=GERMAN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/files?state=rejected")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(answer.headers["set-cookie"].split("; "))
    assert '<html lang="en">' in browser.get("/files", headers=GERMAN).text


def test_the_choice_is_made_in_every_pages_foot_and_leads_back_to_the_page(portal):
    page = portal.browser().get("/files?state=rejected", headers=GERMAN).text
    assert 'name="next" value="/files?state=rejected"' in page
    assert 'value="de" lang="de" aria-current="true">Deutsch</button>' in page


def test_a_visitor_chooses_too(portal):
    visitor = portal.visitor()
    assert visitor.post("/language", data={"language": "de", "next": "/"}).status_code == 303
    assert "Bilder senden. Wissen, dass sie angekommen sind." in visitor.get("/").text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "x" * 3000]
)
def test_a_choice_never_leads_elsewhere(portal, elsewhere):
    answer = portal.visitor().post("/language", data={"language": "de", "next": elsewhere})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("language", ["xx", "", "de; Domain=evil.example", "de\r\nSet-Cookie: a=b", "DE"])
def test_what_is_no_language_of_ours_is_not_kept(portal, language):
    answer = portal.visitor().post("/language", data={"language": language})
    assert "set-cookie" not in answer.headers


def test_another_site_cannot_choose(portal):
    answer = portal.browser().post("/language", data={"language": "de"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


def test_findings_are_told_in_german_and_stay_english_for_programs(portal, refused):
    page = portal.browser().get(refused, headers=GERMAN).text
    assert "Die Datei ist leer." in page
    assert "Abgelehnt" in page
    answer = portal.machine().get(f"/api/v1{refused}", headers=GERMAN).text
    assert "The file is empty." in answer


def test_tables_stay_english(portal, refused):
    table = portal.browser().get(f"/uploads/{UPLOAD_ID}/receipt.csv", headers=GERMAN).text
    assert "The file is empty." in table
    assert "Rejected" in table


def test_an_error_is_told_in_german(portal):
    page = portal.browser().get("/files/unknown", headers=GERMAN).text
    assert "Nicht gefunden" in page


def test_requests_side_by_side_do_not_mix_their_languages(portal):
    german, english = portal.browser(), portal.browser()
    for _ in range(3):
        assert '<html lang="de">' in german.get("/uploads", headers=GERMAN).text
        assert '<html lang="en">' in english.get("/uploads").text


def test_an_admins_pages_follow_the_language_too(portal):
    page = portal.admin().get("/admin/clinics", headers=GERMAN).text
    assert '<html lang="de">' in page
    assert "Klinik hinzufügen" in page


@pytest.mark.parametrize(
    ("path", "told"),
    [("/api/docs", "OpenAPI-Dokument"), ("/api/docs/problems/malformed-list", "kann nicht übernommen")],
)
def test_pages_about_the_api_are_for_people_and_the_api_is_not(portal, path, told):
    page = portal.visitor().get(path, headers=GERMAN)
    assert '<html lang="de">' in page.text
    assert told in page.text
    assert portal.visitor().get("/api/v1/files", headers=GERMAN).json()["title"] == "A valid access token is needed"
