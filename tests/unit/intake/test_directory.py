from intake.directory import DynamoDirectory
from intake.ports import Clinic
from tests.unit.intake.conftest import TABLE

PROFILE = {"kinds": None, "max_bytes": {"dicom": 2_000_000_000}, "rules": {"trailing-bytes": "reject"}}


def test_a_clinics_profile_is_read_back_as_it_was_written(dynamodb):
    directory = DynamoDirectory(dynamodb, TABLE)
    directory.save_profile("northside", PROFILE)
    directory.save_clinic(Clinic("northside", "Northside Imaging"))

    assert directory.profile("northside") == PROFILE
    assert directory.profile("lakeview") is None
    assert directory.clinics() == (Clinic("northside", "Northside Imaging"),)
