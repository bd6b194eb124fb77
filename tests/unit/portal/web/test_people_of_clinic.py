"""A clinic's people, as its leads tend them; and that leads reach nobody else and nothing more."""

import pytest

from intake.tenants.model import Clinic
from portal.accounts.user_pool import Standing
from portal.auth.rate_limit import INVITATIONS_A_DAY
from tests.unit.portal.auth.test_revocations import signed_in
from tests.unit.portal.pool import access_token

LEADS = ["clinic:northside", "lead:northside"]
EMAIL = "new@northside.example"


def add(portal, name, *groups, subject="", standing=Standing.ACTIVE):
    person = portal.people.add(name, groups[0], standing, subject)
    for group in groups[1:]:
        portal.people.join(person, group)
    return person


@pytest.fixture
def lead(portal):
    """A lead's browser; the pool knows them as the token does."""
    add(portal, "Lee Lead", *LEADS, subject="lead-1")
    return portal.browser(sub="lead-1", **{"cognito:groups": LEADS})


@pytest.fixture
def nora(portal):
    return add(portal, "Nora North", "clinic:northside", subject="user-1")


def notes(portal):
    return [(entry.actor, entry.action, entry.subject, entry.clinic_id) for entry in portal.audit.written]


def test_a_lead_invites_somebody_to_their_own_clinic_whatever_the_form_says(portal, lead):
    answer = lead.post(
        "/people/invite", data={"email": EMAIL, "name": "New", "clinic_id": "lakeview", "group": "admin"}
    )
    assert answer.headers["location"] == "/people/u-2?done=invited"
    assert portal.people.find_person("u-2")[1] == {"clinic:northside"}
    assert portal.people.mails == [("invitation", EMAIL)]
    assert notes(portal) == [
        ("lead-1", "person.invite", "", "northside"),
        ("lead-1", "person.join", "sub-u-2", "northside"),
    ]
    assert "was invited by email" in lead.get(answer.headers["location"]).text
    assert "New" in lead.get("/people").text


def test_a_lead_disables_and_enables_a_colleague_who_is_out_at_once(portal, lead, nora):
    theirs = signed_in(portal)
    assert theirs.get("/files").status_code == 200
    assert lead.post(f"/people/{nora.username}/disable").headers["location"].endswith("?done=disable")
    assert portal.people.find_person(nora.username)[0].standing is Standing.DISABLED
    assert theirs.get("/files").status_code == 303
    assert portal.machine(access_token()).get("/api/v1/files").status_code == 401
    lead.post(f"/people/{nora.username}/enable")
    assert portal.people.find_person(nora.username)[0].standing is Standing.ACTIVE
    assert [note[1] for note in notes(portal)] == ["person.disable", "person.enable"]


def test_a_lead_makes_a_colleague_a_lead_and_takes_it_back(portal, lead, nora):
    page = f"/people/{nora.username}"
    assert "is now a lead" in lead.post(f"{page}/make-lead", follow_redirects=True).text
    assert portal.people.find_person(nora.username)[1] == set(LEADS)
    theirs = portal.browser(**{"cognito:groups": LEADS})
    assert theirs.get("/people").status_code == 200
    assert "is no longer a lead" in lead.post(f"{page}/end-lead", follow_redirects=True).text
    assert portal.people.find_person(nora.username)[1] == {"clinic:northside"}
    assert theirs.get("/people").status_code == 303, "their token names the group for a quarter of an hour"
    assert notes(portal) == [
        ("lead-1", "person.promote", "user-1", "northside"),
        ("lead-1", "person.demote", "user-1", "northside"),
    ]
    for deed in ("end-lead", "end-lead"):
        assert lead.post(f"{page}/{deed}").status_code == 303
    assert len(notes(portal)) == 2, "what holds already is not done again"


@pytest.mark.parametrize(
    "groups",
    [
        ["clinic:lakeview"],
        ["clinic:lakeview", "lead:lakeview"],
        ["admin"],
        ["clinic:northside", "admin"],
        ["clinic:northside", "clinic:lakeview"],
        ["clinic:northside", "lead:lakeview"],
        ["clinic:northside", "auditors"],
        ["lead:northside"],
    ],
)
@pytest.mark.parametrize("deed", ["remind", "disable", "enable", "make-lead", "end-lead"])
def test_whoever_is_not_of_the_own_clinic_alone_is_to_a_lead_somebody_unknown(portal, lead, groups, deed):
    stranger = add(portal, "Stranger", *groups)
    unknown = lead.get("/people/nobody")
    for answer in (lead.get(f"/people/{stranger.username}"), lead.post(f"/people/{stranger.username}/{deed}")):
        assert answer.status_code == unknown.status_code == 404
        assert "Stranger" not in answer.text
    assert portal.people.find_person(stranger.username) == (stranger, frozenset(groups))
    assert portal.audit.written == []


@pytest.mark.parametrize("deed", ["reset-password", "reset-mfa", "promote", "make-admin", "admin"])
def test_a_lead_does_no_more_than_leads_do(portal, lead, nora, deed):
    assert lead.post(f"/people/{nora.username}/{deed}").status_code == 404
    assert portal.people.find_person(nora.username) == (nora, {"clinic:northside"})
    assert portal.audit.written == []
    assert "authenticator" not in lead.get(f"/people/{nora.username}").text


@pytest.mark.parametrize(
    "groups",
    [
        ["clinic:northside"],
        ["clinic:northside", "lead:lakeview"],
        ["clinic:northside", "lead:"],
        ["clinic:northside", "lead"],
        ["clinic:northside", "LEAD:northside"],
        ["clinic:northside", "lead:northside "],
        ["clinic:northside", "lead:northside-2"],
    ],
)
def test_only_the_lead_of_the_same_clinic_is_a_lead(portal, nora, groups):
    client = portal.browser(sub="lead-1", **{"cognito:groups": groups})
    assert client.get("/people").status_code == 403
    assert client.post("/people/invite", data={"email": EMAIL}).status_code == 403
    assert client.post(f"/people/{nora.username}/disable").status_code == 403
    assert "/people" not in client.get("/files").text
    assert portal.people.mails == []


@pytest.mark.parametrize("groups", [["lead:northside"], ["clinic:northside", "clinic:lakeview", "lead:northside"]])
def test_a_lead_of_no_single_clinic_is_nobody(portal, groups):
    assert portal.browser(**{"cognito:groups": groups}).get("/people").status_code == 403


def test_a_lead_is_no_admin_and_an_admin_no_lead(portal, lead, nora):
    assert lead.get("/admin/clinics/northside").status_code == 403
    assert lead.post(f"/admin/people/{nora.username}/disable").status_code == 403
    assert lead.post("/admin/admins/invite", data={"email": EMAIL}).status_code == 403
    assert portal.admin().get("/people").status_code == 403
    both = portal.browser(**{"cognito:groups": ["admin", *LEADS]})
    assert both.get("/people").status_code == 403


@pytest.mark.parametrize("deed", ["disable", "end-lead"])
def test_a_lead_locks_out_nobody_who_is_themselves(portal, lead, deed):
    add(portal, "Another", *LEADS)
    assert lead.post(f"/people/u-1/{deed}").status_code == 403
    assert portal.people.find_person("u-1")[1] == set(LEADS)
    assert portal.people.find_person("u-1")[0].standing is Standing.ACTIVE
    assert "This is your own account" in lead.get("/people/u-1").text


@pytest.mark.parametrize("deed", ["disable", "end-lead"])
@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.INVITED])
def test_the_last_lead_who_can_work_stays_also_where_one_comes_with_an_old_token(portal, lead, deed, standing):
    add(portal, "Cannot work", *LEADS, standing=standing)
    stale = portal.browser(sub="lead-9", **{"cognito:groups": LEADS})
    assert stale.post(f"/people/u-1/{deed}").status_code == 403
    assert portal.people.find_person("u-1")[1] == set(LEADS)
    assert portal.people.find_person("u-1")[0].standing is Standing.ACTIVE


@pytest.mark.parametrize("deed", ["disable", "end-lead"])
def test_two_leads_who_lock_out_each_other_at_once_do_not_both_succeed(portal, lead, monkeypatch, deed):
    other = add(portal, "Another", *LEADS)
    name = {"disable": "disable", "end-lead": "leave"}[deed]
    do = getattr(portal.people, name)

    def while_the_other_does_the_same(person, *group):
        do(portal.people.find_person("u-1")[0], *group)
        do(person, *group)

    monkeypatch.setattr(portal.people, name, while_the_other_does_the_same)
    assert lead.post(f"/people/{other.username}/{deed}").status_code == 403
    person, groups = portal.people.find_person(other.username)
    assert (person.standing, groups) == (Standing.ACTIVE, set(LEADS))


def test_admins_make_leads_and_may_leave_a_clinic_without(portal, nora):
    admin = portal.admin()
    page = f"/admin/people/{nora.username}"
    assert "Make them a lead" in admin.get(page).text
    admin.post(f"{page}/make-lead")
    assert portal.people.find_person(nora.username)[1] == set(LEADS)
    assert "Lead" in admin.get("/admin/clinics/northside").text
    admin.post(f"{page}/end-lead")
    assert portal.people.find_person(nora.username)[1] == {"clinic:northside"}
    assert [note[1] for note in notes(portal)] == ["person.promote", "person.demote"]


@pytest.mark.parametrize("groups", [["admin"], ["somewhere"], ["admin", "clinic:northside"]])
def test_whoever_is_of_no_clinic_becomes_no_lead(portal, groups):
    person = add(portal, "Somebody", *groups)
    answer = portal.admin().post(f"/admin/people/{person.username}/make-lead")
    assert answer.status_code == 409
    assert portal.people.find_person(person.username)[1] == set(groups)


def test_where_else_somebody_works_is_not_told_to_a_lead(portal, lead):
    told = []
    for groups in (["clinic:lakeview"], ["admin"]):
        person = add(portal, "Stranger", *groups)
        answer = lead.post("/people/invite", data={"email": person.email})
        assert answer.status_code == 422
        told.append(answer.text.replace(person.email, ""))
        assert "lakeview" not in told[-1].lower()
        assert "Ask your administrator" in told[-1]
    assert portal.people.mails == []


def test_a_clinics_invitations_are_counted_also_those_that_are_sent_again(portal, lead):
    for number in range(INVITATIONS_A_DAY - 1):
        assert lead.post("/people/invite", data={"email": f"n{number}@x.example"}).status_code == 303
    assert lead.post("/people/u-2/remind").status_code == 303
    refused = lead.post("/people/invite", data={"email": "one-more@x.example"})
    assert (refused.status_code, "Send more tomorrow" in refused.text) == (422, True)
    assert lead.post("/people/u-2/remind").status_code == 429
    assert len(portal.people.mails) == INVITATIONS_A_DAY
    portal.clock.forward(days=1)


def test_nobody_is_invited_to_a_clinic_that_was_deactivated(portal, lead, nora):
    portal.directory.save_clinic(Clinic("northside", "Northside Imaging", active=False))
    assert lead.post("/people/invite", data={"email": EMAIL}).status_code == 403
    assert portal.people.mails == []
    assert lead.post(f"/people/{nora.username}/disable").status_code == 303, "who must go goes"


def test_what_cannot_be_noted_does_not_happen(portal, lead, nora, monkeypatch):
    def failing(_entry):
        raise TimeoutError

    monkeypatch.setattr(portal.audit, "write", failing)
    for deed in ("disable", "make-lead"):
        with pytest.raises(TimeoutError):
            lead.post(f"/people/{nora.username}/{deed}")
    assert portal.people.find_person(nora.username) == (nora, {"clinic:northside"})


@pytest.mark.parametrize("lost", ["end-lead", "disable", "gone", "invited"])
def test_who_was_a_lead_a_moment_ago_changes_nothing_by_an_old_token(portal, nora, lost):
    """A worker may take the token for some seconds longer: enough to make oneself a lead again, or an accomplice."""
    stale = portal.browser(sub="lead-9", **{"cognito:groups": LEADS})
    add(portal, "Another", *LEADS)
    if lost != "gone":
        groups = LEADS[:1] if lost == "end-lead" else LEADS
        standing = {"disable": Standing.DISABLED, "invited": Standing.INVITED}.get(lost, Standing.ACTIVE)
        add(portal, "Was a lead", *groups, subject="lead-9", standing=standing)
    for person, groups in [portal.people.find_person(name) for name in sorted(portal.people.known)]:
        for deed in ("make-lead", "enable", "disable", "end-lead", "remind"):
            assert stale.post(f"/people/{person.username}/{deed}").status_code == 403
            assert portal.people.find_person(person.username) == (person, groups)
    assert stale.post("/people/invite", data={"email": EMAIL}).status_code == 403
    assert portal.people.mails == []
    assert portal.audit.written == []


@pytest.mark.parametrize(
    "place", [["clinic:lakeview"], ["admin"], ["clinic:northside"], ["clinic:lakeview", "lead:lakeview"], []]
)
def test_who_has_an_account_is_found_out_no_more_often_than_people_are_invited(portal, lead, monkeypatch, place):
    """Each address that is tried tells whether it has an account, and so whether somebody works elsewhere."""
    monkeypatch.setattr("portal.auth.rate_limit.INVITATIONS_A_DAY", 3)
    person = add(portal, "Stranger", *(place or ["somewhere"]))
    if not place:
        portal.people.leave(person, "somewhere")
    for _ in range(3):
        assert "were sent today" not in lead.post("/people/invite", data={"email": person.email}).text
    told = lead.post("/people/invite", data={"email": person.email})
    assert (told.status_code, "were sent today" in told.text) == (422, True)
    assert "were sent today" in lead.post("/people/invite", data={"email": EMAIL}).text
