"""The analytics' page over HTTP, on fakes."""

import html
import re
from datetime import timedelta

import pytest

from intake.analytics.model import Progress, ResultTable
from intake.files.model import now
from intake.messaging.model import QueuedMessage
from portal.saved_queries import QUERIES

CAUSES = ResultTable(
    ("cause", "device", "clinic_id", "files", "files_judged", "percent"),
    (
        ("truncated", "Example Imaging CT 900 · a1c4", "northside", "1204", "5.0E4", "2.408"),
        ("not-dicom", "", "gone", "3", "3", "1.0E2"),
    ),
)
PAGE = "/admin/analytics/rejections?days=30"


@pytest.fixture
def answered(portal):
    portal.athena.answers["Rejections by cause"] = CAUSES
    return portal


def ask(portal, query="rejections", days=30):
    answer = portal.admin().post(f"/admin/analytics/{query}", data={"days": str(days)})
    assert answer.headers["location"] == f"/admin/analytics/{query}?days={days}"
    return answer


def cells(text):
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<t[hd].*?</t[hd]>", body)]


def test_the_queries_and_periods_are_offered_and_nothing_runs_unasked(portal):
    text = portal.admin().get("/admin/analytics").text
    for query in QUERIES:
        assert f'href="/admin/analytics/{query.key}?days=30"' in text
    assert all(f"{days} days" in text for days in (7, 30, 90))
    assert "Not run for this period yet" in text
    assert portal.athena.started == []


def test_an_answer_is_a_table_in_words_with_the_way_to_what_is_behind_it(answered):
    ask(answered)
    text = answered.admin().get(PAGE).text
    assert cells(text) == [
        "truncated", "Example Imaging CT 900 · a1c4", "Northside Imaging", "1,204", "50,000", "2.4 %",
        "not-dicom", "Not named", "gone", "3", "3", "100 %",
    ]  # fmt: skip
    assert 'href="/admin/quarantine?code=truncated"' in text
    assert "1.5 MB scanned in 1.9 s" in text


def test_the_query_that_runs_is_the_saved_one_for_the_period_and_is_noted(answered):
    ask(answered, days=7)
    ((sql, token),) = answered.athena.started
    assert sql == QUERIES[0].sql(7)
    assert 32 <= len(token) <= 128
    (entry,) = answered.audit.written
    assert (entry.action, entry.subject, entry.detail) == ("analytics.run", "rejections", {"days": "7"})
    assert "Not run for this period yet" in answered.admin().get("/admin/analytics/rejections?days=30").text


def test_an_answer_is_kept_for_ten_minutes_for_every_admin(answered):
    ask(answered)
    ask(answered)
    text = answered.admin().get(PAGE).text
    assert "Run again" not in text
    assert "Next run from" in text
    assert len(answered.athena.started) == len(answered.audit.written) == 1

    answered.clock.forward(minutes=11)

    assert "Run again" in answered.admin().get(PAGE).text
    ask(answered)
    assert len({token for _, token in answered.athena.started}) == 2


def test_two_who_press_the_button_at_once_start_one_run(answered):
    answered.query_runs.note = lambda run: None
    ask(answered)
    ask(answered)
    assert len(answered.athena.started) == 1


def test_a_run_shows_that_it_runs_and_asks_again_by_itself(answered):
    answered.athena.progress = Progress.RUNNING
    ask(answered)
    text = answered.admin().get(PAGE).text
    assert "The query is running" in text
    assert 'hx-get="/admin/analytics/rejections/_answer?days=30"' in text
    assert 'href="/admin/analytics/rejections?days=30">Look again' in text

    answered.athena.progress = Progress.DONE

    again = answered.admin().get("/admin/analytics/rejections/_answer?days=30").text
    assert "1,204" in again
    assert "hx-get" not in again
    assert "<html" not in again


def test_a_failed_run_may_be_repeated_at_once(answered):
    answered.athena.progress = Progress.FAILED
    ask(answered)
    text = answered.admin().get(PAGE).text
    assert "The query was not completed" in text
    assert "Run again" in text
    ask(answered)
    assert len(answered.athena.started) == 2


def test_what_athena_has_forgotten_is_run_anew(answered):
    ask(answered)
    answered.athena.forgets = True
    assert "Not run for this period yet" in answered.admin().get(PAGE).text
    answered.athena.forgets = False
    answered.athena.answers["Rejections by cause"] = ResultTable(("cause", "device"), (("a", "b"),))
    assert "Not run for this period yet" in answered.admin().get(PAGE).text, "the query was another one then"


def test_an_answer_without_rows_says_so(answered):
    answered.athena.answers["Rejections by cause"] = ResultTable(CAUSES.columns, ())
    ask(answered)
    assert "No file was rejected in this period" in answered.admin().get(PAGE).text


@pytest.mark.parametrize(
    "path", ["/admin/analytics/unknown", f"{PAGE[:-2]}31", "/admin/analytics/rejections/_answer?days=8", f"{PAGE}000"]
)
def test_other_queries_and_periods_do_not_exist(answered, path):
    assert answered.admin().get(path).status_code == 404


@pytest.mark.parametrize("days", ["31", "-7", "30' DAY) OR 1=1 --", "30.5", ""])
def test_a_period_that_is_not_offered_starts_nothing(answered, days):
    assert answered.admin().post("/admin/analytics/rejections", data={"days": days}).status_code in {404, 422}
    assert answered.athena.started == []


def test_values_are_shown_as_text_whatever_a_device_calls_itself(answered):
    hostile = "<script>alert(1)</script> · a1c4"
    row = ("truncated", hostile, "northside", "1", "1", "100.0")
    answered.athena.answers["Rejections by cause"] = ResultTable(CAUSES.columns, (row,))
    ask(answered)
    text = answered.admin().get(PAGE).text
    assert "<script>alert" not in text
    assert html.escape(hostile) in text


def test_the_console_is_linked_where_there_is_one(answered):
    assert "#/query-editor/saved-queries" in answered.admin().get(PAGE).text
    ask(answered)
    text = html.unescape(answered.admin().get(PAGE).text)
    assert "https://eu-central-1.console.aws.amazon.com/athena/home?region=eu-central-1" in text
    assert "#/query-editor/history/execution-0" in text


@pytest.mark.parametrize("path", ["/admin/analytics", PAGE, "/admin/analytics/rejections/_answer"])
def test_staff_see_none_of_it(answered, path):
    assert answered.browser().get(path).status_code == 403
    assert answered.browser().post("/admin/analytics/rejections", data={"days": "30"}).status_code == 403


def test_lost_exports_are_dead_letters_that_can_be_redriven(portal):

    lost = {"streamArn": "a", "shardId": "s", "startSequenceNumber": "1", "endSequenceNumber": "2", "batchSize": 42}
    for number, age in enumerate((timedelta(hours=1), timedelta(days=2))):
        message = QueuedMessage(f"m{number}", {"DDBStreamBatchInfo": lost}, 1, now() - age)
        portal.export_failures.messages.append(message)
    text = portal.admin().get("/admin/dead-letters").text
    assert text.count("Write 42 changes of records for the analytics") >= 2
    assert text.count("The analytics lack these verdicts") == 1
    portal.admin().post("/admin/dead-letters/exports/redrive", data={"message_id": "m0"})
    assert [message.message_id for message in portal.export_failures.redriven] == ["m0"]
