"""The main job where every call is checked: each function does its part with what its own role may do."""

import httpx
import pytest

from intake.files.states import State
from tests.archives import a_study, zipped
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.test_exactly_once import OVERDUE, Lane
from tests.waiting import until


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


@pytest.fixture
def lane(stack):
    lane = Lane(stack)
    yield lane
    lane.go_on()


def _slice(name):
    return ct_slice(study=uid(name), series=uid(name, "series"), sop=uid(name, "sop"), rows=8, columns=8)


def test_a_partners_files_are_filed_counted_told_of_and_downloaded(stack, partner, lane):
    files = {"good.dcm": _slice("strict"), "bad.dcm": b"these are no pixels"}

    upload_id = partner.upload(files)["upload_id"]
    verdicts = partner.verdicts(upload_id)

    assert {name: file["state"] for name, file in verdicts.items()} == {"good.dcm": "accepted", "bad.dcm": "rejected"}
    assert [len(lane.stored(bucket, upload_id)) for bucket in ("AcceptedBucket", "QuarantineBucket")] == [1, 1]
    counts = until(lambda: _counted(partner, upload_id), "the upload's counts")
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
    (told,) = until(lambda: _mails(lane, "file.rejected", upload_id), "the alert in the mailbox")
    assert told["MessageAttributes"]["clinic_id"]["Value"] == "northside"
    download = partner.http.get(f"/api/v1/files/{verdicts['good.dcm']['file_id']}/content")
    assert httpx.get(download.headers["location"]).content == files["good.dcm"]
    picture = partner.http.get(f"/api/v1/files/{verdicts['good.dcm']['file_id']}/preview/128")
    assert httpx.get(picture.headers["location"]).content[8:12] == b"WEBP"


def _counted(partner, upload_id):
    counts = partner.http.get(f"/api/v1/uploads/{upload_id}").json()["counts"]
    return counts if not counts.get("awaiting_upload") else None


def _mails(lane, kind, named):
    return [
        mail
        for mail in lane.mailbox()
        if mail["MessageAttributes"]["kind"]["Value"] == kind and named in mail["Message"]
    ]


def test_an_archive_is_unpacked_into_a_file_per_entry(partner, lane):
    upload_id = partner.upload({"study.zip": zipped(a_study("strict-archive", 12))})["upload_id"]

    upload = until(lambda: _complete(lane, upload_id, 12), "12 verdicts")

    assert (upload.counts[State.ACCEPTED], upload.containers) == (12, {State.ACCEPTED: 1})
    assert len(lane.stored("AcceptedBucket", upload_id)) == 13


def _complete(lane, upload_id, expected):
    upload = lane.records.upload("northside", upload_id)
    return upload if upload.settled and upload.declared == expected else None


def test_the_sweep_expires_enqueues_again_and_tells_of_dead_letters(lane):
    lane.pause()
    never, lost = lane.reserve(2, ago=OVERDUE)
    (dead,) = lane.reserve(1)
    lane.put(lost, _slice(lost.file_id))
    letter = lane.put(dead, _slice(dead.file_id))
    lane.drop_waiting_events(2)
    lane.send([letter], "DeadLetterQueueUrl")

    lane.sweep()
    lane.go_on()

    until(lambda: lane.states([lost]) == {State.ACCEPTED: 1}, "the verdict on the file whose event was lost")
    assert lane.states([never, dead]) == {State.EXPIRED: 1, State.FAILED: 1}
    assert until(lambda: _mails(lane, "file.failed", dead.file_id), "the alert on the dead letter")
    lane.aws.sqs.purge_queue(QueueUrl=lane.outputs["DeadLetterQueueUrl"])


def test_without_its_policy_the_sweep_can_do_nothing(stack, root, roles):
    """Else the tests above would prove nothing: the functions might work under other permissions than their roles'."""
    iam = root.client("iam")
    (policy,) = [
        attached["PolicyArn"]
        for attached in iam.list_attached_role_policies(RoleName=roles["sweep"].name)["AttachedPolicies"]
        if "Sweep" in attached["PolicyName"]
    ]
    iam.detach_role_policy(RoleName=roles["sweep"].name, PolicyArn=policy)
    try:
        answer = stack.clients.functions.invoke(FunctionName=stack.outputs["SweepFunction"], Payload=b"{}")
        trouble = answer["Payload"].read().decode()
    finally:
        iam.attach_role_policy(RoleName=roles["sweep"].name, PolicyArn=policy)

    assert answer["FunctionError"] == "Unhandled"
    assert f"assumed-role/{roles['sweep'].name}/" in trouble
    assert "is not authorized to perform" in trouble
