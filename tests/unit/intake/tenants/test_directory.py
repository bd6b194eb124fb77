from datetime import timedelta

import pytest

from intake.errors import ConflictError
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic, Partner
from tests.records import NOON
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.contracts.test_tenants import a_change

PROFILE = {"kinds": None, "max_bytes": {"dicom": 2_000_000_000}, "rules": {"trailing-bytes": "reject"}}


def test_a_clinics_profile_is_read_back_as_it_was_written(dynamodb):
    directory = DynamoDirectory(Table(dynamodb, TABLE))
    directory.save_profile("northside", PROFILE)
    directory.save_clinic(Clinic("northside", "Northside Imaging"))

    assert directory.profile("northside") == PROFILE
    assert directory.profile("lakeview") is None
    assert directory.clinics() == (Clinic("northside", "Northside Imaging"),)


@pytest.fixture
def directory(dynamodb):
    return DynamoDirectory(Table(dynamodb, TABLE))


def test_a_clinic_is_read_back_whole_and_its_id_is_taken_once(directory):
    clinic = Clinic("eastside", "East", "Dr Ost", active=False, created_at=NOON)
    directory.create_clinic(clinic)
    assert directory.clinic("eastside") == clinic
    assert directory.clinic("nowhere") is None
    with pytest.raises(ConflictError):
        directory.create_clinic(Clinic("eastside", "Another"))


def test_partners_are_read_back_whole_and_listed_together(directory):
    first = Partner("p1", "eastside", "PACS", frozenset({"scalper/read"}), NOON, NOON + timedelta(days=7), "key-1")
    second = Partner("p2", "lakeview", "RIS", frozenset())
    for partner in (first, second):
        directory.save_partner(partner)
    assert directory.partner("p1") == first
    assert directory.partners() == (first, second)


def test_a_profile_is_replaced_by_who_saw_it_last(directory):
    directory.change_profile("eastside", a_change(1, None, PROFILE))
    directory.change_profile("eastside", a_change(2, PROFILE, {"kinds": ["pdf"]}))
    for seen in (None, PROFILE):
        with pytest.raises(ConflictError):
            directory.change_profile("eastside", a_change(3, seen, PROFILE))
    assert directory.profile("eastside") == {"kinds": ["pdf"]}
