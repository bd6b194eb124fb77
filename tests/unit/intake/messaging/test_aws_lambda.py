"""Functions that are started, and not waited for."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from intake.messaging.aws_lambda import LambdaWorker


@pytest.fixture
def client():
    return boto3.client("lambda", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_a_function_is_started_each_time_and_not_waited_for(client):
    made = []
    worker = LambdaWorker(lambda: made.append(client) or client, "rebuild")
    assert made == []
    with Stubber(client) as stub:
        for _ in range(2):
            asked = {"FunctionName": "rebuild", "InvocationType": "Event", "Payload": b"{}"}
            stub.add_response("invoke", {"StatusCode": 202}, asked)
            worker.wake()
        stub.assert_no_pending_responses()
    assert made == [client]


def test_one_that_may_not_be_started_is_told(client):
    with Stubber(client) as stub:
        stub.add_client_error("invoke", "AccessDeniedException")
        with pytest.raises(ClientError):
            LambdaWorker(lambda: client, "rebuild").wake()
