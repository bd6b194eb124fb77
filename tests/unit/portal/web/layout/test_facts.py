import pytest

from portal.web.layout.facts import Fact, list_facts, list_sections

BY = "\N{MULTIPLICATION SIGN}"

SLICE = {
    "rows": 400,
    "columns": 512,
    "bits_allocated": 16,
    "modality": "CT",
    "manufacturer": "Example",
    "slice_thickness": "5.000",
    "instance_number": 1204,
    "transfer_syntax": "Explicit VR Little Endian",
    "sop_instance_uid": "1.2",
    "study_time": "140512",
    "study_date": "20261122",
    "odd": "x",
    "patient": {"accession_number": "A-7", "sex": "F", "birth_date": "19700201", "id": "P-1", "name": "DOE^JANE"},
}


def only(metadata):
    (section,) = list_sections(metadata)
    return section.facts


def test_facts_come_in_the_order_in_which_people_ask_for_them():
    told = list_sections(SLICE)
    assert [section.heading for section in told] == [
        "Patient", "Study", "Series", "Image", "Device", "Technical details",
    ]  # fmt: skip
    assert told[0].facts == [
        Fact("Name", "DOE, Jane"),
        Fact("Patient ID", "P-1", exact=True),
        Fact("Born", "1 Feb 1970 (56 years at the exam)"),
        Fact("Sex", "Female"),
        Fact("Accession number", "A-7", exact=True),
    ]
    assert told[1].facts == [Fact("Date", "22 Nov 2026, 14:05")]
    assert told[3].facts == [
        Fact("Image number", "1204"), Fact("Size", f"512 {BY} 400 pixels"), Fact("Slice thickness", "5 mm"),
    ]  # fmt: skip


def test_technical_facts_come_last_and_folded_and_nothing_that_was_sent_is_lost():
    told = list_sections(SLICE)
    assert [section.technical for section in told] == [False] * 5 + [True]
    assert told[-1].facts == [
        Fact("SOP instance UID", "1.2", exact=True),
        Fact("Transfer syntax", "Explicit VR Little Endian"),
        Fact("Bits allocated", "16"),
        Fact("Odd", "x"),
    ]


@pytest.mark.parametrize("alone", [{"study_time": "140512"}, {"study_date": "noon"}, {"rows": 5}, {"columns": 5}])
def test_half_of_what_belongs_together_is_told_as_well(alone):
    told = [fact for section in list_sections({"modality": "CT", **alone}) for fact in section.facts]
    assert len(told) == 2


def test_a_patient_is_told_alike_on_every_page():
    assert list_facts({"id": "P-1", "name": "Probe^Petra"}) == [
        Fact("Name", "Probe, Petra"), Fact("Patient ID", "P-1", exact=True),
    ]  # fmt: skip


def test_a_documents_own_words_stand_behind_its_patient():
    told = list_sections({"message_time": "20261122140512+0000", "segments": 12000, "patient": {"sex": "F"}})
    assert [section.heading for section in told] == ["Patient", "From the file"]
    assert told[1].facts == [Fact("Message time", "22 Nov 2026, 14:05 UTC+00:00"), Fact("Segments", "12,000")]


def test_a_picture_has_a_size_and_a_table_has_rows():
    assert only({"columns": 640, "rows": 480, "bits_per_sample": 8})[0] == Fact("Size", f"640 {BY} 480 pixels")
    assert only({"rows": 12000, "columns": 3}) == [Fact("Rows", "12,000"), Fact("Columns", "3")]


@pytest.mark.parametrize(("value", "text"), [("20261121", "21 Nov 2026"), ("20269999", "20269999"), ("1970", "1970")])
def test_dates_are_written_for_people_where_they_are_dates(value, text):
    assert only({"some_date": value}) == [Fact("Some date", text)]


def test_values_of_every_kind_fit_on_a_line():
    told = only({"spacing": 3, "compressed": True, "terms": ["", "ISO 2022 IR 87"], "nothing": None})
    assert [fact.text for fact in told] == ["3", "Yes", ", ISO 2022 IR 87"]
    assert only({"total_size": 1_400_000, "resource_types": {"Patient": 1}})[0] == Fact("Total size", "1.4 MB")
    assert list_sections({}) == []
