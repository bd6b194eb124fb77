"""The main job on the deployed stack, by REST and by plain S3."""

import hashlib

import httpx
import pytest

from intake.records.records import DynamoRecords
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient, checksum
from tests.emulator.stacks import files_of
from tests.waiting import until

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


def _slices(name, count, **changes):
    """Return small slices of one series that no other test sends."""
    return {
        f"{name}-{number}.dcm": ct_slice(
            study=uid(name), series=uid(name, "series"), sop=uid(name, number), rows=8, columns=8, **changes
        )
        for number in range(count)
    }


def test_a_partners_files_reach_their_verdicts_with_metadata_and_reasons(partner, stack):
    files = {**_slices("partner", 3), "notes.dcm": b"these are no pixels"}

    upload = partner.upload(files, reference="CT 4711")
    verdicts = partner.verdicts(upload["upload_id"])

    assert {name: file["state"] for name, file in verdicts.items()} == {
        "partner-0.dcm": "accepted",
        "partner-1.dcm": "accepted",
        "partner-2.dcm": "accepted",
        "notes.dcm": "rejected",
    }
    accepted = partner.file(verdicts["partner-0.dcm"]["file_id"])
    assert accepted["metadata"]["sop_instance_uid"] == uid("partner", 0)
    assert accepted["kind"] == "dicom"
    assert [entry["event"] for entry in accepted["timeline"]][-1] == "accepted"
    finding = partner.file(verdicts["notes.dcm"]["file_id"])["findings"][0]
    assert finding["severity"] == "reject"
    assert finding["message"]
    assert finding["remedy"]


def test_the_declared_names_extension_reaches_the_judge_and_the_name_does_not(partner, stack):
    (data,) = _slices("extension", 1).values()

    (verdict,) = partner.verdicts(partner.upload({"Doe John.pdf": data})["upload_id"]).values()

    assert [found["code"] for found in partner.file(verdict["file_id"])["findings"]] == ["extension-mismatch"]
    (key,) = _keys_of(stack, verdict["file_id"])
    head = stack.clients.s3.head_object(Bucket=stack.outputs["IncomingBucket"], Key=key)
    assert head["Metadata"] == {"extension": "pdf", "sha256": hashlib.sha256(data).hexdigest()}


def test_a_clinics_profile_is_judged_by(stack):
    directory = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    directory.save_clinic(Clinic("eastside", "Eastside"))
    directory.save_profile("eastside", {"kinds": ["pdf"]})
    (data,) = _slices("eastside", 1).values()
    stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key="eastside/scan.dcm", Body=data)

    records = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    (row,) = until(lambda: records.files("eastside", None, None, None, 10).rows, "the file of a clinic with a profile")
    assert (row.state, row.codes) == ("rejected", ("kind-not-allowed",))


def _keys_of(stack, file_id, bucket="IncomingBucket"):
    pages = stack.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs[bucket])
    return [row["Key"] for page in pages for row in page.get("Contents", ()) if row["Key"].endswith(file_id)]


def test_an_uploads_counts_follow_its_verdicts(partner):
    upload = partner.upload({**_slices("counts", 4), "bad.dcm": b"no"})
    partner.verdicts(upload["upload_id"])

    def complete():
        answer = partner.http.get(f"/api/v1/uploads/{upload['upload_id']}").json()
        return answer if not answer["counts"].get("awaiting_upload") else None

    answer = until(complete, "the upload's counts")
    assert (answer["counts"]["accepted"], answer["counts"]["rejected"]) == (4, 1)


def test_what_was_accepted_is_downloaded_byte_for_byte(partner):
    files = _slices("download", 1)
    upload = partner.upload(files)
    file_id = partner.verdicts(upload["upload_id"])["download-0.dcm"]["file_id"]

    answer = partner.http.get(f"/api/v1/files/{file_id}/content", follow_redirects=False)
    url = answer.headers.get("location") or answer.json()["get"]["url"]

    assert httpx.get(url).content == files["download-0.dcm"]
    assert "download-0" not in url


def test_a_file_dropped_straight_into_s3_reaches_its_verdict(stack, partner):
    (data,) = _slices("dropped", 1).values()
    stack.clients.s3.put_object(
        Bucket=stack.outputs["IncomingBucket"], Key="northside/from the scanner/dropped.dcm", Body=data
    )

    def listed():
        rows = partner.http.get("/api/v1/files", params={"state": "accepted"}).json()["files"]
        return [row for row in rows if row["name"] == "dropped.dcm"]

    (row,) = until(listed, "the dropped file in the list")
    record = partner.file(row["file_id"])
    assert record["metadata"]["sop_instance_uid"] == uid("dropped", 0)


def test_s3_refuses_a_changed_a_cut_and_a_second_body(partner):
    (data,) = _slices("refused", 1).values()
    (file,) = partner.announce({"refused.dcm": data})["files"]
    changed = data[:-1] + b"!"

    wrong = partner.send(file["put"], changed)
    cut = partner.send(file["put"], data[:-2])
    false_claim = partner.send(file["put"], changed, **{"x-amz-checksum-sha256": checksum(changed)})
    unconditional = {name: value for name, value in file["put"]["headers"].items() if name.lower() != "if-none-match"}
    careless = partner.s3.put(file["put"]["url"], content=data, headers=unconditional)
    first = partner.send(file["put"], data)
    second = partner.send(file["put"], data)

    assert wrong.status_code == 400
    assert cut.status_code in {400, 403}
    assert false_claim.status_code == 403
    assert careless.status_code == 403
    assert first.status_code == 200
    assert second.status_code == 412


def test_s3_refuses_a_request_whose_time_is_over(partner):
    (data,) = _slices("late", 1).values()
    (file,) = partner.announce({"late.dcm": data})["files"]
    url = httpx.URL(file["put"]["url"])
    signed_yesterday = url.copy_set_param("X-Amz-Date", "20200101T000000Z")

    answer = partner.s3.put(signed_yesterday, content=data, headers=file["put"]["headers"])

    assert answer.status_code == 403
    assert "expired" in answer.text.lower()


def test_the_same_bytes_sent_twice_are_stored_once(partner, stack):
    files = _slices("twice", 1)
    first = partner.verdicts(partner.upload(files)["upload_id"])["twice-0.dcm"]
    second = partner.verdicts(partner.upload(files)["upload_id"])["twice-0.dcm"]

    assert (first["state"], second["state"]) == ("accepted", "accepted")
    stored = [_keys_of(stack, verdict["file_id"], "AcceptedBucket") for verdict in (first, second)]
    assert [len(keys) for keys in stored] == [1, 0]
    held = stack.clients.s3.get_object(Bucket=stack.outputs["AcceptedBucket"], Key=stored[0][0])
    assert held["Body"].read() == files["twice-0.dcm"]


def test_other_bytes_under_a_known_sop_instance_uid_are_rejected(partner):
    partner.verdicts(partner.upload(_slices("conflict", 1))["upload_id"])
    other = _slices("conflict", 1, patient_id="TEST^OTHER")

    verdict = partner.verdicts(partner.upload(other)["upload_id"])["conflict-0.dcm"]

    assert verdict["state"] == "rejected"
    assert partner.file(verdict["file_id"])["findings"][0]["code"] == "sop-instance-conflict"


def test_another_clinics_file_answers_exactly_as_an_unknown_one(partner, stack):
    (data,) = _slices("lakeview", 1).values()
    stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key="lakeview/theirs.dcm", Body=data)

    def theirs():
        return [row["file_id"]["S"] for row in files_of(stack, "lakeview") if row["name"]["S"] == "theirs.dcm"]

    (file_id,) = until(theirs, "lakeview's file")
    foreign = partner.http.get(f"/api/v1/files/{file_id}")
    unknown = partner.http.get(f"/api/v1/files/{file_id[:-3]}zzz")

    assert foreign.status_code == unknown.status_code == 404
    ignored = {"instance", "request_id"}
    assert {k: v for k, v in foreign.json().items() if k not in ignored} == {
        k: v for k, v in unknown.json().items() if k not in ignored
    }


def test_the_gateway_lets_nobody_in_without_a_token(api_url):
    assert httpx.get(f"{api_url}/api/v1/files").status_code == 401
    assert httpx.get(f"{api_url}/api/v1/files", headers={"Authorization": "Bearer e30.e30.e30"}).status_code == 401
