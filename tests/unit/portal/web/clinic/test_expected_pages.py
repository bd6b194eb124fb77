"""The page of expected exams over HTTP, on fakes: pasting a list, seeing the day, cancelling; and the board's tab."""

import re
from html import unescape

import pytest

from intake.files.model import now
from intake.tenants.model import Clinic
from tests.unit.portal.api.test_expected_exams import image

DAY = "2026-11-22"
LIST = (
    "Accession number;Patient ID;Name;Modality;Date;Time;Images;Description\n"
    "ACC-77;TEST-1;Example^Nora;CT;22.11.2026;09:30;60;CT Thorax\n"
    "ACC-78;TEST-2;Muster^Max;US;22.11.2026;10:00;;US Neck\n"
)


def shown(text):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text))).replace("\u2060", "")


@pytest.fixture
def filled(portal):
    portal.table.files |= {record.file_id: record for record in map(image, range(1, 58))}
    answer = portal.browser().post("/expected", data={"list": LIST, "day": "2026-01-01"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/expected?day={DAY}&created=2"
    return portal


def test_a_pasted_list_shows_what_came_what_is_missing_and_what_did_not_come(filled):
    browser = filled.browser()
    text = shown(browser.get(f"/expected?day={DAY}&created=2").text)
    for told in ("The list was taken: 2 new", "Example, Nora", "TEST-1", "ACC-77", "57 of 60", "Missing 3 of 60"):
        assert told in text
    assert "Muster, Max" in text
    assert "Did not come" in text
    assert "Missing 3 of 60" in shown(browser.get("/studies").text)


def test_the_day_may_show_only_what_is_not_here(filled):
    text = shown(filled.browser().get(f"/expected?day={DAY}&show=absent").text)
    assert "Muster, Max" in text
    assert "Example, Nora" not in text
    browser = filled.browser()
    (expected_id,) = re.findall(r"/expected/([0-9a-z]{26})/cancel", browser.get(f"/expected?day={DAY}").text)
    browser.post(f"/expected/{expected_id}/cancel", data={"day": DAY})
    assert "Every expected exam came" in shown(filled.browser().get(f"/expected?day={DAY}&show=absent").text)


def test_a_studys_page_says_how_many_of_the_expected_images_are_here(filled):
    browser = filled.browser()
    (address,) = set(re.findall(r'href="(/studies/[0-9a-z]{26})"', browser.get(f"/expected?day={DAY}").text))
    text = shown(browser.get(address).text)
    assert "57 of 60 expected images are here: 3 images missing" in text
    assert "What nobody can tell" not in text


def test_a_malformed_list_stays_in_the_form_and_is_told_line_by_line(portal, log_lines):
    browser = portal.browser()
    answer = browser.post("/expected", data={"list": LIST.replace("09:30", "soon"), "day": DAY})
    assert answer.status_code == 422
    text = shown(answer.text)
    assert "Nothing of the list was taken" in text
    assert "Line 2: Time cannot be read: write it as 09:30" in text
    assert "Muster^Max" in text
    assert portal.table.expected == {}
    assert "Muster" not in str(log_lines())


def test_an_exam_is_cancelled_and_expected_again_and_the_audit_log_tells_who(filled):
    browser = filled.browser()
    (expected_id,) = re.findall(r"/expected/([0-9a-z]{26})/cancel", browser.get(f"/expected?day={DAY}").text)
    answer = browser.post(f"/expected/{expected_id}/cancel", data={"day": DAY})
    assert answer.headers["location"] == f"/expected?day={DAY}"
    text = browser.get(f"/expected?day={DAY}").text
    assert "Cancelled" in text
    assert f"/expected/{expected_id}/restore" in text
    browser.post(f"/expected/{expected_id}/restore", data={"day": DAY})
    assert "Expect again" not in browser.get(f"/expected?day={DAY}").text
    actions = [entry.action for entry in filled.audit.written]
    assert actions[-3:] == ["expected.add", "expected.cancel", "expected.restore"]


def test_another_clinic_sees_and_cancels_nothing(filled):
    (expected_id,) = re.findall(r"/expected/([0-9a-z]{26})/cancel", filled.browser().get(f"/expected?day={DAY}").text)
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert "No exam is expected on this day" in other.get(f"/expected?day={DAY}").text
    assert other.post(f"/expected/{expected_id}/cancel").status_code == 404
    assert filled.admin().get("/expected").status_code == 403


def test_a_clinic_chooses_its_hour_and_whether_names_show(filled):
    browser = filled.browser()
    assert browser.post("/expected/hour", data={"hour": "7", "day": DAY}).status_code == 303
    assert filled.reminders.read(["northside"])["northside"].hour == 7
    assert '<option value="7" selected>' in browser.get("/expected").text
    assert browser.post("/expected/hour", data={"hour": "24"}).status_code == 422
    filled.directory.save_clinic(Clinic("northside", "Northside Imaging", shows_names=False))
    text = browser.get(f"/expected?day={DAY}").text
    assert "Muster" not in text
    assert "TEST-2" in text


def test_the_board_tells_how_many_exams_are_expected_today(portal):
    browser = portal.browser()
    portal.table.files |= {record.file_id: record for record in map(image, range(1, 3))}
    browser.post("/expected", data={"list": "Accession\nA\nB", "day": f"{now():%Y-%m-%d}"})
    assert "Expected today 2" in shown(browser.get("/studies").text)
    assert "Expected today" not in portal.admin().get("/studies").text


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "99999-01-01", "0000-00-00", "9999-12-31", "0001-01-01"])
def test_any_day_may_be_asked_for(portal, day):
    assert portal.browser().get(f"/expected?day={day}").status_code == 200


def test_a_list_of_two_thousand_exams_fits_and_a_longer_body_does_not(portal):
    browser = portal.browser()
    row = "ACC-{};TEST-1;Example^Nora Maria Magdalena;CT;22.11.2026;09:30;60;CT Thorax/Abdomen mit Kontrastmittel\n"
    text = LIST.partition("\n")[0] + "\n" + "".join(row.format(n) for n in range(2000))
    assert browser.post("/expected", data={"list": text}).status_code == 303
    assert browser.post("/expected", data={"list": "x" * 2_100_000}).status_code == 413


@pytest.mark.parametrize("text", ["\\ud800", "Name\\n\\udfff,", "\\ud83d" * 100, "x\\udc00", '\\"\\ud800'])
def test_a_list_in_a_code_that_knows_more_than_unicode_is_answered_like_any_other(portal, text):
    body = f'--x\r\nContent-Disposition: form-data; name="list"\r\n\r\n{text}\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x; charset=unicode_escape"
    assert portal.browser().post("/expected", content=body, headers={"content-type": kind}).status_code == 422


@pytest.mark.parametrize("day", ["22.11.2026", "2026-02-30", "tomorrow", "9999-12-31", "22-11-2026"])
def test_a_list_for_a_day_that_cannot_be_read_is_refused_and_not_taken_for_today(portal, day):
    answer = portal.browser().post("/expected", data={"list": "Accession\nACC-1", "day": day})
    assert (answer.status_code, portal.table.expected) == (422, {})
    assert "Nothing of the list was taken" in answer.text
    dated = portal.browser().post("/expected", data={"list": "Accession;Date\nACC-1;22.11.2026", "day": ""})
    assert dated.headers["location"].startswith(f"/expected?day={DAY}&")
