"""Secrets as Secrets Manager gives them: what is no answer, and what is a fault of the deployment."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from portal.crypto.deployment_secrets import CURRENT, PREVIOUS
from portal.crypto.secrets_manager import StoredSecret
from portal.errors import SecretUnknownError


@pytest.fixture
def client():
    options = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("secretsmanager", config=Config(retries={"total_max_attempts": 1}), **options)


def reading(client, stage, code=""):
    """Read a stage where Secrets Manager answers with a value, or with an error of this code."""
    asked = {"SecretId": "silent-scalper/prod/origin", "VersionStage": stage}
    with Stubber(client) as stub:
        if code:
            stub.add_client_error("get_secret_value", code, expected_params=asked)
        else:
            stub.add_response("get_secret_value", {"SecretString": "value"}, asked)
        return StoredSecret(client, "silent-scalper/prod/origin").read(stage)


def test_a_version_is_read_by_its_stage(client):
    assert reading(client, CURRENT) == "value"


def test_a_secret_that_was_never_rotated_has_no_version_before(client):
    assert reading(client, PREVIOUS, "ResourceNotFoundException") is None


def test_a_missing_secret_and_a_missing_permission_are_faults_of_the_deployment(client):
    for code in ("ResourceNotFoundException", "AccessDeniedException"):
        with pytest.raises(ClientError):
            reading(client, CURRENT, code)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_busy_service_is_no_answer(client, code):
    with pytest.raises(SecretUnknownError):
        reading(client, CURRENT, code)


def test_a_service_out_of_reach_is_no_answer():
    options = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, proxies={})
    client = boto3.client("secretsmanager", endpoint_url="http://127.0.0.1:1", config=config, **options)
    with pytest.raises(SecretUnknownError):
        StoredSecret(client, "silent-scalper/prod/origin").read(CURRENT)
