import pytest

from intake.projections.model import device

SCANNER = {
    "manufacturer": "Example Imaging",
    "manufacturer_model": "CT 900",
    "station_name": "CT-ROOM-2",
    "device_serial_number": "SN-4711",
}


def test_a_device_is_told_by_make_and_model_and_never_by_its_serial_number():
    known = device("northside", SCANNER)

    assert known.label == f"Example Imaging CT 900 · {known.key[:4]}"
    assert "4711" not in known.label + known.key


@pytest.mark.parametrize("name", SCANNER)
def test_devices_differ_by_each_of_their_names_and_by_clinic(name):
    other = device("northside", {**SCANNER, name: "other"})

    assert len({device("northside", SCANNER).key, other.key, device("lakeview", SCANNER).key}) == 3


@pytest.mark.parametrize("metadata", [{}, {"manufacturer": ""}, {"manufacturer": 7, "station_name": ["a"]}])
def test_a_file_that_names_no_device_counts_for_none(metadata):
    assert device("northside", metadata) is None


def test_a_label_is_bounded():
    assert len(device("northside", {"manufacturer": "x" * 300}).label) < 80
