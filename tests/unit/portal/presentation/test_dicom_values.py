import pytest

from portal.presentation import dicom_values as values


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DOE^JANE", "DOE, Jane"),
        ("DOE^JANE^ANNE-MARIE^DR^MD", "DOE, Jane Anne-Marie DR MD"),
        ("Probe^Petra^Maria^Dr", "Probe, Petra Maria Dr"),
        ("DOE^JP", "DOE, JP"),
        ("Probe", "Probe"),
        ("^Petra", "Petra"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou · 山田, 太郎"),
        ("ÖZ^ALİ", "ÖZ, ALİ"),
        ("^^^", ""),
        ("=", ""),
    ],
)
def test_person_names_are_written_for_people(name, text):
    assert values.write_person_name(name) == text


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("140512.123456", "14:05"),
        ("1405", "14:05"),
        ("14:05:12", "14:05"),
        ("14", "14"),
        ("2505", "2505"),
        ("235960", "23:59"),
        ("noon", "noon"),
        ("", ""),
    ],
)
def test_times_are_written_to_the_minute_where_they_are_times(stated, text):
    assert values.write_time(stated) == text


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("20261122140512.5+0100", "22 Nov 2026, 14:05 UTC+01:00"),
        ("202611221405", "22 Nov 2026, 14:05"),
        ("20261122", "22 Nov 2026"),
        ("20260230140512", "20260230140512"),
        ("2026", "2026"),
    ],
)
def test_a_date_with_its_time_is_written_with_its_zone(stated, text):
    assert values.write_date_time(stated) == text


@pytest.mark.parametrize(
    ("born", "at", "text"),
    [
        ("19700201", "20261122", "1 Feb 1970 (56 years at the exam)"),
        ("1970-02-01", "20261122", "1 Feb 1970 (56 years at the exam)"),
        ("20251123", "20261122", "23 Nov 2025 (11 months at the exam)"),
        ("20241122", "20261122", "22 Nov 2024 (2 years at the exam)"),
        ("20261121", "20261122", "21 Nov 2026 (1 day at the exam)"),
        ("20261123", "20261122", "23 Nov 2026"),
        ("19700201", "", "1 Feb 1970"),
        ("1970", "20261122", "1970"),
        ("", "20261122", ""),
    ],
)
def test_a_date_of_birth_tells_the_age_as_clinics_do(born, at, text):
    assert values.write_birth(born, at) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5.000000", "5 mm"),
        (["0.703125", "0.703125"], "0.7031 \N{MULTIPLICATION SIGN} 0.7031 mm"),
        (" 5", " 5"),
        ("nan", "nan"),
        (["1", "two"], "1, two"),
        ([], ""),
    ],
)
def test_only_decimal_numbers_become_millimetres(value, text):
    assert values.write_millimetres(value) == text


def test_coded_values_are_told_in_words_and_others_as_they_stand():
    assert values.write_modality("CT") == "CT (computed tomography)"
    assert values.write_modality("XA") == "XA (X-ray angiography)"
    assert values.write_modality("ZZ") == "ZZ"
    assert values.write_position("HFS") == "Head first, on the back (HFS)"
    assert [values.write_sex(sex) for sex in ("F", "m", "female", "")] == ["Female", "Male", "Female", ""]
    assert [values.write_side("L"), values.write_term("CHEST"), values.write_term("AP")] == ["Left", "Chest", "AP"]
    assert values.write_pixels(512, 400) == "512 \N{MULTIPLICATION SIGN} 400 pixels"
