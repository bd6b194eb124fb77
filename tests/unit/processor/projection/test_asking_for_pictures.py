"""What the projector sends to the renderer's queue is what the renderer reads."""

import boto3
from moto import mock_aws

from intake.files.model import ObjectVersion
from intake.renditions.model import RenditionRequest
from processor import wiring


@mock_aws
def test_requests_for_pictures_are_read_from_the_queue_as_they_were_sent():
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName="renditions")["QueueUrl"]
    asked = [
        RenditionRequest(
            clinic_id="northside",
            file_id=f"01k-{number:05d}",
            stored=ObjectVersion("accepted", f"northside/{number}", "v1"),
            size=number,
            kind="dicom",
            accepted=True,
        )
        for number in range(12)
    ]

    wiring.ask_for_pictures({"SCALPER_TABLE": "records", "SCALPER_RENDITIONS_QUEUE_URL": url}, session)(asked)

    read = [message["Body"] for _ in range(2) for message in _receive(sqs, url)]
    assert sorted(map(RenditionRequest.from_json, read), key=lambda one: one.file_id) == asked


def _receive(sqs, url):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
