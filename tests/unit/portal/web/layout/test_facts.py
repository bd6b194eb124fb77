import pytest

from portal.web.layout.facts import Fact, list_sections


def only(metadata):
    (section,) = list_sections(metadata)
    return section.facts


def test_whose_the_file_is_stands_before_what_it_holds():
    told = list_sections({"modality": "CT", "patient": {"id": "P-1"}})
    assert [section.heading for section in told] == ["Patient", "From the file"]


def test_what_a_dicom_file_says_is_told_in_groups():
    told = {"rows": 512, "study_date": "20261122", "manufacturer": "Example", "sop_instance_uid": "1.2", "odd": "x"}
    assert {section.heading: len(section.facts) for section in list_sections({**told, "modality": "CT"})} == {
        "Study": 1, "Series": 1, "Image": 2, "Equipment": 1, "From the file": 1,
    }  # fmt: skip


def test_identifiers_are_exact_and_labelled_as_the_field_writes_them():
    assert only({"study_instance_uid": "1.2.3"}) == [Fact("Study instance UID", "1.2.3", exact=True)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Probe^Petra", "Probe, Petra"),
        ("Probe^Petra^Maria^Dr", "Probe, Petra Maria Dr"),
        ("Probe", "Probe"),
        ("^Petra", "Petra"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou · 山田, 太郎"),
        ("^^^", ""),
    ],
)
def test_person_names_are_written_for_people(name, text):
    facts = only({"patient": {"name": name, "sex": "F"}})
    assert text == "".join(fact.text for fact in facts if fact.label == "Name")


@pytest.mark.parametrize(("value", "text"), [("20261121", "21 Nov 2026"), ("20269999", "20269999"), ("1970", "1970")])
def test_dates_are_written_for_people_where_they_are_dates(value, text):
    assert only({"study_date": value}) == [Fact("Study date", text)]


def test_values_of_every_kind_fit_on_a_line():
    told = only({"frames": 3, "lossy": True, "terms": ["", "ISO 2022 IR 87"], "nothing": None})
    assert [fact.text for fact in told] == ["3", "Yes", ", ISO 2022 IR 87"]
    assert list_sections({}) == []
