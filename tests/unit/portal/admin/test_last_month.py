"""What a profile would have done to a clinic's files of the last 30 days, as its form tells it."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from intake.files import keys
from intake.files.model import Finding, Severity, TimelineEntry
from intake.files.states import State
from intake.rules import catalogue
from intake.tenants.model import profile_version
from portal.admin import last_month
from tests.records import a_file

TRY = "/admin/clinics/northside/profile/try"
DAY = timedelta(days=1)


@pytest.fixture
def admin(portal):
    return portal.admin()


def find(code, severity=None):
    rule = catalogue().rules[code]
    return Finding(code, Severity(severity or rule.severity), rule.message, rule.remedy)


@pytest.fixture
def sent(portal):
    """Return what puts a judged PDF into the table, some days old, with the codes of its findings."""

    def send(number, *codes, days=1, **changes):
        findings = tuple(map(find, codes))
        rejected = any(found.severity is Severity.REJECT for found in findings)
        kept = {
            "state": State.REJECTED if rejected else State.ACCEPTED,
            "kind": "pdf",
            "name": f"Meier-Hanna-{number}.pdf",
            "findings": findings,
            "created_at": portal.clock() - days * DAY,
            "rules_version": catalogue().version,
            "profile_version": profile_version(None),
        }
        record = a_file(number, **{**kept, **changes})
        portal.table.files[record.file_id] = record
        return record

    return send


def read_text(answer):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def read_tiles(answer):
    tiles = re.findall(r'<div class="tile.*?<dt>(?:<svg.*?</svg>)?(.*?)</dt><dd>([\d,]+)</dd>', answer.text)
    return {label: int(number.replace(",", "")) for label, number in tiles}


def enter(admin, **changes):
    """Return the profile's form as it is shown, with changes."""
    page = admin.get("/admin/clinics/northside/profile").text
    kinds = {f"kind-{kind}": "on" for kind in catalogue().kinds if re.search(f'name="kind-{kind}"[^>]*checked', page)}
    fields = {**kinds, "version": re.search(r'name="version" value="(\w+)"', page)[1], **changes}
    return {name: value for name, value in fields.items() if value is not None}


def try_on(admin, **changes):
    answer = admin.post(TRY, data=enter(admin, **changes))
    assert answer.status_code == 200
    return answer


def test_files_that_would_have_gone_another_way_are_told_by_cause_and_nothing_is_saved(portal, admin, sent):
    refused = sent(1, "pdf-encrypted")
    large = sent(2, size=6_000_000)
    warned = sent(3, "pdf-pages-unchecked")
    for number in range(4, 8):
        sent(number)
    changes = {"rule-pdf-encrypted": "warn", "max-pdf": "5", "rule-pdf-pages-unchecked": "off"}
    answer = try_on(admin, **changes)
    assert read_tiles(answer) == {
        "Now rejected": 1, "Now accepted": 1, "Other warnings": 1, "Cannot be told": 0, "As they went": 4,
    }  # fmt: skip
    text = read_text(answer)
    assert "3 files would have gone another way , of 7 files. Nothing was saved." in text
    assert "rule pdf-encrypted: reject → warn" in text
    for record in (refused, large, warned):
        assert f'href="/admin/quarantine/{record.file_id}"' in answer.text
    assert (portal.directory.profiles, portal.audit.written) == ({}, [])
    assert 'value="5"' in answer.text


def test_no_name_of_a_file_is_told(admin, sent):
    sent(1, "pdf-encrypted")
    assert "Meier" not in try_on(admin, **{"rule-pdf-encrypted": "warn"}).text


def test_the_profile_that_is_in_use_changes_nothing(admin, sent):
    sent(1, "pdf-encrypted")
    sent(2, "pdf-pages-unchecked")
    sent(3)
    answer = try_on(admin)
    assert "No file would have gone another way , of 3 files." in read_text(answer)
    assert "The profile that is in use now." in read_text(answer)
    assert read_tiles(answer)["As they went"] == 3


def test_what_an_earlier_profile_did_is_told_apart(portal, admin, sent):
    admin.post("/admin/clinics/northside/profile", data=enter(admin, **{"rule-pdf-encrypted": "warn"}))
    sent(1, "pdf-encrypted")
    sent(2, size=6_000_000)
    text = read_text(try_on(admin, **{"rule-pdf-encrypted": "warn", "max-pdf": "5"}))
    assert "2 files would have gone another way" in text
    assert "1 file of those that would have gone another way would do so with the profile in use now, too" in text


def test_what_was_off_cannot_be_told_and_says_so(portal, admin, sent):
    off = enter(admin, **{"rule-pdf-encrypted": "off"})
    admin.post("/admin/clinics/northside/profile", data=off)
    used = profile_version(portal.directory.profiles["northside"])
    for number in range(3):
        sent(number, profile_version=used)
    sent(4, profile_version=used, kind="png")
    answer = try_on(admin, **{"rule-pdf-encrypted": "reject"})
    assert read_tiles(answer)["Cannot be told"] == 3
    assert "Not recorded then: " + catalogue().rules["pdf-encrypted"].message in read_text(answer)
    assert "as far as it can be told" in read_text(answer)


def test_only_the_clinics_own_files_of_30_days_are_tried_and_only_those_with_a_verdict_of_the_judges(admin, sent):
    sent(1, days=29)
    sent(2, days=31)
    sent(3, clinic_id="lakeview")
    sent(4, state=State.FAILED)
    sent(
        5,
        "pdf-encrypted",
        state=State.ACCEPTED,
        timeline=(TimelineEntry(a_file().created_at, "a", "review-confirmed"),),
    )
    sent(6, profile_version="0123456789ab")
    answer = try_on(admin, **{"max-pdf": "5"})
    text = read_text(answer)
    assert sum(read_tiles(answer).values()) == 2
    assert "1 file were accepted" not in text
    assert "Accepted by two administrators, and not counted: 1 file." in text
    assert "Without a verdict, and not counted: 1 file." in text
    assert "Checked with a profile that is not known any more: 1 file." in text


def test_what_another_file_holds_the_uid_of_cannot_be_told(portal, admin, sent):
    holder = sent(1, kind="dicom", metadata={"sop_instance_uid": "1.2.3"}, sha256="aa" * 32)
    portal.table.identities["northside", "sop", "1.2.3"] = holder.file_id
    sent(
        2, "date-invalid", kind="dicom", state=State.REJECTED, metadata={"sop_instance_uid": "1.2.3"}, sha256="bb" * 32
    )
    record = portal.table.files[keys.file_id(holder.upload_id, 2)]
    rejected = (find("date-invalid", "reject"),)
    portal.table.files[record.file_id] = replace(record, findings=rejected, profile_version="0123456789ab")
    answer = try_on(admin, **{"rule-burned-in-annotation": "off"})
    assert read_tiles(answer)["Cannot be told"] == 1
    assert "An accepted file has the same SOP Instance UID." in read_text(answer)


def test_entries_are_told_with_their_archive_also_where_that_was_counted_before(admin, sent, monkeypatch):
    monkeypatch.setattr(last_month, "AT_ONCE", 1)
    monkeypatch.setattr(last_month, "PAGES", 1)
    archive = sent(1, kind="zip", size=9_000_000, days=2)
    sent(2, kind="dicom", parent=archive.file_id, days=1)
    fields = enter(admin, **{"max-zip": "5"})
    answer = admin.post(TRY, data=fields)
    assert "left in their archive: 1 file" in read_text(answer)


def read_so_far(answer):
    found = re.search(r'name="so_far" value="([\w-]+)"', answer.text)
    return found[1] if found else None


def count_all(admin, fields):
    """Return every answer, as the page asks for one after the other."""
    answers = [admin.post(TRY, data=fields)]
    while so_far := read_so_far(answers[-1]):
        answers.append(admin.post(TRY, data={**fields, "so_far": so_far}))
    return answers


@pytest.fixture
def many(sent):
    for number in range(10):
        sent(number, *(["pdf-encrypted"] if number % 2 else []), days=1 + number)


def test_stretches_add_up_to_the_whole(admin, many, monkeypatch):
    fields = enter(admin, **{"rule-pdf-encrypted": "warn"})
    (whole,) = count_all(admin, fields)
    monkeypatch.setattr(last_month, "AT_ONCE", 3)
    monkeypatch.setattr(last_month, "PAGES", 1)
    answers = count_all(admin, fields)
    assert len(answers) == 4
    assert read_tiles(answers[-1]) == read_tiles(whole)
    assert "3 files would have gone another way , of the newest 6 files." in read_text(answers[1])
    assert all('hx-trigger="load, click"' in answer.text for answer in answers[:-1])


def test_a_page_goes_on_by_itself_for_so_long_only(admin, many, monkeypatch):
    monkeypatch.setattr(last_month, "AT_ONCE", 1)
    monkeypatch.setattr(last_month, "PAGES", 1)
    monkeypatch.setattr(last_month, "STRETCHES", 4)
    answers = count_all(admin, enter(admin))
    by_itself = ["load, click" in answer.text for answer in answers]
    assert by_itself == [True, True, True, False, True, True, True, False, True, False]
    assert "Count the older files" in answers[3].text


def test_what_was_counted_so_far_is_of_use_for_this_clinic_this_profile_and_this_admin_only(
    portal, admin, many, monkeypatch
):
    monkeypatch.setattr(last_month, "AT_ONCE", 3)
    monkeypatch.setattr(last_month, "PAGES", 1)
    fields = enter(admin, **{"rule-pdf-encrypted": "warn"})
    so_far = read_so_far(admin.post(TRY, data=fields))
    anew = read_tiles(admin.post(TRY, data=fields))
    changed = enter(admin, **{"rule-pdf-encrypted": "warn", "max-pdf": "5"})
    for client, path, entered in (
        (admin, TRY, {**changed, "so_far": so_far}),
        (portal.browser(sub="admin-2", **{"cognito:groups": ["admin"]}), TRY, {**fields, "so_far": so_far}),
        (admin, TRY, {**fields, "so_far": so_far[:-1]}),
        (admin, TRY, {**fields, "so_far": "forged"}),
    ):
        assert sum(read_tiles(client.post(path, data=entered)).values()) == sum(anew.values())
    elsewhere = admin.post(TRY.replace("northside", "lakeview"), data={**fields, "so_far": so_far})
    assert sum(read_tiles(elsewhere).values()) == 0


class Counted:
    """A port that counts its calls, and how many ids they name."""

    def __init__(self, port, calls):
        self._port, self._calls = port, calls

    def __getattr__(self, name):
        method = getattr(self._port, name)

        def call(*args, **options):
            ids = len(args[0]) if args and isinstance(args[0], list) else 0
            self._calls.append((name, ids))
            return method(*args, **options)

        return call


@pytest.mark.parametrize("files", [5, 50])
def test_a_stretch_takes_so_many_calls_however_many_files_a_clinic_has(portal, admin, sent, monkeypatch, files):
    monkeypatch.setattr(last_month, "AT_ONCE", 2)
    monkeypatch.setattr(last_month, "PAGES", 2)
    for number in range(files):
        sent(number, "pdf-encrypted", days=1 + number / 10, parent=keys.file_id("01kanqzzzz0000000000000001", number))
    fields = enter(admin, **{"rule-pdf-encrypted": "warn"})
    calls = []
    for name in ("records", "directory"):
        object.__setattr__(portal.services, name, Counted(getattr(portal.services, name), calls))
    admin.post(TRY, data=fields)
    of_records = [(name, ids) for name, ids in calls if name in {"files", "get_many", "find_holders"}]
    assert of_records == [("files", 0), ("files", 0), ("get_many", 4), ("get_many", 4), ("find_holders", 4)]
    assert len(calls) <= 13, calls


def test_going_back_is_tried_from_the_history_and_saved_from_the_form(portal, admin, sent):
    for limit in ("5", "9"):
        admin.post("/admin/clinics/northside/profile", data=enter(admin, **{"max-pdf": limit}))
    sent(1, size=6_000_000, profile_version=profile_version(portal.directory.profiles["northside"]))
    history = admin.get("/admin/clinics/northside/profile/history").text
    assert f'formaction="{TRY}"' in history
    oldest = portal.directory.profile_changes("northside", 10)[-1]
    version = profile_version(portal.directory.profiles["northside"])
    back = {"change": oldest.change_id, "version": version, "which": "after"}
    answer = admin.post(TRY, data=back)
    assert read_tiles(answer)["Now rejected"] == 1
    assert "largest pdf: 9.0 MB → 5.0 MB" in read_text(answer)
    assert re.search(r'name="max-pdf"[^>]*value="5"', answer.text)
    assert f'name="version" value="{version}"' in answer.text
    assert "max-pdf" in admin.post(TRY, data={**back, "which": "before"}).text
    assert admin.post(TRY, data={**back, "change": "x"}).status_code == 404
    assert admin.post(TRY.replace("northside", "lakeview"), data=back).status_code == 404


def test_a_form_that_cannot_be_taken_is_not_tried(admin, sent):
    sent(1)
    answer = admin.post(TRY, data=enter(admin, **{"max-pdf": "0"}))
    assert answer.status_code == 422
    assert "whole number of megabytes" in answer.text
    assert "last-month-head" not in answer.text


def test_a_clinic_without_files_is_told_so(admin):
    assert "there is nothing to try" in read_text(try_on(admin, **{"max-pdf": "5"}))


def test_many_causes_still_fit_into_the_form(admin, sent, monkeypatch):
    monkeypatch.setattr(last_month, "AT_ONCE", 900)
    monkeypatch.setattr(last_month, "PAGES", 1)
    soft = [code for code, rule in catalogue().rules.items() if not rule.protected]
    for number in range(901):
        sent(number, *(soft[(number + step) % len(soft)] for step in range(3)), days=1, state=State.ACCEPTED)
    fields = enter(admin, **{f"rule-{code}": "shadow" for code in soft})
    so_far = read_so_far(admin.post(TRY, data=fields))
    assert 1000 < len(so_far) < 32_000
