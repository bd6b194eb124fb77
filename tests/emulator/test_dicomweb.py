"""DICOMweb on the deployed stack, with an independent client (dicomweb-client) and real files where they are there."""

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from pydicom.encaps import encapsulate
from requests import HTTPError

from tests.dicom_files import ct_slice, uid
from tests.emulator.corpus_sample import sample
from tests.emulator.partner import PartnerClient
from tests.unit.processor.judge.corpus import needs_corpus
from tests.waiting import until

pytestmark = [pytest.mark.emulator, pytest.mark.filterwarnings("ignore::UserWarning")]

SEARCHED = (
    "StudyDate", "StudyTime", "AccessionNumber", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID",
    "StudyID", "StudyDescription", "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SOPClassUID",
    "SOPInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames",
)  # fmt: skip
"""What searches tell that stands in the file itself, and so must be what pydicom reads there."""


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


@pytest.fixture(scope="module")
def dicomweb(partner, api_url):
    headers = {"Authorization": partner.http.headers["Authorization"]}
    return DICOMwebClient(f"{api_url}/dicomweb", headers=headers, permissive_uid=True)


def sent(partner, dicomweb, bodies):
    """Send files and wait until what they add up to can be searched. Return the accepted ones' data sets."""
    upload = partner.upload({f"{number}.dcm": body for number, body in enumerate(bodies)})
    verdicts = partner.verdicts(upload["upload_id"])
    accepted = [
        pydicom.dcmread(io.BytesIO(body), force=True)
        for number, body in enumerate(bodies)
        if verdicts[f"{number}.dcm"]["state"] == "accepted"
    ]
    studies = {str(each.StudyInstanceUID) for each in accepted if "StudyInstanceUID" in each}
    for study in studies:
        until(lambda study=study: _counted(dicomweb, study, accepted), f"study {study} to be counted", 60)
    return accepted


def _counted(dicomweb, study, accepted):
    found = dicomweb.search_for_studies(search_filters={"StudyInstanceUID": study})
    expected = len({str(each.SOPInstanceUID) for each in accepted if each.get("StudyInstanceUID") == study})
    return bool(found) and found[0]["00201208"]["Value"][0] >= expected


def test_a_study_is_found_described_and_fetched(partner, dicomweb):
    study, patient = uid("dicomweb", "study"), "DW-1"
    bodies = [
        ct_slice(
            study=study,
            series=uid("dicomweb", "series", series),
            instance=number,
            patient_id=patient,
            rows=8,
            columns=8,
        )
        for series in (1, 2)
        for number in (1, 2, 3)
    ]
    held = {str(each.SOPInstanceUID): each for each in sent(partner, dicomweb, bodies)}

    (row,) = dicomweb.search_for_studies(search_filters={"PatientID": patient})
    assert row["0020000D"]["Value"] == [study]
    assert [row[tag]["Value"] for tag in ("00201206", "00201208")] == [[2], [6]]
    assert len(dicomweb.search_for_series(study)) == 2
    assert len(dicomweb.search_for_instances(study)) == 6
    instances = dicomweb.search_for_instances(study, uid("dicomweb", "series", 1), search_filters={"InstanceNumber": 2})
    assert len(instances) == 1

    for row in dicomweb.retrieve_study_metadata(study):
        assert row.pop("7FE00010")["BulkDataURI"].startswith("http")
        found = pydicom.Dataset.from_json(row)
        expected = held[str(found.SOPInstanceUID)]
        assert found == pydicom.Dataset(
            {element.tag: element for element in expected if element.keyword != "PixelData"}
        )
    fetched = dicomweb.retrieve_instance(study, uid("dicomweb", "series", 1), instances[0]["00080018"]["Value"][0])
    assert fetched.PixelData == held[str(fetched.SOPInstanceUID)].PixelData
    assert len(dicomweb.retrieve_series(study, uid("dicomweb", "series", 2))) == 3


def test_an_instance_of_any_size_is_fetched_from_s3(partner, dicomweb, api_url):
    study, series = uid("dicomweb", "large"), uid("dicomweb", "large series")
    body = ct_slice(study=study, series=series, rows=1700, columns=1600)
    (held,) = sent(partner, dicomweb, [body])
    path = f"{api_url}/dicomweb/studies/{study}/series/{series}/instances/{held.SOPInstanceUID}"

    too_large = partner.http.get(path, headers={"Accept": 'multipart/related; type="application/dicom"'})
    assert (too_large.status_code, too_large.json()["limit_bytes"]) == (413, 4 * 1024 * 1024)
    assert "application/dicom" in too_large.json()["instead"]
    leads = partner.http.get(path, headers={"Accept": "application/dicom"})
    assert leads.status_code == 307
    assert httpx.get(leads.headers["location"]).content == body
    # Its one frame exceeds a message too: S3 copies it out of the file.
    for _ in range(2):
        frame = partner.http.get(f"{path}/frames/1")
        assert frame.status_code == 307
        copied = httpx.get(frame.headers["location"])
        assert (copied.content, copied.headers["content-type"].partition(";")[0]) == (
            held.PixelData,
            "application/octet-stream",
        )


def _frames(number, pixels, syntax="1.2.840.10008.1.2.1"):
    study, series = uid("dicomweb", "frames"), uid("dicomweb", "frames", number)
    data_set = pydicom.dcmread(io.BytesIO(ct_slice(study=study, series=series, rows=4, columns=4)))
    data_set.NumberOfFrames, data_set.PixelData = 3, pixels
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set["PixelData"].VR, data_set["PixelData"].is_undefined_length = "OB", syntax != "1.2.840.10008.1.2.1"
    file = io.BytesIO()
    data_set.save_as(file, enforce_file_format=True)
    return file.getvalue(), (study, series, str(data_set.SOPInstanceUID))


def test_frames_and_bulk_data_are_fetched_as_they_are_stored(partner, dicomweb, api_url):
    native = bytes(range(96))
    frames = [b"\xff\xd8\xff\xf7" + bytes([number]) * 1000 + b"\xff\xd9" for number in range(3)]
    plain, at_plain = _frames(1, native)
    packed, at_packed = _frames(2, encapsulate(frames), "1.2.840.10008.1.2.4.80")
    sent(partner, dicomweb, [plain, packed])

    assert dicomweb.retrieve_instance_frames(*at_plain, [3, 1]) == [native[64:], native[:32]]
    assert dicomweb.retrieve_instance_frames(*at_packed, [1, 2, 3]) == frames
    jpeg_ls = (("image/jls", "1.2.840.10008.1.2.4.80"),)
    assert dicomweb.retrieve_instance_frames(*at_packed, [2], media_types=jpeg_ls) == frames[1:2]
    with pytest.raises(HTTPError, match="406"):
        dicomweb.retrieve_instance_frames(*at_packed, [2], media_types=(("image/jpeg", "1.2.840.10008.1.2.4.50"),))
    for at, wanted in ((at_plain, [native]), (at_packed, frames)):
        address = dicomweb.retrieve_instance_metadata(*at)["7FE00010"]["BulkDataURI"]
        # Told is the portal's public address, which nobody but browsers knows here.
        assert dicomweb.retrieve_bulkdata(f"{api_url}/dicomweb/{address.partition('/dicomweb/')[2]}") == wanted


def test_what_is_stored_by_dicomweb_is_judged_like_every_file(partner, dicomweb):
    good = pydicom.dcmread(io.BytesIO(ct_slice(study=uid("stow"), series=uid("stow", 1), rows=8, columns=8)))
    answer = dicomweb.store_instances([good])
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [good.SOPInstanceUID]

    other = pydicom.dcmread(io.BytesIO(ct_slice(study=uid("stow"), series=uid("stow", 1), rows=8, columns=8)))
    other.PixelData = b"\1" * len(other.PixelData)
    with pytest.raises(Exception, match="409"):
        dicomweb.store_instances([other])


@needs_corpus
def test_searches_tell_of_real_files_what_pydicom_reads_in_them(partner, dicomweb):
    held = {
        str(each.SOPInstanceUID): each
        for each in sent(partner, dicomweb, [file.data for file in sample() if file.expected == "accepted"])
        if "StudyInstanceUID" in each
    }
    studies = {str(each.StudyInstanceUID) for each in held.values()}
    rows = {
        row["00080018"]["Value"][0]: pydicom.Dataset.from_json(row)
        for study in studies
        for row in dicomweb.search_for_instances(search_filters={"StudyInstanceUID": study})
    }
    assert held.keys() <= rows.keys()
    for instance, data_set in held.items():
        for keyword in SEARCHED:
            expected = data_set.get(keyword)
            assert (rows[instance].get(keyword) or None) == (expected if expected not in ("", None) else None), keyword
    print(f"{len(held)} real instances, {len(SEARCHED)} attributes each, no disagreement")


def _half_invalid(number):
    """Return a slice, every other one with values that break their VR's form, as real scanners write them."""
    invalid = {
        0x00080023: ("DA", b"2020.01.02"),
        0x00081010: ("SH", b"a station's name that is far too long"),
        0x00180060: ("DS", b"120 kV"),
        0x00280034: ("IS", b"1.5\\1 "),
        0x00200012: ("IS", b"1A"),
        0x00281050: ("DS", b"1e999 "),
    }
    study, series = uid("dicomweb", "half"), uid("dicomweb", "half series")
    return ct_slice(
        study=study, series=series, instance=number, rows=8, columns=8, changes=invalid if number % 2 else None
    )


def test_many_threads_describe_a_study_half_of_invalid_values_and_all_get_the_same(partner, dicomweb, api_url):
    held = sent(partner, dicomweb, [_half_invalid(number) for number in range(1, 61)])
    assert len(held) == 60
    path = f"{api_url}/dicomweb/studies/{uid('dicomweb', 'half')}/metadata"
    until(lambda: len(partner.http.get(path).json()) == 60, "all instances to be listed", 60)

    def told(_):
        answer = partner.http.get(path, timeout=120)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(told, range(64)))

    statuses = Counter(status for status, _ in answers)
    print(f"64 calls from 16 threads: {dict(statuses)}, {len({body for _, body in answers})} body")
    assert statuses == {200: 64}
    (body,) = {body for _, body in answers}
    rows = {row["00200013"]["Value"][0]: row for row in json.loads(body)}
    assert rows[1]["00180060"]["Value"] == ["120 kV"]
    assert rows[1]["00280034"]["Value"] == ["1.5", 1]
    assert rows[2]["00180060"]["Value"] == [120.0]
