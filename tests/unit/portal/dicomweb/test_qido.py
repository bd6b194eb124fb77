"""QIDO-RS over what the records keep."""

import pytest

from portal.dicomweb import qido
from tests.dicom_files import uid
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.pool import partner_token


@pytest.fixture
def archive(portal):
    return Archive(portal).fill()


@pytest.fixture
def client(portal, archive):
    return portal.machine()


def rows(client, path, **parameters):
    answer = client.get(f"/dicomweb/{path}", params=parameters)
    assert answer.status_code in {200, 204}, answer.text
    return answer.json() if answer.status_code == 200 else []


def values(row, tag):
    return row[tag].get("Value", [])


def studies(client, **parameters):
    return sorted(values(row, "00100020")[0] for row in rows(client, "studies", **parameters))


def test_a_study_is_described_as_the_standard_demands(client):
    (row,) = rows(client, "studies", PatientID="NS-1")
    assert values(row, "0020000D") == [uid("study", "A")]
    assert values(row, "00080020") == ["20260110"]
    assert values(row, "00080061") == ["CT"]
    assert values(row, "00100010") == [{"Alphabetic": "Example^Anna"}]
    assert values(row, "00201206") == [2]
    assert values(row, "00201208") == [4]
    assert values(row, "00080056") == ["ONLINE"]
    assert values(row, "00081190") == [f"https://portal.test/dicomweb/studies/{uid('study', 'A')}"]
    assert list(row) == sorted(row)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["NS-1", "NS-2"]),
        ({"PatientID": "NS-2"}, ["NS-2"]),
        ({"PatientID": "NS-*"}, ["NS-1", "NS-2"]),
        ({"00100020": "NS-2"}, ["NS-2"]),
        ({"PatientName": "example^b*"}, ["NS-2"]),
        ({"StudyDate": "20260101-20260131"}, ["NS-1"]),
        ({"StudyDate": "20260220"}, ["NS-2"]),
        ({"ModalitiesInStudy": "CT"}, ["NS-1", "NS-2"]),
        ({"ModalitiesInStudy": "MR"}, []),
        ({"ModalitiesInStudy": "MR,CT"}, ["NS-1", "NS-2"]),
        ({"ModalitiesInStudy": "MR\\C?"}, ["NS-1", "NS-2"]),
        ({"ModalitiesInStudy": ["CT", "MR"]}, ["NS-1", "NS-2"]),
        ({"ModalitiesInStudy": "MR,US"}, []),
        ({"StudyInstanceUID": uid("study", "B")}, ["NS-2"]),
        ({"StudyInstanceUID": f"{uid('study', 'B')},{uid('study', 'A')}"}, ["NS-1", "NS-2"]),
        ({"StudyInstanceUID": "1.2.3"}, []),
        ({"StudyInstanceUID": ","}, []),
        ({"StudyInstanceUID": f"1.2.3,,{uid('study', 'B')}\\\\"}, ["NS-2"]),
        ({"PatientID": "NS-1", "StudyDate": "20260220"}, []),
    ],
)
def test_studies_are_found_by_what_is_asked(client, parameters, found):
    assert studies(client, **parameters) == found


def test_pages_hold_every_study_once(client):
    pages = [studies(client, limit=1, offset=offset) for offset in range(3)]
    assert sorted(map(tuple, pages)) == [(), ("NS-1",), ("NS-2",)]


def test_a_search_without_a_match_has_no_content(client):
    assert client.get("/dicomweb/studies", params={"PatientID": "nobody"}).status_code == 204


def test_series_are_found_in_a_study_and_in_all(client):
    inside = rows(client, f"studies/{uid('study', 'A')}/series")
    assert {values(row, "0020000E")[0] for row in inside} == {uid("series", "A", 1), uid("series", "A", 2)}
    assert all(values(row, "00201209") == [2] and "00100020" not in row for row in inside)
    everywhere = rows(client, "series", Modality="CT")
    assert len(everywhere) == 4
    assert all(values(row, "00100020") for row in everywhere)
    assert len(rows(client, "series", SeriesInstanceUID=uid("series", "B", 1))) == 1


def test_instances_are_found_in_a_series_a_study_and_in_all(client, archive):
    path = f"studies/{uid('study', 'A')}/series/{uid('series', 'A', 2)}/instances"
    inside = rows(client, path)
    expected = {str(archive.data_set("A", 2, number).SOPInstanceUID) for number in (1, 2)}
    assert {values(row, "00080018")[0] for row in inside} == expected
    assert {values(row, "00081190")[0] for row in inside} == {
        f"https://portal.test/dicomweb/{path}/{instance}" for instance in expected
    }
    assert len(rows(client, f"studies/{uid('study', 'A')}/instances")) == 4
    assert len(rows(client, "instances")) == 8
    assert len(rows(client, "instances", InstanceNumber=1, PatientID="NS-1")) == 2


def test_what_was_not_accepted_or_was_sent_twice_is_no_instance_more(client, archive):
    archive.add(archive.slices["A", 1, 1][:-30], archive.slices["A", 1, 1])
    assert len(rows(client, "instances")) == 8


def test_what_was_accepted_without_naming_an_instance_is_passed_over(portal, client, archive):
    nameless = next(record for record in portal.table.files.values() if record.metadata.get("instance_number") == 1)
    del nameless.metadata["sop_instance_uid"]
    assert len(rows(client, "instances")) == 7


def test_another_clinics_studies_are_not_there(portal, archive):
    stranger = portal.machine(partner_token("partner-2"))
    study = f"/dicomweb/studies/{uid('study', 'A')}"
    assert rows(stranger, "studies") == []
    assert rows(stranger, "studies", PatientID="NS-1") == []
    assert rows(stranger, f"studies/{uid('study', 'A')}/instances") == []
    unknown = f"/dicomweb/studies/{uid('study', 'unknown')}"
    for path in ("", "/metadata", f"/series/{uid('series', 'A', 1)}/metadata"):
        theirs, nobodys = stranger.get(study + path), stranger.get(unknown + path)
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert theirs.json()["detail"] == nobodys.json()["detail"]


def test_what_is_not_done_is_said_in_a_warning(client):
    answer = client.get("/dicomweb/studies", params={"fuzzymatching": "true", "PatientName": "exampel^anna"})
    assert answer.headers["warning"].startswith("299 silent-scalper")


def test_a_search_that_looks_at_too_many_is_refused_and_not_slow(client, monkeypatch):
    monkeypatch.setattr(qido, "MOST_CANDIDATES", 1)
    answer = client.get("/dicomweb/studies", params={"PatientName": "nobody"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (413, "search-too-broad")


@pytest.mark.parametrize(
    ("parameters", "total", "more"),
    [
        ({}, "2", False),
        ({"limit": "1"}, None, True),
        ({"limit": "1", "offset": "1"}, "2", False),
        ({"limit": "2"}, "2", False),
        ({"offset": "5"}, None, False),
        ({"limit": "0"}, None, True),
        ({"PatientID": "nobody"}, "0", False),
    ],
)
def test_how_many_match_is_told_where_it_is_known_and_else_that_there_are_more(client, parameters, total, more):
    answer = client.get("/dicomweb/studies", params=parameters)
    assert answer.headers.get("x-total-count") == total
    assert ("additional results" in answer.headers.get("warning", "")) is more


def test_a_page_that_is_full_is_given_though_the_next_match_lies_too_far(client, monkeypatch):
    monkeypatch.setattr(qido, "MOST_CANDIDATES", 1)
    answer = client.get("/dicomweb/studies", params={"limit": "1"})
    assert (answer.status_code, len(answer.json())) == (200, 1)
    assert "additional results" in answer.headers["warning"]


def test_what_is_not_kept_is_told_without_a_value_and_matched_by_nothing(client):
    answer = client.get("/dicomweb/series", params={"ReferringPhysicianName": "Nobody^N", "00400244": "20260101"})
    assert len(answer.json()) == 4
    warning = answer.headers["warning"]
    assert all(name in warning for name in ("ReferringPhysicianName", "PerformedProcedureStepStartDate"))
    assert "Nobody" not in warning
    assert answer.json()[0]["00400275"] == {"vr": "SQ"}
    assert answer.json()[0]["00080090"] == {"vr": "PN"}


def test_a_list_that_is_stated_in_many_parameters_is_bounded(client):
    answer = client.get("/dicomweb/studies", params={"ModalitiesInStudy": ["CT"] * 200})
    assert answer.status_code == 400


def test_a_refusal_does_not_repeat_what_was_asked(client):
    answer = client.get("/dicomweb/studies", params={"PatientNam": "Example^Anna"})
    assert answer.status_code == 400
    assert "Anna" not in answer.text
    assert answer.json()["reason"]
