"""The guide's code that tells which messages to believe, against messages that were signed here as SNS signs."""

import json
import types

import pytest
from cryptography.exceptions import InvalidSignature

from tests.emulator.webhook_receiver import ServedCertificate, Signer, sample

TOPIC = "arn:aws:sns:eu-central-1:111122223333:events"
MESSAGE = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Message": '{"id": "1", "event": "file.rejected"}',
    "Timestamp": "2026-01-31T09:30:00.000Z",
}


@pytest.fixture
def module():
    return sample()


@pytest.fixture
def signer(module):
    signer = Signer(module.SIGNED)
    module.served = ServedCertificate(signer.certificate)
    module.urllib = types.SimpleNamespace(request=module.served)
    return signer


def test_a_signed_message_is_believed_and_its_certificate_is_fetched_once(module, signer):
    body = json.dumps(signer.sign(MESSAGE))
    assert module.believed(body, TOPIC)["Message"] == MESSAGE["Message"]
    module.believed(body, TOPIC)
    assert module.served.fetched == 1


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_the_token_of_a_confirmation_is_signed_too(module, signer, kind):
    message = signer.sign({**MESSAGE, "Type": kind, "Token": "t", "SubscribeURL": "https://sns.example/?Token=t"})
    assert module.believed(json.dumps(message), TOPIC)["Token"] == "t"
    with pytest.raises(InvalidSignature):
        module.believed(json.dumps({**message, "Token": "u"}), TOPIC)


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp"])
def test_a_changed_message_is_not_believed(module, signer, name):
    message = signer.sign(MESSAGE)
    with pytest.raises(InvalidSignature):
        module.believed(json.dumps({**message, name: message[name] + " "}), TOPIC)


def test_a_message_of_another_topic_is_not_believed_however_well_it_is_signed(module, signer):
    message = signer.sign({**MESSAGE, "TopicArn": "arn:aws:sns:eu-central-1:999999999999:events"})
    with pytest.raises(ValueError, match="topic"):
        module.believed(json.dumps(message), TOPIC)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
        "https://s3.us-east-1.amazonaws.com/evil/x.pem",
        "https://sns.us-east-1.amazonaws.com:8443/x.pem",
        "https://sns.us-east-1.amazonaws.com/",
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_fetched(module, signer, url):
    with pytest.raises(ValueError, match="certificate"):
        module.believed(json.dumps({**signer.sign(MESSAGE), "SigningCertURL": url}), TOPIC)
    assert module.served.fetched == 0


def test_an_old_signature_or_an_unknown_type_is_not_believed(module, signer):
    with pytest.raises(ValueError, match="topic"):
        module.believed(json.dumps({**signer.sign(MESSAGE), "SignatureVersion": "1"}), TOPIC)
    with pytest.raises(KeyError):
        module.believed(json.dumps({**signer.sign(MESSAGE), "Type": "Other"}), TOPIC)
