"""An upload's receipt over HTTP, on fakes: causes, another try, the table."""

import csv
import io
from dataclasses import replace

import pytest

from intake.files.model import Finding, Severity
from intake.files.states import State
from intake.orders.model import Answer, Answered, OrderBatch
from portal.uploads.receipt_csv import COLUMNS
from tests.records import REFUSAL, UPLOAD_ID, WARNING, a_file, an_upload

OTHER = Finding("b-refusal", Severity.REJECT, "Another thing is wrong.", "Mend that too.", "(0008,0060)")


@pytest.fixture
def troubled(portal):
    """Six hundred good files, and behind them every kind of trouble."""
    portal.table.uploads[UPLOAD_ID] = an_upload(reference="Batch 7", note="By courier", declared=620, expected=625)
    records = [a_file(number, state=State.ACCEPTED) for number in range(600)]
    records += [a_file(n, state=State.REJECTED, findings=(REFUSAL, OTHER)) for n in range(600, 612)]
    records += [a_file(n, state=State.FAILED) for n in range(612, 615)]
    records += [a_file(615, state=State.EXPIRED), a_file(616, state=State.ACCEPTED, findings=(WARNING,))]
    portal.table.files |= {record.file_id: record for record in records}
    return portal


def test_causes_are_exact_wherever_in_the_upload_their_files_stand(troubled):
    text = troubled.browser().get(f"/uploads/{UPLOAD_ID}").text
    assert "See all 12 files" in text
    assert "Retry all 3 failed files" in text
    for told in (REFUSAL.message, REFUSAL.remedy, REFUSAL.where, WARNING.message, "By courier", OTHER.message):
        assert told in text
    assert "617 of 620 files checked" in text
    assert "of the 625 that you expected" not in text  # Three files have no verdict yet.


def test_all_files_with_a_cause_are_listed(troubled):
    browser = troubled.browser()
    text = browser.get(f"/uploads/{UPLOAD_ID}/trouble", params={"cause": "0#a-refusal"}).text
    assert text.count('class="list__name"') == 12
    assert "12 files with the same cause" in text
    assert "Nothing left to fix" in browser.get(f"/uploads/{UPLOAD_ID}/trouble", params={"cause": "0#x"}).text
    assert browser.get(f"/uploads/{UPLOAD_ID}/trouble", params={"cause": "<b>"}).status_code == 422
    other = troubled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert other.get(f"/uploads/{UPLOAD_ID}/trouble", params={"cause": "0#a-refusal"}).status_code == 404


def order_id(text):
    return text.partition('name="order_id" value="')[2].partition('"')[0]


def test_retrying_all_failed_files_asks_once_and_tells_how_far_it_is(troubled):
    browser = troubled.browser()
    form = {"order_id": order_id(browser.get(f"/uploads/{UPLOAD_ID}").text)}
    led = [browser.post(f"/uploads/{UPLOAD_ID}/retry", data=form) for _ in range(2)]
    assert [answer.status_code for answer in led] == [303, 303]
    page = led[0].headers["location"]
    assert "this starts in a moment" in browser.get(page).text
    (((owner, placed), order),) = troubled.services.orders.placed.items()
    assert (owner, order.selection.upload_id, order.selection.state) == ("northside", UPLOAD_ID, State.FAILED)
    orders, files = troubled.services.orders, tuple(a_file(n).file_id for n in range(612, 615))
    orders.add_portion(owner, placed, 0, OrderBatch(files, None))
    told = {"clinic_id": "northside", "answer": Answer.ACCEPTED}
    orders.answer(owner, placed, [Answered(file_id=file_id, **told) for file_id in files])
    assert "3 files checked again" in browser.get(page).text


def test_one_failed_file_is_retried_from_its_own_page(troubled):
    browser = troubled.browser()
    file_id = a_file(612).file_id
    text = browser.get(f"/files/{file_id}").text
    assert "Check it again" in text
    form = {"order_id": order_id(text), "file_id": file_id}
    assert browser.post(f"/uploads/{UPLOAD_ID}/retry", data=form).status_code == 303
    (order,) = troubled.services.orders.placed.values()
    assert order.selection.file_ids == (file_id,)


def test_nobody_retries_for_another_clinic_and_admins_have_their_own_lists(troubled):
    other = troubled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    form = {"order_id": "0" * 26}
    assert other.post(f"/uploads/{UPLOAD_ID}/retry", data=form).status_code == 404
    assert troubled.admin().post(f"/uploads/{UPLOAD_ID}/retry", data=form).status_code in {403, 404}
    assert "Retry" not in troubled.admin().get(f"/uploads/{UPLOAD_ID}").text
    assert troubled.services.orders.placed == {}


def test_what_was_rejected_or_never_came_is_sent_anew_into_the_same_upload(troubled):
    browser = troubled.browser()
    assert f'href="/upload?continue={UPLOAD_ID}"' in browser.get(f"/uploads/{UPLOAD_ID}").text
    assert 'value="Batch 7"' in browser.get(f"/upload?continue={UPLOAD_ID}").text
    other = troubled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert other.get(f"/upload?continue={UPLOAD_ID}").status_code == 404


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_receipt_is_a_table_of_every_file_that_no_spreadsheet_runs(troubled, encoding):
    names = ('=HYPERLINK("//evil.test")', "+1", "@SUM(A1)", " -2", 'a,"b"\r\nc', "naïve scan.dcm")
    for number, name in enumerate(names):
        record = a_file(number)
        troubled.table.files[record.file_id] = replace(troubled.table.files[record.file_id], name=name)
    answer = troubled.browser().get(f"/uploads/{UPLOAD_ID}/receipt.csv", headers={"accept-encoding": encoding})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="receipt-{UPLOAD_ID}.csv"'
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(COLUMNS)
    assert len(rows) == 1 + 617
    assert not any(cell.lstrip(" ")[:1] in {"=", "+", "-", "@"} for row in rows for cell in row)
    assert rows[5][0] == 'a,"b"\r\nc'
    rejected = rows[601]
    assert rejected[1:8] == [
        "Rejected", "1000", "Not known yet", f"{REFUSAL.message} | {OTHER.message}",
        f"{REFUSAL.remedy} | {OTHER.remedy}", f"{REFUSAL.where} | {OTHER.where}", "a-refusal | b-refusal",
    ]  # fmt: skip


def test_an_admins_table_names_no_files_and_another_clinics_is_not_found(troubled):
    assert "slice-" not in troubled.admin().get(f"/uploads/{UPLOAD_ID}/receipt.csv").text
    other = troubled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert other.get(f"/uploads/{UPLOAD_ID}/receipt.csv").status_code == 404


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("png", "image/png"), ("jpeg", "image/jpeg"), ("pdf", "application/pdf"), ("xml", None), ("dicom", None)],
)
def test_only_what_a_browser_shows_safely_is_shown(portal, kind, shown):
    record = a_file(state=State.ACCEPTED, kind=kind, stored=a_file().incoming)
    portal.table.files[record.file_id] = record
    page = portal.browser().get(f"/files/{record.file_id}").text
    answer = portal.browser().get(f"/files/{record.file_id}/preview")
    assert (f'href="/files/{record.file_id}/preview"' in page) is bool(shown)
    if shown:
        assert answer.headers["location"].endswith(f"response-content-type={shown}&X-Amz-Signature=fake")
    else:
        assert answer.status_code == 409
    other = portal.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    assert other.get(f"/files/{record.file_id}/preview").status_code == 404
    assert portal.admin().get(f"/files/{record.file_id}/preview").status_code == 403
