"""Cursors: sealed, and of use for nothing but the list and the reader that they were given to."""

import base64
import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from intake.errors import InvalidCursorError
from intake.expectations.model import ExpectedExam
from intake.files import keys
from intake.files.outcomes import Page
from intake.files.states import State
from intake.operations.model import AuditEntry
from intake.orders.model import Answer, Answered, Order, Selection, Task
from intake.projections.model import FeedEntry
from intake.studies.exams import Exam
from portal import cursors
from portal.auth.identity import identify_staff
from portal.crypto.deployment_secrets import FRESH, DeploymentKey
from portal.cursors import Cursor
from tests.growth.fields import routes
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, an_upload
from tests.unit.portal.crypto.stored_secret import Seconds, Stored
from tests.unit.portal.pool import partner_token
from tests.unit.portal.portal_fixture import Portal

MANY = "01kanqzzzz0000000000000001"
"""An upload with more files than any page."""
ORDER = "01kanqzzzz0000000000000002"
STUDY = IDS.study("northside", "1.2.3")
PATIENT = IDS.patient("northside", "TEST-1").partition("#")[2]
UNKNOWN = "01k9ktx3mqf8g2w7v5n0ah4ebc"
CAUSE = "0#a-refusal"

LISTS = {
    "API files": ("partner", "/api/v1/files", {"limit": 1}),
    "API files by state": ("partner", "/api/v1/files", {"state": "accepted", "limit": 1}),
    "API files of an upload": ("partner", "/api/v1/files", {"upload_id": MANY, "limit": 1}),
    "API files of a study": ("partner", "/api/v1/files", {"study_uid": "1.2.3", "limit": 1}),
    "API uploads": ("partner", "/api/v1/uploads", {"limit": 1}),
    "API upload": ("partner", f"/api/v1/uploads/{MANY}", {"limit": 1}),
    "API receipt": ("partner", f"/api/v1/uploads/{MANY}/receipt", {"limit": 1}),
    "API studies": ("partner", "/api/v1/studies", {"limit": 1}),
    "API content of a study": ("partner", "/api/v1/studies/1.2.3/content", {}),
    "API content of an upload": ("partner", f"/api/v1/uploads/{MANY}/content", {}),
    "API changes": ("partner", "/api/v1/changes", {"limit": 1}),
    "API expected exams": ("partner", "/api/v1/expected-exams", {"day": "2026-11-22", "limit": 1}),
    "files": ("staff", "/files", {}),
    "files of an upload": ("staff", "/files", {"upload": MANY}),
    "files of a study": ("staff", "/files", {"study": STUDY}),
    "everybody's files": ("admin", "/files", {}),
    "uploads": ("staff", "/uploads", {}),
    "receipt": ("staff", f"/uploads/{MANY}", {}),
    "trouble": ("staff", f"/uploads/{MANY}/trouble", {"cause": CAUSE}),
    "sending": ("staff", f"/upload/{MANY}/files", {}),
    "studies": ("staff", "/studies", {}),
    "study": ("staff", f"/studies/{STUDY}", {}),
    "content of a study": ("staff", f"/studies/{STUDY}/content", {}),
    "patient": ("staff", f"/patients/{PATIENT}", {}),
    "expected exams": ("staff", "/expected", {"day": "2026-11-22"}),
    "everybody's uploads": ("admin", "/admin/uploads", {}),
    "audit": ("admin", "/admin/audit", {}),
    "quarantine": ("admin", "/admin/quarantine", {}),
    "stuck": ("admin", "/admin/stuck", {}),
    "order": ("admin", f"/admin/orders/{ORDER}", {}),
}
"""Every list: who reads it, where, and how it is narrowed."""

PARTS = {"/uploads/{upload_id}/_receipt": "receipt", "/admin/orders/{order_id}/_progress": "order"}
"""What a page's script asks for again: the page's own cursors open it."""


def parameter(path):
    return "since" if path.endswith("/changes") else "cursor"


@pytest.fixture(scope="module")
def portal():
    portal = Portal()
    table = portal.table
    for number in range(60):
        upload = an_upload(upload_id=keys.new_upload_id(), created_at=NOON + timedelta(minutes=number))
        table.uploads[upload.upload_id] = upload
    table.uploads[MANY] = an_upload(upload_id=MANY)
    table.uploads[UPLOAD_ID] = an_upload(clinic_id="lakeview")
    for number in range(520):
        record = a_file(number, upload_id=MANY, created_at=NOON + timedelta(seconds=number), **_verdict(number))
        table.files[record.file_id] = record
    for number in range(3):
        record = a_file(number, clinic_id="lakeview", name="secret", **_verdict(number))
        table.files[record.file_id] = record
    portal.table.expected |= {exam.expected_id: exam for exam in map(_expect, range(60))}
    portal.audit.written += [_noted(number) for number in range(120)]
    for clinic_id in ("northside", "lakeview"):
        portal.feed.append(clinic_id, *(_entry(number) for number in range(3)))
    _place_order(portal)
    return portal


def _verdict(number):
    # Sixty studies of one file, and one of many; and more files in trouble than a page shows.
    study = f"1.2.{100 + number}" if number < 60 else "1.2.3"
    metadata = {
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.1",
        "modality": "CT",
        "patient": {"id": "TEST-1"},
    }
    state = {4: State.REJECTED, 5: State.FAILED}.get(number % 6 if number >= 60 else 0, State.ACCEPTED)
    if 200 <= number < 340:
        state = State.REJECTED
    findings = (REFUSAL,) if state is State.REJECTED else ()
    return {"state": state, "kind": "dicom", "findings": findings, "metadata": metadata}


def _expect(number):
    exam = Exam(accession_number=f"ACC-{number}", modality="CT", study_date="20261122")
    expected_id = keys.new_upload_id()
    return ExpectedExam(
        clinic_id="northside", expected_id=expected_id, exam=exam, created_at=NOON, created_by="partner-1"
    )


def _noted(number):
    return AuditEntry(
        at=NOON,
        actor="admin-1",
        actor_name="Ada",
        action="file.download",
        clinic_id="northside",
        subject=f"s{number}",
        reason="",
        detail={},
    )


def _entry(number):
    return FeedEntry(
        file_id=keys.file_id(MANY, number), upload_id=MANY, revision=1, before=None, after=State.ACCEPTED, at=NOON
    )


def _place_order(portal):
    order = Order(
        order_id=ORDER,
        owner="",
        task=Task.TRY,
        selection=Selection(state=State.REJECTED),
        actor="admin-1",
        placed_at=NOON,
    )
    portal.orders.place(order)
    answers = [
        Answered(file_id=keys.file_id(MANY, number), clinic_id="northside", answer=Answer.ACCEPTED)
        for number in range(120)
    ]
    portal.orders.answer("", ORDER, answers)


@pytest.fixture(scope="module")
def readers(portal):
    return {"partner": portal.machine(), "staff": portal.browser(), "admin": portal.admin()}


def get(readers, name, **more):
    reader, path, params = LISTS[name]
    return ask(readers[reader], path, {**params, **more})


def ask(client, path, params):
    """Ask for a page, in the way in which the list is asked for: taking something out is no safe request."""
    if path.endswith("/content"):
        return client.post(path, params=params, json={})
    return client.get(path, params=params)


def next_of(answer):
    """Return the cursor that a page leads on with."""
    if "json" in answer.headers["content-type"]:
        return answer.json().get("next") or answer.json()["cursor"]
    links = (
        parse_qs(urlsplit(unescape(href)).query) for href in re.findall(r'href="([^"]*cursor=[^"]*)"', answer.text)
    )
    return next(link["cursor"][0] for link in links)


@pytest.fixture(scope="module")
def given(readers):
    """Return a cursor of each list, as its first page gives it."""
    return {name: next_of(get(readers, name)) for name in LISTS}


def told(answer):
    """Return all that an answer says, without what names the request."""
    body = re.sub(r'"request_id":"[^"]*"', "", answer.text)
    return answer.status_code, re.sub(r"[0-9a-f-]{36}", "", body), answer.headers["content-type"]


def test_every_route_that_takes_a_cursor_is_among_these_lists(portal):
    taking = [
        route
        for route in routes(portal.app)
        if parameter(route.path) in {field.alias for field in flat(route.dependant)}
    ]
    listed = [route for route in taking if any(route.path_regex.match(path) for _, path, _ in LISTS.values())]
    assert len(taking) > len(PARTS) + 12
    # Its cursors are bound to a link as well (tests/unit/portal/web/clinic/test_sharing.py).
    by_link = {"/shared/content"}
    assert {route.path for route in taking} - {route.path for route in listed} == set(PARTS) | by_link


def flat(dependant):
    yield from dependant.query_params
    for inner in dependant.dependencies:
        yield from flat(inner)


@pytest.mark.parametrize("name", LISTS)
def test_a_lists_own_cursor_leads_on(readers, given, name):
    answer = get(readers, name, **{parameter(LISTS[name][1]): given[name]})
    assert answer.status_code == 200
    assert told(answer) != told(get(readers, name))


def damaged(cursor):
    """Return what is nearly a cursor, and what never was one."""
    turned = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        for place in (0, 1, len(cursor) // 2, len(cursor) - 2, len(cursor) - 1)
    ]
    near = [cursor[:-1], cursor[1:], cursor[: len(cursor) // 2], cursor + cursor, cursor + "=", cursor + "A"]
    near += [f" {cursor}", f"{cursor}\n", f"{cursor}\0", cursor.swapcase(), cursor.replace("", ".")[1:-1]]
    plain = ("!", "~", "FILE#", "changes#1", f"2026-11-22T12:00:00.000Z#{MANY}-00001", f"FILE#{MANY}-00001", "50")
    old = [base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in plain]
    return [*turned, *near, *old, "", "IQ", "50", "é", "\u0661", "====", "..", "A" * 300, "A" * 5_000, "' OR 1=1 --"]


@pytest.mark.parametrize("name", LISTS)
def test_whatever_is_no_cursor_of_a_list_is_one_and_the_same_400(readers, given, name):
    here = parameter(LISTS[name][1])
    others = [cursor for other, cursor in given.items() if cursor != given[name]]
    assert len(others) == len(LISTS) - 1

    answers = {told(get(readers, name, **{here: text})) for text in (*damaged(given[name]), *others)}

    (answer,) = answers
    assert answer[0] == 400
    assert ("invalid-cursor" if "json" in answer[2] else "The cursor is not valid") in answer[1]


@pytest.mark.parametrize("name", [name for name, (reader, _, _) in LISTS.items() if reader == "partner"])
def test_another_clinics_cursor_of_the_same_list_opens_nothing(portal, readers, given, name):
    _, path, params = LISTS[name]
    lakeview = portal.machine(partner_token("partner-2"))
    answer = ask(lakeview, path, {**params, parameter(path): given[name]})
    hidden = MANY in path or path.endswith("/content")
    assert answer.status_code == (404 if hidden else 400)
    assert "secret" not in answer.text


def test_admins_and_a_clinics_staff_open_none_of_each_others_lists(readers, given):
    assert readers["admin"].get("/files", params={"cursor": given["files"]}).status_code == 400
    assert readers["staff"].get("/files", params={"cursor": given["everybody's files"]}).status_code == 400
    narrowed = {"clinic": "northside", "cursor": given["everybody's files"]}
    assert readers["admin"].get("/files", params=narrowed).status_code == 400


@pytest.mark.parametrize(
    ("name", "narrowed"),
    [
        ("API files", {"state": "rejected"}),
        ("API files", {"since": "2026-01-01T00:00:00Z"}),
        ("API files", {"until": "2027-01-01T00:00:00Z"}),
        ("API files by state", {"state": "rejected"}),
        ("API files of an upload", {"modality": "CT"}),
        ("API files of a study", {"study_uid": "1.2.100"}),
        ("API studies", {"modality": "CT"}),
        ("files", {"state": "rejected"}),
        ("files of a study", {"until": "2027-01-01"}),
        ("trouble", {"cause": "2#"}),
        ("studies", {"since": "2026-01-01"}),
        ("audit", {"clinic": "northside"}),
        ("quarantine", {"code": "a-refusal"}),
        ("quarantine", {"clinic": "northside"}),
    ],
)
def test_with_another_filter_it_is_another_list(readers, given, name, narrowed):
    assert get(readers, name, **narrowed).status_code == 200
    assert get(readers, name, **narrowed, cursor=given[name]).status_code == 400


def test_how_long_a_page_is_and_which_fields_it_shows_is_the_readers_choice(readers, given):
    answer = get(readers, "API files", cursor=given["API files"], limit=3, fields="file_id")
    assert [set(row) for row in answer.json()["files"]] == [{"file_id"}] * 3


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_a_pages_script_asks_for_again_opens_by_the_pages_cursor(readers, given, part):
    reader, path, _ = LISTS[PARTS[part]]
    again = f"{path}/{part.rpartition('/')[2]}"
    assert readers[reader].get(again, params={"cursor": given[PARTS[part]]}).status_code == 200
    assert readers[reader].get(again, params={"cursor": "IQ"}).status_code == 400


@pytest.mark.parametrize("cursor", ["IQ", "", "A" * 40])
def test_no_cursor_tells_an_upload_that_there_is_from_one_that_there_is_not(readers, cursor):
    partner, staff = readers["partner"], readers["staff"]
    listed = [
        told(partner.get("/api/v1/files", params={"upload_id": upload_id, "cursor": cursor}))
        for upload_id in (MANY, UPLOAD_ID, UNKNOWN)
    ]
    assert {answer[0] for answer in listed} == {400}
    assert len(set(listed)) == 1
    api, pages = ("/api/v1/uploads/{}", "/api/v1/uploads/{}/receipt"), ("/uploads/{}", "/upload/{}/files")
    for reader, path in [*((partner, path) for path in api), *((staff, path) for path in pages)]:
        hidden = [told(reader.get(path.format(one), params={"cursor": cursor})) for one in (UPLOAD_ID, UNKNOWN)]
        assert hidden[0][0] == 404
        assert hidden[0] == hidden[1]


def test_a_cursor_holds_nothing_that_can_be_read(given):
    for cursor in given.values():
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert len(cursor) <= cursors.LONGEST
        assert not any(secret in sealed for secret in (b"FILE", b"2026", b"00000", MANY[:12].encode(), b"changes"))


def test_the_same_page_is_told_in_the_same_words_so_that_its_tag_holds(readers):
    first = get(readers, "API files")
    again = readers["partner"].get(
        "/api/v1/files", params={"limit": 1}, headers={"if-none-match": first.headers["etag"]}
    )
    assert first.json()["next"]
    assert again.status_code == 304


def test_a_search_by_a_patient_leads_on_and_its_cursor_opens_no_other_search(portal, readers):
    staff = readers["staff"]
    first, second = (
        staff.post("/files/search", data={"name": "slice", "modality": modality}).headers["location"]
        for modality in ("CT", "")
    )
    cursor = next_of(staff.get(first))
    assert staff.get(f"{first}&cursor={cursor}").status_code == 200
    for address in (f"{second}&cursor={cursor}", f"/files?search=lapsed&cursor={cursor}", f"/files?cursor={cursor}"):
        assert staff.get(address).status_code == 400


NORTHSIDE = identify_staff("user-1", frozenset({"clinic:northside"}), "Nora")
CHANGES = "/api/v1/changes"


def sealed_by(services, position="42", identity=NORTHSIDE, **filters):
    return Cursor(CHANGES, cursors.seal(services, identity, Cursor(CHANGES), position, **filters))


@pytest.fixture
def stored():
    return Stored(previous=None)


def services_with(stored, seconds=None):
    return SimpleNamespace(deployment_key=DeploymentKey(stored.read, seconds or Seconds()))


def test_a_cursor_outlives_the_process_that_gave_it(stored):
    cursor = sealed_by(services_with(stored))
    assert cursors.unseal(services_with(stored), NORTHSIDE, cursor) == "42"


def test_a_cursor_outlives_one_rotation_of_the_key_and_not_two(stored):
    cursor = sealed_by(services_with(stored))
    stored.rotate("newer")
    assert cursors.unseal(services_with(stored), NORTHSIDE, cursor) == "42"
    stored.rotate("newest")
    with pytest.raises(InvalidCursorError):
        cursors.unseal(services_with(stored), NORTHSIDE, cursor)


def test_a_worker_that_has_not_heard_of_the_rotation_looks_again(stored):
    seconds = Seconds()
    behind = services_with(stored, seconds)
    sealed_by(behind)
    stored.rotate("newer")
    seconds.now += FRESH / 2
    assert cursors.unseal(behind, NORTHSIDE, sealed_by(services_with(stored))) == "42"


def test_another_deployments_cursor_opens_nothing(stored):
    cursor = sealed_by(services_with(Stored(current="another", previous=None)))
    with pytest.raises(InvalidCursorError):
        cursors.unseal(services_with(stored), NORTHSIDE, cursor)


def test_filters_do_not_run_into_each_other_nor_into_the_clinic(stored):
    services = services_with(stored)
    one = sealed_by(services, name="a", state="b").text
    others = [
        sealed_by(services, name="a\0state=b"),
        sealed_by(services, name="astate=b"),
        sealed_by(services, name="b", state="a"),
        sealed_by(services, name="a"),
        sealed_by(services),
        sealed_by(
            services, identity=identify_staff("user-1", frozenset({"clinic:lakeview"}), "Lea"), name="a", state="b"
        ),
    ]
    assert one not in {cursor.text for cursor in others}
    assert sealed_by(services, name="a", state="b", since=None, until="").text == one


def test_the_longest_position_fits_into_a_cursor(stored):
    services, longest = services_with(stored), "z" * 200
    cursor = sealed_by(services, longest)
    assert len(cursor.text) <= cursors.LONGEST
    assert cursors.unseal(services, NORTHSIDE, cursor) == longest


def test_the_last_page_has_no_cursor_and_needs_no_key():
    page = cursors.seal_page(SimpleNamespace(), NORTHSIDE, Cursor("/files"), lambda after: Page((after,)))
    assert page == Page((None,))
