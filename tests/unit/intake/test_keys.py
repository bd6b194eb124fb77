from datetime import UTC, datetime

import pytest

from intake import keys

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
    first = keys.direct("incoming", "northside/a b/scan.dcm", "v1", DAY)

    assert keys.direct("incoming", "northside/a b/scan.dcm", "v1", DAY) == first
    assert keys.direct("incoming", "northside/a b/scan.dcm", "v2", DAY).file_id != first.file_id
    assert first.clinic_id == "northside"
    assert not first.reserved
    assert keys.is_file_id(first.file_id)
    assert keys.upload_of(first.file_id) == first.upload_id


def test_a_days_drops_of_one_clinic_share_one_upload_and_nobody_elses():
    uploads = {
        keys.direct("incoming", key, None, DAY).upload_id
        for key in ("northside/1.dcm", "northside/2.dcm", "lakeview/1.dcm")
    }
    assert len(uploads) == 2


@pytest.mark.parametrize("key", ["scan.dcm", "/scan.dcm", "../northside/x", "North Side/x", "unassigned/x", "a--/x"])
def test_an_object_outside_every_clinics_prefix_is_unassigned(key):
    assert keys.direct("incoming", key, None, DAY).clinic_id == keys.UNASSIGNED
