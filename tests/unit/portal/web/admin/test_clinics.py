"""Clinics, as admins tend them."""

import re
from html import unescape

import pytest

from intake.rules import catalogue
from intake.tenants.model import ProfileChange, profile_version
from portal.admin.profiles import CONFLICTS as PORTAL_CONFLICTS
from portal.admin.profiles import MEGABYTE
from processor.judge.inspection.findings import CONFLICTS, Profile


@pytest.fixture
def admin(portal):
    return portal.admin()


def actions(portal):
    return [entry.action for entry in portal.audit.written]


def profile_fields(browser, clinic_id="northside", **changes):
    """Return a profile's form as it is shown, with changes; None takes a field away."""
    page = browser.get(f"/admin/clinics/{clinic_id}/profile").text
    fields = {f"kind-{kind}": "on" for kind in catalogue().kinds if re.search(f'name="kind-{kind}"[^>]*checked', page)}
    fields["version"] = re.search(r'name="version" value="(\w+)"', page)[1]
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def test_a_clinic_is_created_with_its_group_and_noted(portal, admin):
    answer = admin.post(
        "/admin/clinics/new", data={"name": " East  Side ", "clinic_id": "eastside", "contact": "Dr Ost"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/clinics/eastside?done=created")
    clinic = portal.directory.clinics_by_id["eastside"]
    assert (clinic.name, clinic.contact, clinic.active) == ("East Side", "Dr Ost", True)
    assert "clinic:eastside" in portal.people.groups
    assert actions(portal) == ["clinic.create"]
    assert "The clinic was created" in admin.get(answer.headers["location"]).text


def test_the_same_form_sent_twice_creates_one_clinic(portal, admin):
    fields = {"name": "Eastside", "clinic_id": "eastside", "contact": ""}
    first, second = (admin.post("/admin/clinics/new", data=fields) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert actions(portal) == ["clinic.create"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "", "clinic_id": "eastside"}, "Enter the clinic&#39;s name."),
        ({"name": "Eastside", "clinic_id": ""}, "Enter an id."),
        ({"name": "Eastside", "clinic_id": "East Side"}, "This id cannot be used."),
        ({"name": "Eastside", "clinic_id": "new"}, "This id cannot be used."),
        ({"name": "Eastside", "clinic_id": "northside"}, "Another clinic has this id already."),
        ({"name": "x" * 81, "clinic_id": "eastside"}, "80 characters or fewer"),
        ({"name": "East\u2028side", "clinic_id": "eastside", "contact": "\x00"}, "without control characters"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why_and_keeps_what_was_entered(portal, admin, fields, says):
    answer = admin.post("/admin/clinics/new", data=fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert "There is a problem" in answer.text
    assert f'value="{fields["clinic_id"]}"' in answer.text
    assert "clinic.create" not in actions(portal)


def test_the_id_of_a_clinic_never_changes(portal, admin):
    admin.post("/admin/clinics/northside/edit", data={"name": "North", "contact": "x", "clinic_id": "evil"})
    assert set(portal.directory.clinics_by_id) == {"lakeview", "northside"}
    assert portal.directory.clinics_by_id["northside"].name == "North"
    (entry,) = portal.audit.written
    assert entry.detail == {"name": "Northside Imaging → North", "contact": "changed"}


def test_a_deactivated_clinic_announces_nothing_and_reads_on(portal, admin):
    assert admin.post("/admin/clinics/northside/deactivate").status_code == 303
    staff = portal.browser()
    begun = staff.post(
        "/upload/new", json={"files": [{"name": "a.dcm", "size": 1}]}, headers={"idempotency-key": "k", "accept": "*/*"}
    )
    assert (begun.status_code, begun.json()["type"].rpartition("/")[2]) == (403, "clinic-inactive")
    refused = portal.machine().post("/api/v1/uploads", json={"files": [{"name": "a.dcm", "size": 1}]})
    assert refused.status_code == 403
    assert staff.get("/uploads").status_code == 200
    admin.post("/admin/clinics/northside/activate")
    assert portal.machine().post("/api/v1/uploads", json={"files": [{"name": "a", "size": 1}]}).status_code == 201
    assert actions(portal)[:1] == ["clinic.deactivate"]


def test_a_profile_is_saved_as_the_judge_reads_it_and_its_changes_are_noted(portal, admin):
    fields = profile_fields(
        admin,
        **{"kind-png": None, "max-dicom": "2000", "rule-pdf-encrypted": "warn", "rule-preamble-missing": "shadow"},
    )
    assert admin.post("/admin/clinics/northside/profile", data=fields).status_code == 303
    profile = Profile.parse(portal.directory.profiles["northside"])
    assert profile.kinds == set(catalogue().kinds) - {"png"}
    assert profile.max_bytes == {"dicom": 2000 * MEGABYTE}
    assert profile.rules == {"pdf-encrypted": "warn", "preamble-missing": "shadow"}
    (entry,) = portal.audit.written
    assert entry.detail["rule pdf-encrypted"] == "reject → warn"
    assert entry.detail["largest dicom"] == "no limit → 2.0 GB"
    assert entry.detail["kinds"].startswith("all kinds → ")


HISTORY = "/admin/clinics/northside/profile/history"


def restore(portal, admin, number=-1, **fields):
    """Go back to a change, counted from the oldest."""
    change = portal.directory.profile_changes("northside", 10)[::-1][number]
    version = re.search(r'name="version" value="(\w+)"', admin.get(HISTORY).text)
    data = {"change": change.change_id, "version": version.group(1) if version else "", **fields}
    return admin.post("/admin/clinics/northside/profile/restore", data=data)


@pytest.fixture
def changed(portal, admin):
    """Change the profile twice: PDFs of at most 5 MB, then of at most 9."""
    for limit in ("5", "9"):
        admin.post("/admin/clinics/northside/profile", data=profile_fields(admin, **{"max-pdf": limit}))
    return portal


def test_the_history_tells_who_changed_what_newest_first_and_which_version_holds(changed, admin):
    text = unescape(admin.get(HISTORY).text)
    newest, oldest = "largest pdf: 5.0 MB → 9.0 MB", "largest pdf: no limit → 5.0 MB"
    assert 0 < text.index(newest) < text.index(oldest)
    assert (text.count("In use now"), profile_version(changed.directory.profiles["northside"]) in text) == (1, True)


def test_going_back_is_a_change_of_its_own_that_is_noted(changed, admin):
    assert restore(changed, admin, 0).status_code == 303
    assert changed.directory.profiles["northside"]["max_bytes"] == {"pdf": 5_000_000}
    assert len(changed.directory.profile_changes("northside", 10)) == 3
    assert changed.audit.written[-1].detail == {"largest pdf": "9.0 MB → 5.0 MB"}
    restore(changed, admin, 0, which="before")
    assert changed.directory.profiles["northside"]["max_bytes"] == {}


def test_going_back_overwrites_no_change_that_came_meanwhile(changed, admin):
    answer = restore(changed, admin, 0, version="0123456789ab")
    assert answer.headers["location"] == f"{HISTORY}?said=overtaken"
    assert "Somebody else changed this profile" in admin.get(answer.headers["location"]).text
    assert changed.directory.profiles["northside"]["max_bytes"] == {"pdf": 9_000_000}


def test_going_back_softens_nothing_that_is_protected_today(portal, admin):
    change = ProfileChange(
        change_id="2026-11-22T12:00:00.000Z.00000000", at=portal.clock(), by="a", by_name="Ada", before=None,
        after={"rules": {"truncated": "off", "gone": "warn"}, "kinds": ["pdf", "gone"], "max_bytes": {"gone": 1}},
    )  # fmt: skip
    portal.directory.change_profile("northside", change)
    portal.directory.profiles["northside"] = {"kinds": ["dicom"]}
    restore(portal, admin, 0)
    assert portal.directory.profiles["northside"] == {"kinds": ["pdf"], "max_bytes": {}, "rules": {}}


def test_a_change_of_another_clinic_or_none_is_not_found(changed, admin):
    for clinic_id, change in (
        ("lakeview", changed.directory.profile_changes("northside", 1)[0].change_id),
        ("northside", "x"),
    ):
        answer = admin.post(f"/admin/clinics/{clinic_id}/profile/restore", data={"change": change, "version": ""})
        assert answer.status_code == 404


def test_a_profile_that_was_not_changed_is_not_written(portal, admin):
    assert admin.post("/admin/clinics/northside/profile", data=profile_fields(admin)).status_code == 303
    assert portal.directory.profiles == {}
    assert portal.audit.written == []


def test_a_profile_that_was_changed_meanwhile_is_not_overwritten(portal, admin):
    fields = profile_fields(admin, **{"max-pdf": "5"})
    portal.directory.save_profile("northside", {"kinds": ["pdf"], "max_bytes": {}, "rules": {}})
    answer = admin.post("/admin/clinics/northside/profile", data=fields)
    assert answer.status_code == 422
    assert "Somebody else has just changed this profile" in answer.text
    assert portal.directory.profiles["northside"]["kinds"] == ["pdf"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({f"kind-{kind}": None for kind in catalogue().kinds}, "Choose at least one kind"),
        ({"max-pdf": "0"}, "whole number of megabytes"),
        ({"max-pdf": "1.5"}, "whole number of megabytes"),
        ({"max-*": "50001"}, "whole number of megabytes"),
        ({"max-pdf": "٣"}, "whole number of megabytes"),
        ({"rule-pdf-encrypted": "perhaps"}, "Choose one of the effects."),
    ],
)
def test_a_profile_that_the_judge_could_not_read_is_refused(portal, admin, changes, says):
    answer = admin.post("/admin/clinics/northside/profile", data=profile_fields(admin, **changes))
    assert answer.status_code == 422
    assert says in answer.text
    assert portal.directory.profiles == {}


def test_what_protects_the_pipeline_cannot_be_softened_by_a_forged_form(portal, admin):
    fields = profile_fields(admin, **{"rule-truncated": "off", "rule-no-such-rule": "off", "max-pdf": "1"})
    admin.post("/admin/clinics/northside/profile", data=fields)
    assert portal.directory.profiles["northside"]["rules"] == {}


@pytest.mark.parametrize("path", ["", "/edit", "/profile", "/invite", "/partners/new", "/partners/partner-1"])
def test_a_clinic_that_is_not_there_is_not_found(admin, path):
    assert admin.get(f"/admin/clinics/nowhere{path}").status_code == 404
    assert admin.get(f"/admin/clinics/..%2F{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/admin/clinics",
        "/admin/clinics/northside",
        "/admin/admins",
        "/admin/people/u-1",
        "/admin/audit",
        "/admin/audit.csv",
    ],
)
def test_staff_see_none_of_it(portal, path):
    assert portal.browser().get(path).status_code == 403
    assert portal.visitor().get(path).headers["location"].startswith("/sign-in")


def test_forms_need_the_csrf_token(portal, admin):
    del admin.headers["x-csrf-token"]
    for path in ("/admin/clinics/new", "/admin/clinics/northside/deactivate", "/admin/clinics/northside/profile"):
        assert admin.post(path, data={"name": "x"}).status_code == 403
    assert portal.audit.written == []


def test_what_cannot_be_noted_does_not_happen(portal, admin, monkeypatch):
    def fail(_entry):
        raise RuntimeError

    monkeypatch.setattr(portal.audit, "write", fail)
    with pytest.raises(RuntimeError):
        admin.post("/admin/clinics/northside/deactivate")
    assert portal.directory.clinics_by_id["northside"].active


def test_a_clinic_chooses_what_becomes_of_another_image_under_a_known_uid(portal, admin):
    fields = profile_fields(admin, conflicts="keep-first")
    assert admin.post("/admin/clinics/northside/profile", data=fields).status_code == 303
    assert Profile.parse(portal.directory.profiles["northside"]).conflicts == "keep-first"
    page = admin.get("/admin/clinics/northside/profile").text
    assert re.search(r'<option value="keep-first" selected>', page)
    assert "Keep the first" in admin.get("/admin/clinics/northside").text

    wrong = admin.post("/admin/clinics/northside/profile", data=profile_fields(admin, conflicts="overwrite"))
    assert wrong.status_code == 422
    assert Profile.parse(portal.directory.profiles["northside"]).conflicts == "keep-first"


def test_the_portal_offers_what_the_judge_knows_of_conflicts():
    assert tuple(PORTAL_CONFLICTS) == CONFLICTS


def test_a_faulty_form_that_says_nothing_of_patients_names_comes_back_with_what_is_so(portal, admin):
    answer = admin.post("/admin/clinics/northside/edit", data={"name": ""})
    assert answer.status_code == 422
    assert 'value="shown" selected' in answer.text


def test_the_language_of_a_clinics_emails_is_chosen_with_its_details_and_noted(portal, admin):
    page = admin.get("/admin/clinics/northside/edit").text
    assert '<option value="en" lang="en" selected>English</option>' in page
    details = {"name": "Northside Imaging", "contact": ""}
    admin.post("/admin/clinics/northside/edit", data={**details, "language": "de"})
    assert portal.directory.clinic("northside").language == "de"
    assert portal.audit.written[-1].detail["language"] == "en → de"
    assert '<dd lang="de">Deutsch</dd>' in admin.get("/admin/clinics/northside").text
    # A form of before it was asked for changes nothing.
    admin.post("/admin/clinics/northside/edit", data=details)
    assert portal.directory.clinic("northside").language == "de"


def test_a_new_clinic_may_begin_with_a_language(portal, admin):
    details = {"name": "Ostklinik", "clinic_id": "ostklinik", "language": "de"}
    assert admin.post("/admin/clinics/new", data=details).status_code == 303
    assert portal.directory.clinic("ostklinik").language == "de"


@pytest.mark.parametrize("path", ["new", "northside/edit"])
def test_a_language_that_there_is_not_is_told_beside_its_field(portal, admin, path):
    answer = admin.post(f"/admin/clinics/{path}", data={"name": "North", "clinic_id": "ostklinik", "language": "xx"})
    assert answer.status_code == 422
    assert 'id="language-fault"' in answer.text
    assert "ostklinik" not in portal.directory.clinics_by_id
