import pytest

from portal.dicomweb.json_model.attributes import BY_NAME
from portal.dicomweb.qido.matching import Condition, read_values

METADATA = {
    "study_date": "20260131",
    "image_type": ["ORIGINAL", "PRIMARY"],
    "rows": 512,
    "patient": {"name": "Doe^Jane", "id": "NS-1"},
}


@pytest.mark.parametrize(
    ("keyword", "wanted", "value", "matches"),
    [
        ("PatientID", "NS-1", "NS-1", True),
        ("PatientID", "NS-1", "ns-1", False),
        ("PatientID", "NS-*", "NS-117", True),
        ("PatientID", "NS-?", "NS-117", False),
        ("PatientID", "N.*", "NS-117", False),
        ("PatientID", "[*", "[1", True),
        ("PatientName", "doe^*", "Doe^Jane", True),
        ("PatientName", "DOE^JANE", "Doe^Jane", True),
        ("PatientName", "doe", "Doe^Jane", False),
        ("StudyDate", "20260131", "20260131", True),
        ("StudyDate", "20260101-20260131", "20260131", True),
        ("StudyDate", "20260101-20260130", "20260131", False),
        ("StudyDate", "-20260131", "20260131", True),
        ("StudyDate", "20260201-", "20260131", False),
        ("StudyDate", "2026*", "20260131", False),
        ("StudyTime", "1030-1045", "103000.5", True),
        ("StudyTime", "1030-1045", "104559", True),
        ("StudyTime", "1030-1045", "1046", False),
        ("StudyInstanceUID", "1.2.3,1.2.4", "1.2.4", True),
        ("StudyInstanceUID", "1.2.3\\1.2.4", "1.2.3", True),
        ("StudyInstanceUID", "1.2.*", "1.2.4", False),
        ("SeriesNumber", "3", "3", True),
    ],
)
def test_a_value_matches_as_the_standard_says(keyword, wanted, value, matches):
    assert Condition(BY_NAME[keyword], wanted).holds([value]) is matches


def test_one_of_several_values_is_enough_and_none_matches_nothing():
    condition = Condition(BY_NAME["ImageType"], "PRIMARY")
    assert condition.holds(["ORIGINAL", "PRIMARY"])
    assert not condition.holds([])


def test_a_pattern_of_many_stars_is_not_slower_than_one_star():
    assert not Condition(BY_NAME["PatientName"], "*" * 200 + "b").holds(["a" * 256])


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("StudyDate", ("20260131",)),
        ("ImageType", ("ORIGINAL", "PRIMARY")),
        ("Rows", ("512",)),
        ("PatientName", ("Doe^Jane",)),
        ("PatientSex", ()),
        ("StudyDescription", ()),
    ],
)
def test_values_are_found_where_the_metadata_hold_them(keyword, values):
    assert read_values(BY_NAME[keyword], METADATA) == values
