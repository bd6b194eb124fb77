"""A partner is called: the whole way from an upload to an event that was verified, and an outage in between."""

import types

import httpx
import pytest

from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.sign_in import partner_token
from tests.emulator.webhook_receiver import Receiver, Relay, ServedCertificate, Signer, sample
from tests.waiting import until

pytestmark = pytest.mark.emulator


@pytest.fixture
def receiver(stack):
    """A receiver that runs the guide's own code, but for the server that the certificate comes from."""
    module = sample()
    signer = Signer(module.SIGNED)
    served = ServedCertificate(signer.certificate)
    module.urllib = types.SimpleNamespace(request=served)
    with Relay(signer, Receiver(module)) as relay:
        receiver = relay._receiver
        receiver.url, receiver.served = relay.url, served
        receiver.topic_arn = stack.outputs["EventTopicArn"]
        yield receiver


@pytest.fixture
def partner(stack, portal_url):
    with PartnerClient(portal_url, partner_token(stack)) as partner:
        yield partner


def subscribed(partner, receiver, *events):
    answer = partner.http.post("/api/v1/webhooks", json={"url": receiver.url, "events": list(events)})
    assert answer.status_code == 201, answer.text
    webhook = answer.json()
    assert webhook["topic_arn"] == receiver.topic_arn
    path = f"/api/v1/webhooks/{webhook['webhook_id']}"
    token = until(lambda: receiver.tokens.get(webhook["webhook_id"]), "the request to confirm")
    assert partner.http.get(path).json()["state"] == "pending"
    assert partner.http.post(f"{path}/confirm", json={"token": token}).json()["state"] == "active"
    return webhook["webhook_id"]


def rejected(partner, count):
    """Send files that are rejected, and return the ids of their changes when the feed tells them."""
    cursor = partner.http.get("/api/v1/changes", params={"since": "now"}).json()["cursor"]
    upload = partner.upload({f"{number}.dcm": b"no scan %d" % number for number in range(count)})

    def told():
        page = partner.http.get("/api/v1/changes", params={"since": cursor}).json()
        ids = {change["id"] for change in page["changes"] if change["upload_id"] == upload["upload_id"]}
        return ids if len(ids) == count else None

    return until(told, "the changes")


def test_every_event_is_verified_and_seen_once_by_id_after_an_outage(
    stack, partner, receiver, portal_url, staff_tokens
):
    every = ("upload.completed", "upload.incomplete", "file.rejected", "file.failed", "study.updated")
    webhook_id = subscribed(partner, receiver, *every)
    seen = receiver.events.setdefault(webhook_id, {})
    fired = partner.http.post(f"/api/v1/webhooks/{webhook_id}/test").json()["event_id"]
    until(lambda: fired in seen, "the test event")

    before = rejected(partner, 3)
    study = uid(fired)
    slices = {f"{n}.dcm": ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, n)) for n in range(3)}
    upload = partner.upload(slices, expected=3)
    partner.verdicts(upload["upload_id"])
    until(lambda: f"{upload['upload_id']}.3.complete.0" in seen, "the upload's completion")
    assert {"study_uid": study, "upload_id": upload["upload_id"]} in [
        event["data"] for (event, *_) in seen.values() if event["event"] == "study.updated"
    ]

    receiver.down.set()
    calls = receiver.calls
    during = rejected(partner, 2)
    until(lambda: receiver.calls > calls + 1, "calls during the outage")
    assert not during & set(seen)
    receiver.down.clear()
    after = rejected(partner, 1)

    wanted = before | during | after
    until(lambda: wanted <= set(seen), "every event")
    with PartnerClient(portal_url, staff_tokens["lakeview"]) as other:
        foreign = rejected(other, 1)
    assert {name for name, tellings in seen.items() if tellings[0]["event"] == "file.rejected"} == wanted
    assert not foreign & set(seen)
    assert all(tellings.count(tellings[0]) == len(tellings) for tellings in seen.values())
    assert all(tellings[0]["clinic_id"] == "northside" for tellings in seen.values())
    assert receiver.refused == []
    assert receiver.served.fetched == 1


def test_a_deleted_webhook_is_not_called_again(partner, receiver):
    kept, deleted = (subscribed(partner, receiver, "file.rejected") for _ in range(2))
    assert partner.http.delete(f"/api/v1/webhooks/{deleted}").status_code == 204

    news = rejected(partner, 2)

    until(lambda: news <= set(receiver.events.get(kept, ())), "the events of the webhook that was kept")
    assert deleted not in receiver.events
    assert partner.http.get(f"/api/v1/webhooks/{deleted}").status_code == 404


def test_a_message_that_somebody_else_sent_is_not_believed(partner, receiver):
    receiver.topic_arn = "arn:aws:sns:us-east-1:000000000000:ours"
    forged = {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": receiver.topic_arn,
        "Message": "{}",
        "Timestamp": "2026-01-31T09:30:00.000Z",
        "SignatureVersion": "1",
        "Signature": "FAKE",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem",
    }
    assert receiver.take("/hooks", httpx.Request("POST", "http://x", json=forged).read()) == 403
