"""The audit log, as admins read it."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.operations.model import AuditEntry
from portal import audit
from portal.audit import ACTIONS, GROUPS
from portal.presentation.csv_export import write_row
from tests.unit.portal.sign_in.test_flow import begun, granted

ROOT = Path(__file__).parents[5]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def entry(number=0, **changes):
    fields = {
        "at": NOON + timedelta(days=number),
        "actor": "admin-1",
        "actor_name": "Robin Vale",
        "action": "clinic.deactivate",
        "clinic_id": "northside",
        "subject": "northside",
    }
    return AuditEntry(**{**fields, **changes})


@pytest.fixture
def admin(portal):
    return portal.admin()


def table(answer):
    return list(csv.reader(io.StringIO(answer.text)))


def test_entries_are_told_in_plain_words_newest_first(portal, admin):
    portal.audit.written += [entry(), entry(1, action="partner.revoke", subject="client-9", reason="They left")]
    text = admin.get("/admin/audit").text
    assert text.index("Revoked a partner client</") > 0
    rows = text[text.index("<tbody>") :]
    assert rows.index("Revoked a partner client") < rows.index("Deactivated a clinic")
    for told in ("Robin Vale", "client-9", "Reason: They left", "northside"):
        assert told in rows


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("clinic=lakeview", [2]),
        ("person=admin-2", [1]),
        ("action=partner.", [1, 2]),
        ("action=partner.revoke", [2]),
        ("subject=s1", [1]),
        ("since=2026-11-21", [1, 2]),
        ("until=2026-11-20", [0]),
        ("since=2026-11-21&until=2026-11-21", [1]),
        ("since=yesterday&action=nonsense", [0, 1, 2]),
        ("clinic=nowhere", []),
    ],
)
def test_filters_narrow_the_list_and_the_export_alike(portal, admin, query, found):
    portal.audit.written += [
        entry(0, subject="s0"),
        entry(1, subject="s1", actor="admin-2", action="partner.create"),
        entry(2, subject="s2", clinic_id="lakeview", action="partner.revoke"),
    ]
    text = admin.get(f"/admin/audit?{query}").text
    assert [number for number in range(3) if f">s{number}<" in text] == found
    rows = table(admin.get(f"/admin/audit.csv?{query}"))
    exported = {line[6] for line in rows[1:]} - {""}
    assert exported == {f"s{number}" for number in found}


def test_pages_lead_on(portal, admin):
    portal.audit.written += [entry(subject=f"s{number:03d}") for number in range(audit.PAGE + 1)]
    first = admin.get("/admin/audit?clinic=northside").text
    assert "Next page" in first
    following = re.search(r'href="(/admin/audit\?clinic=northside&amp;cursor=[^"]+)"', first)[1]
    assert ">s000<" in admin.get(following.replace("&amp;", "&")).text
    assert ">s000<" not in first


def test_an_empty_log_and_an_empty_answer_say_what_to_do(portal, admin):
    assert "No entries yet" in admin.get("/admin/audit").text
    assert "No entries match" in admin.get("/admin/audit?clinic=lakeview").text


def test_an_export_is_noted_itself_and_named_by_the_day(portal, admin):
    portal.audit.written.append(entry(reason="=HYPERLINK(1)", detail={"b": "2", "a": "1"}))
    answer = admin.get("/admin/audit.csv?clinic=northside")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-20')
    header, *rows = table(answer)
    assert tuple(header) == audit.COLUMNS
    assert [line[1] for line in rows] == ["audit.export", "clinic.deactivate"]
    assert rows[1] == ["2026-11-20T12:00:00.000Z", "clinic.deactivate", "Deactivated a clinic", "northside",
                       "Robin Vale", "admin-1", "northside", "'=HYPERLINK(1)", "a: 1; b: 2"]  # fmt: skip
    assert portal.audit.written[-1].detail == {"filter": "clinic=northside"}


def test_an_export_that_is_too_large_says_where_to_go_on(portal, admin, monkeypatch):
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    portal.audit.written += [entry(number % 5) for number in range(600)]
    *rows, last = table(admin.get("/admin/audit.csv"))
    assert len(rows) < 20
    assert last[0].startswith("Cut here. Export again with an end of 2026-11-")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(cell):
    assert next(csv.reader(io.StringIO(write_row([cell]), newline="")))[0] == f"'{cell}"


def test_signing_in_and_out_is_noted(portal):
    client = portal.visitor()
    client.get("/auth/callback", params=granted(portal, begun(client)))
    client.headers["x-csrf-token"] = csrf_of(client)
    client.post("/sign-out")
    told = [(one.action, one.actor, one.clinic_id, one.actor_name) for one in portal.audit.written]
    name = "nora@northside.example"
    assert told == [("session.begin", "user-1", "northside", name), ("session.end", "user-1", "northside", name)]


def csrf_of(client):
    page = client.get("/files").text
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_who_has_no_place_here_gets_no_session(portal):
    client = portal.visitor()
    answer = client.get("/auth/callback", params=granted(portal, begun(client), **{"cognito:groups": None}))
    assert answer.status_code == 403
    assert client.get("/files").status_code == 303
    assert portal.audit.written == []


def test_whoever_wants_to_sign_out_is_let_go_even_when_that_cannot_be_noted(portal, monkeypatch):
    client = portal.browser()

    def fail(_entry):
        raise RuntimeError

    monkeypatch.setattr(portal.audit, "write", fail)
    with pytest.raises(RuntimeError):
        client.post("/sign-out")
    assert portal.pool.revoked == ["refresh-1"]


def test_every_action_can_be_asked_for(portal, admin):
    text = admin.get("/admin/audit").text
    assert all(f'<option value="{action}">' in text for action in ACTIONS)
    assert {one for held in audit.list_groups().values() for one in held} == set(ACTIONS)


def test_every_group_has_an_action_that_is_written():
    modules = [*(ROOT / "portal").rglob("*.py"), ROOT / "processor/orders/review_results.py"]
    text = "".join(path.read_text() for path in modules)
    # Once is its name in the list.
    written = {action for action in ACTIONS if text.count(f'"{action}"') > 1}
    assert written == set(ACTIONS)
    assert [start for start in GROUPS if not any(action.startswith(start) for action in written)] == []


@pytest.mark.parametrize("start", GROUPS)
def test_a_group_finds_what_belongs_to_it_and_nothing_else(portal, admin, start):
    portal.audit.written += [entry(number, action=action) for number, action in enumerate(ACTIONS)]
    _, *rows = table(admin.get("/admin/audit.csv", params={"action": start}))
    found = {row[1] for row in rows} - {"audit.export"}
    assert found == {action for action in ACTIONS if action.startswith(start)} - {"audit.export"}
    assert len(rows) > 0
