"""The settings page over HTTP."""

import re

import pytest

from intake.messaging.model import OPERATIONS
from tests.unit.portal.http.pages.test_rendering import HOSTILE

PATH = "/settings/notifications"
MAIL = "worklist@example.org"


def post(browser, path, **form):
    return browser.post(f"{PATH}/{path}", data=form)


def id_on(text):
    return re.search(r'id="subscriber-([0-9a-f]+)"', text)[1]


def test_staff_add_change_and_remove_an_address(portal):
    browser = portal.browser()
    assert "Nobody gets emails yet" in browser.get(PATH).text

    answer = post(browser, "northside", email=MAIL, kinds=["file.rejected", "upload.completed"])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}/northside?done=added")
    text = browser.get(PATH).text
    assert MAIL in text
    assert "Waiting for confirmation" in text
    assert "hx-get" in text

    portal.subscribers.confirm(MAIL)
    text = browser.get(f"{PATH}/northside/_list").text
    assert "Confirmed" in text
    assert "hx-get" not in text

    row = f"northside/{id_on(text)}"
    assert post(browser, f"{row}/kinds", kinds=["clinic.quiet"]).status_code == 303
    assert portal.subscribers.find_address(MAIL).policy["kind"] == ["clinic.quiet"]
    assert post(browser, f"{row}/remove").status_code == 303
    assert MAIL not in browser.get(PATH).text


def test_a_fault_is_told_beside_its_field_and_what_was_typed_stays(portal):
    answer = post(portal.browser(), "northside", email="not an address", kinds=["clinic.quiet"])
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'value="not an address"' in answer.text
    assert post(portal.browser(), "northside", email=MAIL).status_code == 422


def test_asking_again_too_soon_is_told(portal):
    browser = portal.browser()
    post(browser, "northside", email=MAIL, kinds=["file.rejected"])
    answer = post(browser, f"northside/{id_on(browser.get(PATH).text)}/ask")
    assert answer.status_code == 422
    assert "less than five minutes ago" in answer.text


@pytest.mark.parametrize("way", ["kinds", "ask", "remove"])
def test_another_clinics_subscription_looks_like_an_unknown_one(portal, way):
    post(portal.browser(), "northside", email=MAIL, kinds=["file.rejected"])
    known = id_on(portal.browser().get(PATH).text)
    other = portal.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    paths = [f"northside/{known}/{way}", f"lakeview/{known}/{way}", f"lakeview/{'0' * 24}/{way}"]
    answers = [post(other, path, kinds=["file.failed"]) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r"[0-9a-f-]{36}|[0-9A-Za-z]{26}", "", answer.text) for answer in answers}) == 1
    assert other.get(f"{PATH}/northside").status_code == 404
    assert portal.subscribers.find_address(MAIL).policy["kind"] == ["file.rejected"]


def test_admins_manage_operations_and_each_clinic(portal):
    admin = portal.admin()
    assert "alarms of the system" in admin.get(PATH).text
    assert "alarms of the system" not in admin.get(f"{PATH}/lakeview").text
    assert post(admin, OPERATIONS, email=MAIL, kinds=["everything"]).status_code == 303
    assert admin.get(f"{PATH}/nowhere").status_code == 404


def test_nothing_is_done_without_the_csrf_token(portal):
    browser = portal.browser()
    del browser.headers["x-csrf-token"]
    assert post(browser, "northside", email=MAIL, kinds=["file.rejected"]).status_code == 403
    assert portal.subscribers.by_arn == {}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_is_typed_becomes_markup(portal, hostile):
    text = post(portal.browser(), "northside", email=hostile, kinds=[hostile]).text
    for live in ("<script>alert", "<img src=x", "<svg/onload", "55433", "</title></textarea>"):
        assert live not in text


LEADS = ["clinic:northside", "lead:northside"]


def a_lead(portal):
    return portal.browser(sub="lead-1", **{"cognito:groups": LEADS})


def test_a_lead_chooses_the_language_of_the_clinics_emails_and_that_is_noted(portal):
    lead = a_lead(portal)
    assert '<option value="en" lang="en" selected>English</option>' in lead.get(PATH).text
    answer = lead.post("/settings/language", data={"language": "de"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}/northside?done=language")
    assert '<option value="de" lang="de" selected>Deutsch</option>' in lead.get(answer.headers["location"]).text
    assert portal.directory.clinic("northside").language == "de"
    (entry,) = [entry for entry in portal.audit.written if entry.action == "clinic.language"]
    assert (entry.actor, entry.clinic_id, entry.subject) == ("lead-1", "northside", "northside")
    assert entry.detail == {"language": "en → de"}
    assert portal.directory.clinic("lakeview").language == "en"


@pytest.mark.parametrize("language", ["en", "", "xx", "DE", "de\r\n", "../de"])
def test_what_is_no_other_language_of_ours_changes_and_notes_nothing(portal, language):
    assert a_lead(portal).post("/settings/language", data={"language": language}).status_code == 303
    assert portal.directory.clinic("northside").language == "en"
    assert portal.audit.written == []


def test_only_leads_choose_and_others_of_the_clinic_see_what_was_chosen(portal):
    portal.directory.choose_mail_language("northside", "de")
    staff = portal.browser()
    for browser in (staff, portal.admin()):
        assert browser.post("/settings/language", data={"language": "en"}).status_code == 403
    text = staff.get(PATH).text
    assert "Emails to your clinic are written in <b>Deutsch</b>" in text
    assert 'action="/settings/language"' not in text
    assert portal.directory.clinic("northside").language == "de"


def test_admins_see_each_clinics_language_and_where_to_change_it(portal):
    portal.directory.choose_mail_language("northside", "de")
    admin = portal.admin()
    text = admin.get(f"{PATH}/northside").text
    assert "Emails about northside are written in <b>Deutsch</b>" in text
    assert 'href="/admin/clinics/northside/edit"' in text
    assert "in the language of that clinic, all others in English" in admin.get(f"{PATH}/{OPERATIONS}").text
