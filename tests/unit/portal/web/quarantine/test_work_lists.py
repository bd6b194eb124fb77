"""The work lists over HTTP, on fakes: who may, what is asked, what is noted, and that twice is once."""

import csv
import re
from dataclasses import replace
from html import unescape
from io import StringIO

import pytest

from intake.files import keys
from intake.files.model import ObjectVersion, now
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.orders.commands import FindFiles, parse_command
from intake.orders.model import Answer, Answered, OrderBatch, Task
from intake.projections.model import device
from portal.quarantine.orders import new_order_id
from tests.records import REFUSAL, UPLOAD_ID, a_file, an_upload
from tests.unit.intake.projections.test_projections import a_change

PAGES = ["/admin/quarantine", "/admin/reviews", "/admin/stuck", "/admin/dead-letters"]
WHY = "The clinic confirmed it by phone."
BINDING = replace(REFUSAL, code="polyglot-script")


@pytest.fixture
def filled(portal):
    """Add five rejected files of one upload; the last one has a finding that no review overrides."""
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=5, created_at=now())
    for number in range(5):
        found = (BINDING if number == 4 else REFUSAL,)
        record = a_file(
            number, state=State.REJECTED, findings=found, created_at=now(), kind="dicom", name="Doe^Jane.dcm"
        )
        portal.table.files[record.file_id] = replace(
            record, metadata={"modality": "CT", "patient": {"name": "Doe^Jane"}}
        )
    return portal


def file_id(number=0):
    return keys.file_id(UPLOAD_ID, number)


def second_admin(portal):
    return portal.browser(sub="admin-2", **{"cognito:groups": ["admin"]})


def act(portal, task, path="", browser=None, **data):
    fields = {"task": task, "order_id": new_order_id(), "file": file_id(), **data}
    return (browser or portal.admin()).post(f"/admin/quarantine{path}", data=fields)


def order_of(portal, answer):
    return portal.orders.order("", answer.headers["location"].rpartition("/")[2])


@pytest.mark.parametrize("path", [*PAGES, f"/admin/quarantine/{file_id()}", f"/admin/orders/{UPLOAD_ID}"])
def test_the_work_lists_are_for_admins(filled, path):
    assert filled.browser().get(path).status_code == 403
    assert filled.visitor().get(path).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", PAGES)
def test_empty_lists_say_so(portal, path):
    text = portal.admin().get(path).text
    assert 'class="empty"' in text
    assert 'href="/admin/quarantine" aria-current=' in text


def test_quarantine_tells_reasons_and_codes_and_neither_names_nor_patients(filled):
    for path in ("/admin/quarantine", f"/admin/quarantine/{file_id()}"):
        text = filled.admin().get(path).text
        assert REFUSAL.message in text
        assert REFUSAL.code in text
        assert "Doe" not in text


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("clinic=northside", 5),
        ("clinic=lakeview", 0),
        ("code=polyglot-script", 1),
        ("kind=pdf", 0),
        ("since=2031-01-01", 0),
        ("until=2020-01-01", 0),
        ("since=nonsense", 5),
    ],
)
def test_quarantine_is_filtered(filled, query, rows):
    text = filled.admin().get(f"/admin/quarantine?{query}").text
    assert text.count('name="file"') == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (f"upload={UPLOAD_ID}", 5),
        ("upload=01kanqzzzz0000000000000007", 0),
        ("device=nonsense", 0),
        ("since=2031-01-01T10:30", 0),
        ("until=2020-01-01T10:30", 0),
        ("until=2031-01-01T10:30", 5),
    ],
)
def test_quarantine_is_narrowed_as_the_dashboards_links_ask(filled, query, rows):
    assert filled.admin().get(f"/admin/quarantine?{query}").text.count('name="file"') == rows


@pytest.fixture
def scanned(filled):
    """Have two of the files name a device."""
    for number in (0, 1):
        record = filled.table.files[file_id(number)]
        metadata = {**record.metadata, "manufacturer": "ACME", "manufacturer_model": "One"}
        filled.table.files[file_id(number)] = replace(record, metadata=metadata)
    return filled, device("northside", {"manufacturer": "ACME", "manufacturer_model": "One"})


def test_a_devices_files_are_listed_and_ordered_alone(scanned):
    portal, made_by = scanned
    text = portal.admin().get(f"/admin/quarantine?device={made_by.key}").text
    assert (text.count('name="file"'), made_by.label in text) == (2, True)
    chosen = order_of(portal, act(portal, "try", scope="all", device=made_by.key)).selection
    assert chosen.device == made_by.key


@pytest.mark.parametrize(("by", "headings"), [("cause", 2), ("upload", 1), ("device", 2), ("nonsense", 0)])
def test_files_stand_in_groups_each_of_which_leads_to_its_own_list(scanned, by, headings):
    portal, _ = scanned
    text = portal.admin().get(f"/admin/quarantine?group={by}").text
    assert (text.count('class="list__group"'), text.count('name="file"')) == (headings, 5)


def test_the_list_is_taken_away_as_a_table_of_ids_and_codes_and_noted(scanned):
    portal, made_by = scanned
    answer = portal.admin().get(f"/admin/quarantine.csv?code={REFUSAL.code}")
    head, *rows = list(csv.reader(StringIO(answer.text)))
    assert (len(rows), head[3], rows[0][6]) == (4, "File", REFUSAL.code)
    assert {row[7] for row in rows} == {"", made_by.label}
    assert "Doe" not in answer.text
    (entry,) = portal.audit.written
    assert (entry.action, entry.detail) == ("file.export", {"filter": f"code={REFUSAL.code}"})


def test_the_tabs_count_what_waits_and_no_further_than_a_hundred(filled):
    act(filled, "accept", "/accept", reason=WHY)
    counts = re.findall(r'class="tabs__count">([0-9+]+)<', filled.admin().get("/admin/stuck").text)
    assert counts == ["5", "1"]
    for number in range(5, 130):
        record = a_file(number, state=State.REJECTED, findings=(REFUSAL,), created_at=now())
        filled.table.files[record.file_id] = record
    counts = re.findall(r'class="tabs__count">([0-9+]+)<', filled.admin().get("/admin/reviews").text)
    assert counts == ["99+", "1"]


def test_a_proposal_is_told_to_those_who_asked_for_it_once(filled):
    act(filled, "accept", "/accept", reason=WHY)
    act(filled, "accept", "/accept", reason=WHY)
    ((kind, subject),) = filled.projections.unsaid
    assert (kind, subject) == (AlertKind.REVIEW, "northside")


@pytest.mark.parametrize("task", ["try", "reprocess"])
def test_ticked_files_become_an_order_that_is_watched(filled, task):
    answer = act(filled, task)

    order = order_of(filled, answer)
    assert (answer.status_code, order.task, order.selection.file_ids) == (303, Task(task), (file_id(),))
    assert [parse_command(message.body) for message in filled.queue.messages] == [
        FindFiles(owner="", order_id=order.order_id)
    ]
    assert [entry.action for entry in filled.audit.written] == [f"file.{'dry-run' if task == 'try' else task}"]


def test_all_that_match_is_one_order_by_the_filter(filled):
    answer = act(filled, "try", scope="all", clinic="northside", code=REFUSAL.code)
    chosen = order_of(filled, answer).selection
    assert (chosen.file_ids, chosen.state, chosen.clinic_id, chosen.code) == (
        (),
        State.REJECTED,
        "northside",
        REFUSAL.code,
    )


def test_a_form_that_is_sent_twice_is_one_order_and_one_note(filled):
    order_id = new_order_id()
    for _ in range(2):
        act(filled, "reprocess", order_id=order_id)
    assert len(filled.orders.placed) == len(filled.audit.written) == 1


def test_nothing_ticked_is_said(filled):
    answer = act(filled, "reprocess", file=[])
    assert answer.headers["location"] == "/admin/quarantine?said=nothing"
    assert "Choose files first" in filled.admin().get(answer.headers["location"]).text
    assert not filled.orders.placed


def test_deleting_asks_first_and_wants_a_reason(filled):
    asked = act(filled, "delete")
    assert (asked.status_code, "Why?" in asked.text) == (200, True)
    assert not filled.audit.written

    refused = act(filled, "delete", "/delete", reason="  no ")
    assert (refused.status_code, "Write a few words to say why" in refused.text) == (422, True)
    assert not filled.orders.placed

    answer = act(filled, "delete", "/delete", reason=WHY)
    assert order_of(filled, answer).task is Task.DELETE
    (entry,) = filled.audit.written
    assert (entry.action, entry.reason, entry.subject) == ("file.delete", WHY, file_id())


def test_a_form_without_the_csrf_token_does_nothing(filled):
    browser = filled.admin()
    del browser.headers["x-csrf-token"]
    assert act(filled, "reprocess", browser=browser).status_code == 403
    assert not filled.orders.placed


def test_two_admins_accept_what_one_cannot(filled):
    answer = act(filled, "accept", "/accept", reason=WHY)
    assert answer.headers["location"] == "/admin/reviews?proposed=1&refused=0"
    page = filled.admin().get(answer.headers["location"]).text
    assert (WHY in page, "Withdraw" in page, "/confirm" in page) == (True, True, False)

    order = {"order_id": new_order_id()}
    assert filled.admin().post(f"/admin/reviews/{file_id()}/confirm", data=order).status_code == 403
    assert not filled.orders.placed

    assert "/confirm" in second_admin(filled).get("/admin/reviews").text
    confirmed = second_admin(filled).post(f"/admin/reviews/{file_id()}/confirm", data=order)

    assert order_of(filled, confirmed).task is Task.ACCEPT
    assert filled.reviews.review(file_id()).holds
    assert [(entry.action, entry.actor) for entry in filled.audit.written] == [
        ("review.propose", "admin-1"),
        ("review.confirm", "admin-2"),
        ("file.accept", "admin-2"),
    ]
    assert {entry.reason for entry in filled.audit.written} == {WHY}


def test_confirming_twice_is_one_order(filled):
    act(filled, "accept", "/accept", reason=WHY)
    order = {"order_id": new_order_id()}
    for _ in range(2):
        answer = second_admin(filled).post(f"/admin/reviews/{file_id()}/confirm", data=order)
        assert answer.status_code == 303
    assert len(filled.orders.placed) == 1


def test_a_proposal_can_be_declined_or_taken_back_twice_and_then_made_anew(filled):
    act(filled, "accept", "/accept", reason=WHY)
    for _ in range(2):
        assert filled.admin().post(f"/admin/reviews/{file_id()}/decline").status_code == 303
    assert filled.reviews.list_waiting(10) == ()
    assert (
        second_admin(filled).post(f"/admin/reviews/{file_id()}/confirm", data={"order_id": new_order_id()}).status_code
        == 404
    )
    assert "proposed=1" in act(filled, "accept", "/accept", reason=WHY).headers["location"]


def test_what_no_review_overrides_is_left_out_and_its_page_says_why(filled):
    answer = act(filled, "accept", "/accept", reason=WHY, file=[file_id(0), file_id(4)])
    assert answer.headers["location"] == "/admin/reviews?proposed=1&refused=1"
    text = filled.admin().get(f"/admin/quarantine/{file_id(4)}").text
    assert "No review can override this" in text
    assert "Propose to accept" not in text


@pytest.fixture
def claimed(filled):
    """Have another, accepted file hold the SOP Instance UID of the first rejected one."""
    table = filled.table
    rejected = table.files[file_id()]
    table.files[file_id()] = replace(rejected, metadata={**rejected.metadata, "sop_instance_uid": "1.2.3"})
    holder = a_file(9, state=State.ACCEPTED, sha256="f" * 64, created_at=now())
    table.files[holder.file_id] = holder
    table.identities["northside", "sop", "1.2.3"] = holder.file_id
    return filled


def test_nobody_proposes_what_could_not_be_accepted_for_another_file_holds_its_identity(claimed):
    answer = act(claimed, "accept", "/accept", reason=WHY, file=[file_id(0), file_id(1)])
    assert answer.headers["location"] == "/admin/reviews?proposed=1&refused=0&held=1"
    assert "accepting would fail" in claimed.admin().get(answer.headers["location"]).text
    assert [entry.subject for entry in claimed.audit.written] == [file_id(1)]
    page = claimed.admin().get(f"/admin/quarantine/{file_id()}").text
    assert ("No review can accept this file now" in page, "Propose to accept" in page) == (True, False)


def test_a_file_may_be_proposed_that_takes_the_place_of_the_one_it_clashed_with(claimed):
    clash = replace(REFUSAL, code="sop-instance-conflict")
    record, holder = claimed.table.files[file_id()], keys.file_id(UPLOAD_ID, 9)
    claimed.table.files[file_id()] = replace(record, findings=(clash,), conflicts_with=holder)
    assert "proposed=1&refused=0" in act(claimed, "accept", "/accept", reason=WHY).headers["location"]


def test_the_same_bytes_are_no_clash(claimed):
    holder = keys.file_id(UPLOAD_ID, 9)
    claimed.table.files[holder] = replace(claimed.table.files[holder], sha256=claimed.table.files[file_id()].sha256)
    assert "proposed=1&refused=0" in act(claimed, "accept", "/accept", reason=WHY).headers["location"]


def test_a_clash_that_came_since_the_proposal_stops_the_second_admin_before_anything_is_noted(claimed):
    held = dict(claimed.table.identities)
    claimed.table.identities.clear()
    act(claimed, "accept", "/accept", reason=WHY)
    claimed.table.identities.update(held)

    text = second_admin(claimed).get("/admin/reviews").text
    answer = second_admin(claimed).post(f"/admin/reviews/{file_id()}/confirm", data={"order_id": new_order_id()})

    assert ("Cannot be accepted now" in text, "/confirm" in text, answer.status_code) == (True, False, 409)
    assert [entry.action for entry in claimed.audit.written] == ["review.propose"]
    assert not claimed.orders.placed


def test_a_files_page_tells_that_both_agreed_in_vain(filled):
    act(filled, "accept", "/accept", reason=WHY)
    second_admin(filled).post(f"/admin/reviews/{file_id()}/confirm", data={"order_id": new_order_id()})
    assert "being checked once more" in filled.admin().get(f"/admin/quarantine/{file_id()}").text
    filled.reviews.conclude(filled.reviews.review(file_id()), Answer.REFUSED, ["sop-instance-conflict"])
    text = filled.admin().get(f"/admin/quarantine/{file_id()}").text
    assert "agreed to accept this file, and it was not accepted" in text
    assert "sop-instance-conflict" in text


def test_an_orders_page_follows_it_until_it_is_done(filled):
    answer = act(filled, "try")
    order_id = answer.headers["location"].rpartition("/")[2]
    assert "every 2s" in filled.admin().get(answer.headers["location"]).text
    filled.orders.add_portion("", order_id, 0, OrderBatch((file_id(0), file_id(1)), None))
    told = [
        Answered(file_id=file_id(0), clinic_id="northside", answer=Answer.ACCEPTED),
        Answered(file_id=file_id(1), clinic_id="northside", answer=Answer.REJECTED, codes=("truncated",)),
    ]
    filled.orders.answer("", order_id, told)

    text = filled.admin().get(f"/admin/orders/{order_id}/_progress").text

    for word in ("Done: 2 files", "Would be accepted", "Would be rejected", "truncated", "for real"):
        assert word in text
    assert "every 2s" not in text
    real = filled.admin().post(f"/admin/orders/{order_id}/reprocess", data={"new_id": new_order_id()})
    assert order_of(filled, real).selection == filled.orders.order("", order_id).selection


def test_an_order_of_a_clinic_is_not_there_for_admins_pages(filled):
    assert filled.admin().get(f"/admin/orders/{UPLOAD_ID}").status_code == 404


UNKNOWN = "Unknown senders"
LISTS = [
    "/admin/quarantine",
    "/files",
    "/admin",
    "/admin/clinics",
    "/admin/stuck",
    "/admin/quarantine?clinic=unassigned",
]
LISTS += ["/files?clinic=unassigned", "/admin?clinic=unassigned", "/admin/storage", f"/admin/quarantine/{file_id()}"]


@pytest.mark.parametrize("path", LISTS)
def test_admins_read_of_unknown_senders_and_never_of_the_reserved_clinic(portal, path):
    record = a_file(state=State.REJECTED, findings=(REFUSAL,), created_at=now(), clinic_id=keys.UNASSIGNED)
    portal.table.files[record.file_id] = record
    portal.table.uploads[UPLOAD_ID] = an_upload(clinic_id=keys.UNASSIGNED, created_at=now())
    failed = a_file(1, state=State.FAILED, created_at=now(), clinic_id=keys.UNASSIGNED)
    portal.table.files[failed.file_id] = failed
    change = {"clinic_id": keys.UNASSIGNED, "after": State.REJECTED, "codes": ("a-refusal",), "at": now()}
    portal.projections.apply([a_change(**change)])

    text = unescape(portal.admin().get(path).text)

    assert UNKNOWN in text or path == "/admin/storage"
    seen = re.sub(r"<[^>]*>", " ", text)
    assert keys.UNASSIGNED not in seen


@pytest.mark.parametrize(
    ("prefix", "told"), [("lakeview", "Lakeview Clinic, active now"), ("jane-doe", "No clinic"), ("", "No clinic")]
)
def test_an_unknown_senders_file_tells_a_clinics_prefix_and_no_other(portal, prefix, told):
    incoming = ObjectVersion("incoming", f"{prefix}/x.dcm", "v1")
    record = a_file(state=State.REJECTED, findings=(REFUSAL,), clinic_id=keys.UNASSIGNED, incoming=incoming)
    portal.table.files[record.file_id] = record

    text = portal.admin().get(f"/admin/quarantine/{record.file_id}").text

    assert told in text
    assert "jane-doe" not in text
