"""Who stands for which clinic."""

import pytest

from intake.tenants.model import Partner
from portal.auth.identity import READ, UPLOAD, Identity, identify_partner, identify_staff
from portal.errors import ClinicError, ScopeError


def test_a_member_of_staff_stands_for_the_clinic_of_the_group():
    identity = identify_staff("user-1", frozenset({"clinic:northside", "readers"}), "Nora")
    assert identity.own_clinic() == "northside"
    assert identity.scopes == {UPLOAD, READ}
    assert not identity.is_admin


def test_an_admin_sees_all_clinics_and_uploads_for_none():
    identity = identify_staff("user-1", frozenset({"admin", "clinic:northside"}), "Ada")
    assert identity.clinic_id is None
    assert identity.is_admin
    with pytest.raises(ClinicError):
        identity.own_clinic()
    with pytest.raises(ScopeError):
        identity.require(UPLOAD)


@pytest.mark.parametrize(
    "groups",
    [(), ("clinic:northside", "clinic:lakeview"), ("clinic:",), ("clinic:unassigned",), ("clinic:North/Side",)],
)
def test_without_exactly_one_clinic_nobody_comes_in(groups):
    with pytest.raises(ClinicError):
        identify_staff("user-1", frozenset(groups), "Nora")


def test_a_partner_may_do_what_both_its_token_and_the_directory_say():
    partner = Partner("partner-1", "northside", "RIS", frozenset({UPLOAD}))
    identity = identify_partner("partner-1", partner, frozenset({UPLOAD, READ, "other/scope"}))
    assert identity.scopes == {UPLOAD}
    assert identity.clinic_id == "northside"


@pytest.mark.parametrize(("clinic_id", "is_admin"), [(None, False), ("northside", True)])
def test_nobody_but_an_admin_can_be_made_without_a_clinic(clinic_id, is_admin):
    with pytest.raises(ValueError, match="admins"):
        Identity("user-1", clinic_id, is_admin, frozenset(), "")
