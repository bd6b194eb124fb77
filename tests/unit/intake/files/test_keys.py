from datetime import UTC, datetime

import pytest

from intake.files import keys
from tests.records import IDS

DAY = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_reserved_key_leads_back_to_its_reservation():
    upload_id = keys.new_upload_id()
    file_id = keys.file_id(upload_id, 7)

    placement = keys.reservation(keys.object_key("northside", upload_id, file_id, DAY))

    assert placement == keys.Placement("northside", upload_id, file_id, reserved=True)
    assert keys.upload_of(file_id) == upload_id
    assert keys.is_upload_id(upload_id)
    assert keys.is_file_id(file_id)


def test_upload_ids_sort_by_age(monkeypatch):
    times = iter([1_000.0, 1_000.001, 2_000.0])
    monkeypatch.setattr(keys.time, "time", lambda: next(times))
    ids = [keys.new_upload_id() for _ in range(3)]

    assert sorted(ids) == ids


@pytest.mark.parametrize(
    "key",
    [
        "northside/scan.dcm",
        "northside/2026/11/22/01kanqzzzz0000000000000000/01kanqzzzz0000000000000001-00000",
        "unassigned/2026/11/22/01kanqzzzz0000000000000000/01kanqzzzz0000000000000000-00000",
        "NORTHSIDE/2026/11/22/01kanqzzzz0000000000000000/01kanqzzzz0000000000000000-00000",
        "northside/2026/11/22/01kanqzzzz0000000000000000/01kanqzzzz0000000000000000-00000/more",
        "",
    ],
)
def test_a_key_of_another_form_is_no_reservation(key):
    assert keys.reservation(key) is None


def test_a_direct_drop_gets_the_same_ids_for_every_delivery_and_others_for_another_version():
    first = IDS.place_direct("incoming", "northside/a b/scan.dcm", "v1", DAY)

    assert IDS.place_direct("incoming", "northside/a b/scan.dcm", "v1", DAY) == first
    assert IDS.place_direct("incoming", "northside/a b/scan.dcm", "v2", DAY).file_id != first.file_id
    assert first.clinic_id == "northside"
    assert not first.reserved
    assert keys.is_file_id(first.file_id)
    assert keys.upload_of(first.file_id) == first.upload_id


def test_a_days_drops_of_one_clinic_share_one_upload_and_nobody_elses():
    uploads = {
        IDS.place_direct("incoming", key, None, DAY).upload_id
        for key in ("northside/1.dcm", "northside/2.dcm", "lakeview/1.dcm")
    }
    assert len(uploads) == 2


@pytest.mark.parametrize("key", ["scan.dcm", "/scan.dcm", "../northside/x", "North Side/x", "unassigned/x", "a--/x"])
def test_an_object_outside_every_clinics_prefix_is_unassigned(key):
    assert IDS.place_direct("incoming", key, None, DAY).clinic_id == keys.UNASSIGNED


def test_an_archives_entries_have_ids_of_their_own_behind_the_announced_files_and_in_order():
    upload_id = keys.new_upload_id()
    parent, other = keys.file_id(upload_id, 0), keys.file_id(upload_id, 99_998)
    children = [keys.child_id(parent, index) for index in (0, 1, 31, 32, 99_999)]

    assert sorted(children) == children
    assert min(children) > other
    assert keys.child_id(parent, 7) != keys.child_id(other, 7)
    for child in children:
        placement = keys.reservation(keys.object_key("northside", upload_id, child, DAY))
        assert placement == keys.Placement("northside", upload_id, child, reserved=True, from_archive=True)
        assert keys.is_file_id(child)
        assert keys.upload_of(child) == upload_id


def test_the_entries_of_a_dropped_archive_belong_to_its_upload():
    dropped = IDS.place_direct("incoming", "northside/study.zip", "v1", DAY)

    assert keys.upload_of(keys.child_id(dropped.file_id, 3)) == dropped.upload_id


def test_the_id_of_a_direct_drop_is_never_a_reservation():
    dropped = IDS.place_direct("incoming", "northside/study.zip", "v1", DAY)

    assert keys.reservation(keys.object_key("northside", dropped.upload_id, dropped.file_id, DAY)) is None


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("slice.DCM", "dcm"),
        ("a/b.c/scan.nii.gz", "gz"),
        ("scan", ""),
        (".hidden", ""),
        ("folder.d/scan", ""),
        ("Doe, John. Chest", ""),
        ("x.Müller", ""),
        ("x.abcdefghijk", ""),
        ("x.", ""),
        ("", ""),
        ("a\\b.Nii.GZ", "gz"),
        ("a.b\\.zip", ""),
        ("a." + "x" * 17, ""),
        ("1.2.840.10008", "10008"),
    ],
)
def test_only_an_extension_of_letters_and_digits_leaves_the_name(name, extension):
    assert keys.extension(name) == extension
