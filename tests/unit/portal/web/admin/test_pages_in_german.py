"""The admins' pages in German: whatever the catalogues know is told in it, and what programs read stays English."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from infra.build.catalogues import read_catalogue
from intake.files.model import Finding, ObjectVersion, Severity, now
from intake.files.states import State
from intake.messaging.events import Arrival, notification
from intake.messaging.model import QueuedMessage
from intake.operations.model import QuietClinic, StuckFile
from intake.recounts.jobs import RebuildJob
from intake.recounts.model import Difference
from processor.judge.rules.catalogue import RULES
from tests.records import UPLOAD_ID, a_file, an_upload
from tests.unit.portal.monitoring.test_dashboard import change
from tests.unit.portal.web.admin.test_analytics import CAUSES, ask
from tests.unit.portal.web.admin.test_clinics import profile_fields
from tests.unit.portal.web.quarantine.test_work_lists import act, file_id

GERMAN = {"accept-language": "de"}

SPOKEN = {
    message.id: message.string
    for message in read_catalogue("portal", "de")
    if isinstance(message.id, str) and message.id and message.string and message.id != message.string
}
"""Texts that are called otherwise in German."""

REBUILT, AUDITED, AUDITING = (f"01m8k4hcp9437tkt0nbpnkx5n{end}" for end in "abc")
PAGES = [
    "/admin", "/admin?range=30d&clinic=northside", "/admin?clinic=lakeview", "/admin/storage",
    "/admin/analytics", "/admin/analytics/rejections?days=30", "/admin/analytics/throughput",
    "/admin/analytics/time_to_verdict", "/admin/analytics/cost",
    "/admin/quarantine", "/admin/quarantine?group=cause&handled=too", "/admin/quarantine?group=device&clinic=northside",
    f"/admin/quarantine?group=upload&upload={UPLOAD_ID}", "/admin/quarantine?code=nothing&said=nothing",
    f"/admin/quarantine/{file_id()}", f"/admin/quarantine/{file_id(1)}",
    "/admin/reviews", "/admin/reviews?proposed=1&refused=2&held=1", "/admin/stuck?said=nothing",
    "/admin/dead-letters?redriven=0", "/admin/dead-letters?redriven=2",
    "/admin/uploads", "/admin/uploads?clinic=lakeview", "/admin/uploads?search=gone",
    "/admin/clinics", "/admin/clinics/new", "/admin/clinics/northside", "/admin/clinics/northside?done=profile",
    "/admin/clinics/lakeview", "/admin/clinics/northside/edit", "/admin/clinics/northside/invite",
    "/admin/clinics/northside/profile", "/admin/clinics/northside/profile/history?said=overtaken",
    "/admin/clinics/lakeview/profile/history", "/admin/clinics/northside/partners/new",
    "/admin/clinics/northside/partners/partner-1", "/admin/admins", "/admin/admins/invite",
    "/admin/people/u-1", "/admin/people/u-2?done=disable", "/admin/people/u-3?done=make-lead",
    "/admin/rebuilds", f"/admin/rebuilds/{REBUILT}", f"/admin/rebuilds/{AUDITED}", f"/admin/rebuilds/{AUDITING}",
    "/admin/audit", "/admin/audit?action=clinic.", "/admin/audit?clinic=nowhere",
]  # fmt: skip

FORMS = {
    "/admin/clinics/new": {"name": "", "clinic_id": "East Side", "contact": "\x00"},
    "/admin/clinics/northside/edit": {"name": "x" * 81},
    "/admin/clinics/northside/profile": {"max-pdf": "much", "conflicts": "odd"},
    "/admin/clinics/northside/invite": {"email": "odd", "name": "x" * 81},
    "/admin/admins/invite": {"email": ""},
    "/admin/clinics/northside/partners/new": {"name": ""},
    "/admin/quarantine": {"task": "accept", "order_id": "a" * 26, "file": file_id()},
    "/admin/quarantine/delete": {"order_id": "a" * 26, "file": file_id(), "reason": "short"},
    "/admin/rebuilds": {"job_id": "01m8k4hcp9437tkt0nbpnkx5nd", "upload": "odd"},
    "/admin/dead-letters/judging/discard?asked=1": {"message_id": "m1"},
}
"""Forms that are shown again: with what is wrong in them, or to ask for a reason."""


class Words(HTMLParser):
    """What somebody reads, or has read aloud: texts, and attributes that are texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.unread = 0

    def handle_starttag(self, tag, attrs):
        self.unread += tag in {"script", "style"}
        self.found |= {value for name, value in attrs if name in {"aria-label", "placeholder", "title", "data-label"}}
        self.found |= {value for name, value in attrs if tag == "optgroup" and name == "label"}

    def handle_endtag(self, tag):
        self.unread -= tag in {"script", "style"}

    def handle_data(self, data):
        if not self.unread:
            self.found |= {" ".join(data.split()), " ".join(data.split()).strip(" :,.")}


def read_words(text):
    words = Words()
    words.feed(text)
    return words.found


@pytest.fixture
def busy(portal):
    """Fill the portal: files in each state, proposals, orders, letters, people, profiles, answers and entries."""
    admin, at = portal.admin(), now()
    portal.people.add("Ada Vale", "admin", subject="admin-1")
    portal.people.add("Nora North", "clinic:northside")
    portal.people.add("Lena Lead", "clinic:northside")
    admin.post("/admin/people/u-3/make-lead")
    admin.post("/admin/people/u-2/disable")
    rule = RULES["truncated"]
    found = Finding(rule.code, Severity.REJECT, rule.message, rule.remedy)
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=5, created_at=at)
    for number in range(5):
        file = a_file(number, state=State.REJECTED, findings=(found,), created_at=at, kind="dicom")
        portal.table.files[file.file_id] = replace(file, metadata={"modality": "CT", "patient": {"id": "1"}})
    failed = a_file(5, state=State.FAILED, created_at=at)
    portal.table.files[failed.file_id] = failed
    waiting = a_file(6, state=State.AWAITING_UPLOAD, created_at=at)
    portal.table.files[waiting.file_id] = waiting
    portal.stuck_files.note([StuckFile(waiting.file_id, "northside", at - timedelta(hours=1), at)])
    portal.projections.note_quiet([QuietClinic("lakeview", 12, at)], at)
    for file, code in ((1, State.ACCEPTED), (2, State.REJECTED)):
        facts = {"codes": ("truncated",)} if code is State.REJECTED else {"latency_ms": 80}
        portal.projections.apply([change(portal, file, code, **facts)])
    portal.dead_letters.messages = [
        QueuedMessage("m1", notification(Arrival(ObjectVersion("b", a_file().incoming.key, "v"), at)), 5, at),
        QueuedMessage("m2", {}, 5, at),
    ]
    act(portal, "accept", "/accept", file=file_id(1), reason="The clinic confirmed it by phone.")
    act(portal, "try", file=file_id(2))
    admin.post("/admin/clinics/northside/profile", data=profile_fields(admin, **{"max-pdf": "5", "kind-png": None}))
    admin.post("/admin/clinics/lakeview/deactivate")
    _rebuild(portal)
    portal.athena.answers["Rejections by cause"] = CAUSES
    ask(portal)
    return portal


def _rebuild(portal):
    """Keep a rebuild and an audit that found something, and an audit that goes on."""
    found = (Difference(f"upload {UPLOAD_ID}", "n_accepted", 1, 2), Difference("feed of northside", "its head", 1, 2))
    asked = {"clinic_id": "northside", "actor": "admin-1", "placed_at": now(), "units_per_s": 200, "found": found}
    told = {**asked, "differences": 300, "uncounted": 1, "adopted": 1, "busy": 1, "busy_units": ("study x",)}
    for job in (
        RebuildJob(job_id=REBUILT, mends=True, **told, ended_at=now()),
        RebuildJob(job_id=AUDITED, mends=False, **told, ended_at=now(), upload_id=UPLOAD_ID),
        RebuildJob(job_id=AUDITING, mends=False, **told, worked_at=now(), position="northside/1#x"),
    ):
        portal.rebuild_jobs.jobs[job.job_id] = job


def list_english(answer):
    """Return what is told in English although the catalogue has it; say so too where the page is not in German."""
    return sorted(read_words(answer.text) & SPOKEN.keys()) + ["lang"] * ('<html lang="en"' in answer.text)


def test_pages_say_in_german_what_the_catalogues_know(busy):
    admin = busy.admin()
    answers = {path: admin.get(path, headers=GERMAN) for path in PAGES}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(PAGES, 200)
    assert {path: found for path, answer in answers.items() if (found := list_english(answer))} == {}


def test_forms_that_are_shown_again_are_german_too(busy):
    admin = busy.admin()
    answers = {path: admin.post(path, data=fields, headers=GERMAN) for path, fields in FORMS.items()}
    assert {path for path, answer in answers.items() if answer.status_code not in {200, 422}} == set()
    assert {path: found for path, answer in answers.items() if (found := list_english(answer))} == {}


def test_an_orders_progress_is_told_in_german(busy):
    order = act(busy, "reprocess", file=file_id(3)).headers["location"]
    for path in (order, f"{order}/_progress"):
        assert list_english(busy.admin().get(path, headers=GERMAN)) == []


def test_a_leads_pages_tell_in_german_what_was_done_to_somebody(busy):
    busy.people.add("Lea North", "clinic:northside", subject="lead-1")
    lead = busy.browser(sub="lead-1", **{"cognito:groups": ["clinic:northside", "lead:northside"]})
    for path in ("/people/u-2", "/people/u-3?done=make-lead", "/people/invite"):
        assert list_english(lead.get(path, headers=GERMAN)) == []


def test_the_log_is_german_to_read_and_english_to_take_away(busy):
    admin = busy.admin()
    page, table = (admin.get(f"/admin/{name}", headers=GERMAN).text for name in ("audit", "audit.csv"))
    assert "Geändert, wie Dateien einer Klinik beurteilt werden" in page
    assert "Höchstgröße pdf: keine Grenze → 5.0 MB" in page
    assert "Changed how a clinic's files are judged" in table
    assert "largest pdf: no limit → 5.0 MB" in table


def test_what_is_noted_of_a_profile_is_english_whoever_changes_it(portal):
    admin = portal.admin()
    admin.post("/admin/clinics/northside/profile", data=profile_fields(admin, **{"max-pdf": "5000"}), headers=GERMAN)
    assert portal.audit.written[-1].detail == {"largest pdf": "no limit → 5.0 GB"}
    history = admin.get("/admin/clinics/northside/profile/history", headers=GERMAN).text
    assert "Höchstgröße pdf: keine Grenze → 5,0 GB" in history


def test_the_charts_are_labelled_in_german(busy):
    page = busy.admin().get("/admin/_dashboard", headers=GERMAN).text
    (chart, _) = re.findall(r"data-chart='([^']+)'", page)
    assert "Angenommen" in chart
    assert "Accepted" not in chart
