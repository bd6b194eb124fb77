"""WADO-RS: metadata and instances as they were stored."""

import io

import pydicom
import pytest

from portal.dicomweb import content, retrieving
from portal.dicomweb.content import RangedFile
from portal.dicomweb.media_types import parameters
from portal.dicomweb.multipart import parts
from portal.errors import RetrievalTooLargeError
from tests.dicom_files import ct_slice, uid
from tests.unit.portal.dicomweb.archive import Archive

STUDY = f"/dicomweb/studies/{uid('study', 'A')}"
SERIES = f"{STUDY}/series/{uid('series', 'A', 1)}"


@pytest.fixture
def archive(portal):
    return Archive(portal).fill()


@pytest.fixture
def client(portal, archive):
    return portal.machine()


@pytest.fixture
def instance(archive):
    return f"{SERIES}/instances/{archive.data_set('A', 1, 1).SOPInstanceUID}"


def bodies(answer):
    return parts(answer.content, parameters(answer.headers["content-type"])[1]["boundary"])


@pytest.mark.parametrize(("path", "count"), [(STUDY, 4), (SERIES, 2)])
def test_metadata_are_those_that_pydicom_reads(client, archive, path, count):
    rows = client.get(f"{path}/metadata").json()
    assert len(rows) == count
    for row in rows:
        found = pydicom.Dataset.from_json(row)
        (held,) = [
            data_set
            for data_set in map(archive.data_set_of, archive.slices.values())
            if data_set.SOPInstanceUID == found.SOPInstanceUID
        ]
        del held.PixelData
        assert found == held


def test_one_instances_metadata_leave_large_binary_values_out(client, instance, portal):
    big = ct_slice(study=uid("study", "C"), rows=8, columns=8, changes={0x00091001: ("OB", b"\1" * 2048)})
    Archive(portal).add(big)
    (row,) = client.get(f"/dicomweb/studies/{uid('study', 'C')}/metadata").json()
    assert row["00091001"] == {"vr": "OB"}
    assert "7FE00010" not in row


def test_a_header_is_read_in_windows_and_pixel_data_not_at_all(portal, client):
    Archive(portal).add(ct_slice(study=uid("study", "D"), rows=512, columns=512))
    before = portal.objects.bytes_read
    assert client.get(f"/dicomweb/studies/{uid('study', 'D')}/metadata").status_code == 200
    assert portal.objects.bytes_read - before <= content.WINDOW


def test_a_study_and_a_series_come_as_they_were_stored(client, archive):
    everything = bodies(client.get(STUDY))
    assert sorted(everything) == sorted(body for name, body in archive.slices.items() if name[0] == "A")
    assert len(bodies(client.get(SERIES))) == 2


def test_an_instance_comes_in_a_message_or_leads_to_s3(client, archive, instance):
    answer = client.get(instance, headers={"accept": 'multipart/related; type="application/dicom"'})
    assert bodies(answer) == [archive.slices["A", 1, 1]]
    leads = client.get(instance, headers={"accept": "application/dicom"})
    assert leads.status_code == 307
    assert "accepted" in leads.headers["location"]
    refused = client.get(instance, headers={"accept": "image/jpeg"})
    assert (refused.status_code, refused.json()["acceptable"][0]) == (406, "application/dicom")


def test_what_is_too_large_for_a_message_names_the_way_without_the_limit(client, monkeypatch):
    monkeypatch.setattr(retrieving, "LARGEST_MESSAGE", 1000)
    for path in (STUDY, f"{STUDY}/metadata"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 1000)
        assert answer.json()["instead"]


def test_unknown_instances_are_not_found(client):
    for path in (f"{SERIES}/instances/1.2.3", f"{SERIES}/instances/1.2.3/metadata", "/dicomweb/studies/1.2.3"):
        assert client.get(path).status_code == 404


def test_a_header_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(content, "MOST_OF_A_HEADER", 4 * content.WINDOW)
    endless = io.BufferedReader(RangedFile(lambda source, start, length: b"\0" * length, None, 10**9))
    with pytest.raises(RetrievalTooLargeError):
        endless.read(5 * content.WINDOW)
