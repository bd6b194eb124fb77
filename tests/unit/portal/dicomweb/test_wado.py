"""WADO-RS: metadata and instances as they were stored."""

from dataclasses import replace

import pydicom
import pytest

from intake.dicom.budget import FETCH
from intake.dicom.streams import FIRST_READ
from intake.files.states import State
from portal.dicomweb import wado
from portal.http.messages import parse_content_type, read_parts
from tests.dicom_files import ct_slice, uid
from tests.unit.intake.dicom.readings import plenty
from tests.unit.portal.dicomweb import hostile
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
    return read_parts(answer.content, parse_content_type(answer.headers["content-type"])[1]["boundary"])


@pytest.mark.parametrize(("path", "count"), [(STUDY, 4), (SERIES, 2)])
def test_metadata_are_those_that_pydicom_reads(client, archive, path, count):
    rows = client.get(f"{path}/metadata").json()
    assert len(rows) == count
    for row in rows:
        # What is fetched apart is compared where that is done.
        assert row.pop("7FE00010")["BulkDataURI"].endswith("/bulkdata/7FE00010")
        found = pydicom.Dataset.from_json(row)
        (held,) = [
            data_set
            for data_set in map(archive.data_set_of, archive.slices.values())
            if data_set.SOPInstanceUID == found.SOPInstanceUID
        ]
        del held.PixelData
        assert found == held


def test_one_instances_metadata_tell_where_large_binary_values_are(client, instance, portal):
    big = ct_slice(study=uid("study", "C"), rows=8, columns=8, changes={0x00091001: ("OB", b"\1" * 2048)})
    Archive(portal).add(big)
    (row,) = client.get(f"/dicomweb/studies/{uid('study', 'C')}/metadata").json()
    for tag, vr in (("00091001", "OB"), ("7FE00010", "OW")):
        assert "InlineBinary" not in row[tag]
        assert (row[tag]["vr"], row[tag]["BulkDataURI"].rpartition("/bulkdata/")[2]) == (vr, tag)


def test_a_header_is_read_in_windows_and_pixel_data_not_at_all(portal, client):
    Archive(portal).add(ct_slice(study=uid("study", "D"), rows=512, columns=512))
    before = portal.objects.bytes_read
    assert client.get(f"/dicomweb/studies/{uid('study', 'D')}/metadata").status_code == 200
    assert portal.objects.bytes_read - before <= FIRST_READ


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
    monkeypatch.setattr(wado, "LARGEST_MESSAGE", 1000)
    for path in (STUDY, f"{STUDY}/metadata"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 1000)
        assert answer.json()["instead"]


def test_unknown_instances_are_not_found(client):
    for path in (f"{SERIES}/instances/1.2.3", f"{SERIES}/instances/1.2.3/metadata", "/dicomweb/studies/1.2.3"):
        assert client.get(path).status_code == 404


def test_more_instances_than_one_request_may_name_are_asked_for_otherwise(client, monkeypatch):
    monkeypatch.setattr(wado, "MOST_DESCRIBED", 3)
    monkeypatch.setattr(wado, "MOST_IN_A_MESSAGE", 3)
    refused = client.get(f"{STUDY}/metadata")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (413, "metadata-too-large")
    assert "series" in refused.json()["instead"]
    assert client.get(f"{SERIES}/metadata").status_code == 200
    assert client.get(STUDY).status_code == 413


def test_a_file_that_costs_too_much_to_describe_is_downloaded_instead(portal, client):
    costly = hostile.within(hostile.private(250_000, "LO", b""))
    Archive(portal).add(costly)
    path = f"/dicomweb/studies/{uid('hostile', 'study')}/metadata"
    refused = client.get(path)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (413, "message-too-large")
    assert "/content" in refused.json()["instead"]


def test_one_budget_holds_for_all_instances_that_a_request_names(portal, client, monkeypatch):
    monkeypatch.setattr(wado, "budget", lambda: plenty(steps=4 * FETCH + 60))
    assert client.get(f"{STUDY}/metadata").json()["type"].rpartition("/")[2] == "metadata-too-large"
    one = client.get(f"{SERIES}/metadata")
    assert one.status_code == 200


@pytest.mark.parametrize("damage", [b"", b"\0" * 2000, b"DICM"])
def test_an_object_that_is_gone_or_damaged_is_a_problem_that_names_the_file(portal, client, archive, damage):
    record = next(file for file in portal.table.files.values() if file.state is State.ACCEPTED)
    held = portal.objects.versions[record.stored.bucket, record.stored.key]
    if damage:
        held[-1] = replace(held[-1], data=damage.ljust(len(held[-1].data), b"\0"))
    else:
        held.clear()
    study = record.metadata["study_instance_uid"]
    answers = [client.get(f"/dicomweb/studies/{study}/metadata")]
    if not damage:
        answers.append(client.get(f"/dicomweb/studies/{study}"))
    for answer in answers:
        assert (answer.status_code, answer.json()["file_id"]) == (409, record.file_id)
        assert answer.json()["type"].rpartition("/")[2] == "instance-unreadable"


def test_an_object_that_became_shorter_is_a_problem(portal, client, archive):
    record = next(file for file in portal.table.files.values() if file.state is State.ACCEPTED)
    held = portal.objects.versions[record.stored.bucket, record.stored.key]
    held[-1] = replace(held[-1], data=held[-1].data[:100])
    study = record.metadata["study_instance_uid"]
    for path in (f"/dicomweb/studies/{study}/metadata", f"/dicomweb/studies/{study}"):
        assert client.get(path).status_code == 409


def test_what_is_not_accepted_is_refused_before_anything_is_read(portal, client):
    before = portal.objects.bytes_read
    assert client.get(f"{STUDY}/metadata", headers={"accept": "text/html"}).status_code == 406
    assert portal.objects.bytes_read == before


def test_a_study_that_was_sent_over_and_over_is_not_looked_through_without_end(portal, client, monkeypatch):
    monkeypatch.setattr(wado, "MOST_PAGES", 1)
    monkeypatch.setattr(wado, "PAGE", 2)
    refused = client.get(f"{STUDY}/metadata")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (413, "search-too-broad")


def test_requests_that_describe_take_turns(portal, client):
    with portal.services.describing.turn(), portal.services.describing.turn():
        pass
    assert client.get(f"{STUDY}/metadata").status_code == 200
