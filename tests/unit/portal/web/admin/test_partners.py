"""Partners' machine clients, as admins tend them."""

import re
from datetime import timedelta

import pytest

from intake.files.model import Source
from intake.files.states import State
from intake.tenants.model import MOST_CLIENTS, OWN_CLIENTS, Partner
from tests.records import a_file, an_upload
from tests.unit.portal.pool import CLI_CLIENT, WEB_CLIENT, partner_token

NEW = "/admin/clinics/northside/partners/new"
BOTH = {"upload": "on", "read": "on"}


@pytest.fixture
def admin(portal):
    return portal.admin()


def key_of(page):
    return re.search(r'name="request_key" value="([^"]+)"', page)[1]


def created(admin, **fields):
    given = {"name": "Northside PACS", "request_key": key_of(admin.get(NEW).text), **BOTH, **fields}
    return admin.post(NEW, data={name: value for name, value in given.items() if value})


def answer_to(portal, client_id):
    return portal.machine(partner_token(client_id)).get("/api/v1/files").status_code


def test_a_new_clients_secret_is_shown_once_and_kept_nowhere(portal, admin, log_lines):
    answer = created(admin)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "made-secret-1" in answer.text
    partner = portal.directory.partners_by_id["made-client-1"]
    assert (partner.clinic_id, partner.scopes) == ("northside", {"scalper/upload", "scalper/read"})
    assert portal.gateway.admitted == {WEB_CLIENT, CLI_CLIENT, "partner-1", "partner-2", "made-client-1"}
    assert answer_to(portal, "made-client-1") == 200
    later = (
        admin.get("/admin/clinics/northside/partners/made-client-1").text + admin.get("/admin/clinics/northside").text
    )
    assert "made-secret-1" not in f"{later}{portal.audit.written}{portal.directory}{log_lines()}"
    (entry,) = portal.audit.written
    assert (entry.action, entry.subject) == ("partner.create", "made-client-1")


def test_the_same_form_sent_twice_makes_one_client(portal, admin):
    key = key_of(admin.get(NEW).text)
    created(admin, request_key=key)
    again = created(admin, request_key=key)
    assert again.headers["location"] == "/admin/clinics/northside?done=repeated"
    assert portal.machines.made == 1


def test_a_client_may_do_what_was_chosen_and_no_more(portal, admin):
    created(admin, upload="")
    machine = portal.machine(partner_token("made-client-1"))
    assert machine.get("/api/v1/files").status_code == 200
    assert machine.post("/api/v1/uploads", json={"files": [{"name": "a", "size": 1}]}).status_code == 403


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Enter a name"),
        ({"name": "x" * 81}, "80 characters"),
        ({"upload": "", "read": ""}, "at least one"),
    ],
)
def test_a_client_that_cannot_be_made_says_why(portal, admin, fields, says):
    answer = created(admin, **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert portal.machines.made == 0


def test_a_rotated_client_works_beside_its_successor_for_a_week(portal, admin):
    page = "/admin/clinics/northside/partners/partner-1"
    key = key_of(admin.get(page).text)
    answer = admin.post(f"{page}/rotate", data={"request_key": key})
    assert "made-secret-1" in answer.text
    assert admin.post(f"{page}/rotate", data={"request_key": key}).status_code == 303
    assert (answer_to(portal, "partner-1"), answer_to(portal, "made-client-1")) == (200, 200)
    assert "Being replaced" in admin.get(page).text
    successor = portal.directory.partners_by_id["made-client-1"]
    assert (successor.name, successor.clinic_id) == ("Northside RIS", "northside")
    portal.clock.forward(days=7, minutes=1)
    assert answer_to(portal, "partner-1") == 401


def test_what_a_week_ended_is_taken_off_the_gateway_and_the_pool_with_the_next_change(portal, admin):
    created(admin)
    portal.directory.save_partner(
        Partner("old", "lakeview", "Old", frozenset(), ends_at=portal.clock() - timedelta(days=1))
    )
    portal.machines.create("old", ())
    portal.machines.clients["old"] = portal.machines.clients.pop("made-client-2")
    created(admin)
    assert "old" not in portal.gateway.admitted
    assert "old" not in portal.machines.clients


def test_a_revoked_client_is_refused_by_portal_gateway_and_pool(portal, admin):
    created(admin)
    page = "/admin/clinics/northside/partners/made-client-1"
    for _ in range(2):
        assert admin.post(f"{page}/revoke").headers["location"] == "/admin/clinics/northside?done=revoked"
    assert answer_to(portal, "made-client-1") == 401
    assert "made-client-1" not in portal.gateway.admitted
    assert portal.machines.clients == {}
    assert [entry.action for entry in portal.audit.written] == ["partner.create", "partner.revoke"]
    assert admin.post(f"{page}/rotate", data={"request_key": "k"}).status_code == 409


def test_a_revocation_that_broke_off_half_way_is_finished_by_repeating_it(portal, admin, monkeypatch):
    created(admin)
    page = "/admin/clinics/northside/partners/made-client-1"

    def break_off(_client_ids):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(portal.gateway, "admit", break_off)
        with pytest.raises(RuntimeError):
            admin.post(f"{page}/revoke")
    assert answer_to(portal, "made-client-1") == 401
    admin.post(f"{page}/revoke")
    assert portal.machines.clients == {}
    assert "made-client-1" not in portal.gateway.admitted


def test_another_clinics_client_is_not_found_here(admin):
    assert admin.get("/admin/clinics/lakeview/partners/partner-1").status_code == 404
    assert admin.post("/admin/clinics/lakeview/partners/partner-1/revoke").status_code == 404


def test_the_gateways_list_is_not_overfilled(portal, admin):
    for number in range(MOST_CLIENTS - OWN_CLIENTS - 2):
        portal.directory.save_partner(Partner(f"p{number}", "lakeview", "P", frozenset()))
    answer = created(admin)
    assert answer.status_code == 409
    assert "too many partner clients" in answer.text
    assert portal.machines.made == 0


def test_the_figures_of_a_client_add_up_whatever_became_of_its_files(portal, admin):
    fates = (*State, State.ACCEPTED)
    upload = an_upload(
        upload_id="upload0", created_by="partner-1", source=Source.API, declared=len(fates), created_at=portal.clock()
    )
    portal.table.uploads[upload.upload_id] = upload
    for index, state in enumerate(fates):
        record = a_file(index, file_id=f"upload0-{index:05d}", upload_id="upload0", state=state)
        portal.table.files[record.file_id] = record
    page = admin.get("/admin/clinics/northside/partners/partner-1").text
    _, files, *rows = map(int, re.findall(r"<dd>(\d+)</dd>", page))
    assert files == sum(rows) == len(State) + 1
    assert "Not received" in page


def test_usage_counts_what_the_client_sent_in_the_last_thirty_days(portal, admin):
    for number, (sender, days) in enumerate((("partner-1", 1), ("partner-1", 40), ("user-1", 1))):
        upload = an_upload(
            upload_id=f"upload{number}", created_by=sender, source=Source.API, declared=2,
            created_at=portal.clock() - timedelta(days=days),
        )  # fmt: skip
        portal.table.uploads[upload.upload_id] = upload
        for index, state in enumerate((State.ACCEPTED, State.REJECTED)):
            record = a_file(index, file_id=f"upload{number}-{index:05d}", upload_id=upload.upload_id, state=state)
            portal.table.files[record.file_id] = record
    page = admin.get("/admin/clinics/northside/partners/partner-1").text
    assert re.findall(r"<dd>(\d+)</dd>", page) == ["1", "2", "1", "1"]
