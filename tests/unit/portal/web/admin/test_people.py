"""Accounts, as admins tend them."""

import pytest

from portal.accounts.user_pool import Standing

EMAIL = "nora@northside.example"


@pytest.fixture
def admin(portal):
    """An admin's browser; the pool knows the admin as the token does, and a second one."""
    portal.people.add("Ada Admin", "admin", subject="admin-1")
    portal.people.add("Bo Admin", "admin")
    return portal.admin()


@pytest.fixture
def nora(portal):
    return portal.people.add("Nora North", "clinic:northside")


def notes(portal):
    return [(entry.action, entry.subject, entry.clinic_id) for entry in portal.audit.written]


def test_somebody_who_is_invited_gets_an_email_and_a_place(portal, admin):
    answer = admin.post("/admin/clinics/northside/invite", data={"email": f" {EMAIL.upper()} ", "name": "Nora"})
    assert answer.headers["location"] == "/admin/people/u-3?done=invited"
    assert portal.people.mails == [("invitation", EMAIL)]
    person, groups = portal.people.find_person("u-3")
    assert (person.standing, groups) == (Standing.INVITED, {"clinic:northside"})
    assert notes(portal) == [("person.invite", "", "northside"), ("person.join", "sub-u-3", "northside")]
    assert "was invited by email" in admin.get(answer.headers["location"]).text
    assert "Nora" in admin.get("/admin/clinics/northside").text


def test_the_same_invitation_sent_twice_makes_one_account(portal, admin):
    for _ in range(2):
        answer = admin.post("/admin/clinics/northside/invite", data={"email": EMAIL})
        assert answer.headers["location"] == "/admin/people/u-3?done=invited"
    assert len(portal.people.mails) == 1


def test_an_account_that_was_left_without_a_place_is_taken_up(portal, admin):
    portal.people.invite(EMAIL, "")
    admin.post("/admin/clinics/northside/invite", data={"email": EMAIL})
    assert portal.people.find_person("u-3")[1] == {"clinic:northside"}
    assert notes(portal) == [("person.join", "sub-u-3", "northside")]


def test_one_account_has_one_place(portal, admin, nora):
    answer = admin.post("/admin/clinics/lakeview/invite", data={"email": nora.email})
    assert answer.status_code == 422
    assert "already has an account at the clinic northside" in answer.text
    assert portal.people.find_person(nora.username)[1] == {"clinic:northside"}


@pytest.mark.parametrize(
    "email",
    ["", "nora", "nora@localhost", "nora@@x.example", 'no"ra@x.example', "n\u0131ra@x.example", "a@x.example\n"],
)
def test_an_address_that_is_none_is_refused(portal, admin, email):
    answer = admin.post("/admin/clinics/northside/invite", data={"email": email.replace("\n", "\n.")})
    assert answer.status_code == 422
    assert "Enter an email address" in answer.text
    assert portal.people.mails == []


def test_a_disabled_account_has_no_session_and_can_be_enabled_again(portal, admin, nora):
    page = f"/admin/people/{nora.username}"
    assert admin.post(f"{page}/disable").headers["location"] == f"{page}?done=disable"
    assert portal.people.find_person(nora.username)[0].standing is Standing.DISABLED
    assert portal.people.ended == [nora.username]
    assert "can no longer sign in" in admin.get(f"{page}?done=disable").text
    admin.post(f"{page}/enable")
    assert "can no longer sign in" not in admin.get(f"{page}?done=disable").text
    assert portal.people.find_person(nora.username)[0].standing is Standing.ACTIVE
    assert notes(portal) == [
        ("person.disable", nora.subject, "northside"),
        ("person.enable", nora.subject, "northside"),
    ]


def test_disabling_twice_is_harmless(portal, admin, nora):
    for _ in range(2):
        assert admin.post(f"/admin/people/{nora.username}/disable").status_code == 303
    assert len(portal.audit.written) == 1


def test_a_lost_invitation_is_sent_again_and_a_lost_password_or_app_reset(portal, admin, nora):
    invited = portal.people.invite(EMAIL, "")
    portal.people.join(invited, "clinic:northside")
    admin.post(f"/admin/people/{invited.username}/remind")
    admin.post(f"/admin/people/{nora.username}/reset-mfa")
    admin.post(f"/admin/people/{nora.username}/reset-password")
    assert portal.people.mails == [("invitation", EMAIL), ("invitation", EMAIL), ("code", nora.email)]
    assert portal.people.ended == [nora.username, nora.username]


@pytest.mark.parametrize("deed", ["remind", "enable", "no-such-deed"])
def test_what_makes_no_sense_for_an_account_does_nothing(portal, admin, nora, deed):
    answer = admin.post(f"/admin/people/{nora.username}/{deed}")
    assert answer.status_code == {"remind": 409, "enable": 303, "no-such-deed": 404}[deed]
    assert portal.people.mails == []
    assert portal.audit.written == []


@pytest.mark.parametrize("deed", ["disable", "reset-password", "reset-mfa"])
def test_nobody_locks_out_himself(portal, admin, deed):
    assert admin.post(f"/admin/people/u-1/{deed}").status_code == 403
    assert portal.people.find_person("u-1")[0].standing is Standing.ACTIVE
    assert "This is your own account" in admin.get("/admin/people/u-1").text


def test_the_last_admin_who_can_work_stays(portal, admin):
    stranger = portal.browser(sub="admin-3", **{"cognito:groups": ["admin"]})
    assert stranger.post("/admin/people/u-1/disable").status_code == 303
    assert stranger.post("/admin/people/u-2/disable").status_code == 403
    assert portal.people.find_person("u-2")[0].standing is Standing.ACTIVE


def test_two_admins_who_disable_each_other_at_once_do_not_both_succeed(portal, admin, monkeypatch):
    disable = portal.people.disable

    def while_the_other_does_the_same(person):
        disable(portal.people.find_person("u-1")[0])
        disable(person)

    monkeypatch.setattr(portal.people, "disable", while_the_other_does_the_same)
    assert admin.post("/admin/people/u-2/disable").status_code == 403
    assert portal.people.find_person("u-2")[0].standing is Standing.ACTIVE


def test_admins_are_listed_and_invited_apart_from_clinics(portal, admin):
    assert "Bo Admin" in admin.get("/admin/admins").text
    admin.post("/admin/admins/invite", data={"email": "cy@scalper.example"})
    assert portal.people.find_person("u-3")[1] == {"admin"}


def test_an_unknown_person_is_not_found(admin):
    assert admin.get("/admin/people/nobody").status_code == 404
    assert admin.post("/admin/people/nobody/disable").status_code == 404
