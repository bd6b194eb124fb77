"""The portal's secret is rotated in Secrets Manager's four steps, each of which may come twice."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from processor.handlers.secret_rotation import KeyRotation, asks_for_rotation

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
VERSION = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def client(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with mock_aws():
        made = boto3.client("secretsmanager", region_name="us-east-1")
        made.create_secret(Name="portal", SecretString="first")
        yield made


def event(step, version=VERSION):
    return {"Step": step, "SecretId": "portal", "ClientRequestToken": version}


def read(client, stage):
    return client.get_secret_value(SecretId="portal", VersionStage=stage)["SecretString"]


@pytest.mark.parametrize("times", [1, 2])
def test_another_value_takes_its_place_and_the_first_one_stays_known(client, times):
    rotation = KeyRotation(client)
    for step in STEPS:
        for _ in range(times):
            rotation.take(event(step))
    assert read(client, "AWSPREVIOUS") == "first"
    assert len(read(client, "AWSCURRENT")) == 64
    assert "AWSCURRENT" in client.describe_secret(SecretId="portal")["VersionIdsToStages"][VERSION]


def test_before_the_last_step_nothing_changes_for_who_reads(client):
    rotation = KeyRotation(client)
    for step in STEPS[:-1]:
        rotation.take(event(step))
        assert read(client, "AWSCURRENT") == "first"


def test_no_value_comes_twice(client):
    values = set()
    for number in range(3):
        for step in STEPS:
            KeyRotation(client).take(event(step, VERSION[:-1] + str(number)))
        values.add(read(client, "AWSCURRENT"))
    assert len(values) == 3


def test_what_fails_is_a_failed_step(client):
    with pytest.raises(ClientError):
        KeyRotation(client).take({**event("createSecret"), "SecretId": "another"})


@pytest.mark.parametrize("other", [{}, {"time": "x", "source": "aws.scheduler"}, {"Step": "createSecret"}])
def test_the_schedules_event_asks_for_no_rotation(other):
    assert not asks_for_rotation(other)
    assert asks_for_rotation(event("createSecret"))
