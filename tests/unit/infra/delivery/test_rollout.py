"""Deploying a stage, and the secret that has to be there before."""

from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from infra.config import Edge
from infra.delivery.rollout import roll_out
from infra.edge.origin_secret import StageSecret
from infra.errors import RunnerError
from infra.stages import LOCAL, PROD

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"


class Account:
    """What is deployed, and how: each `cdk deploy` with its arguments."""

    def __init__(self, origin="https://api.test"):
        self.deployments = []
        self.origin = origin

    def deploy(self, arguments):
        self.deployments.append(list(arguments))

    def outputs(self, stack):
        return {
            "SilentScalper": {"PortalOrigin": self.origin},
            "SilentScalper-Edge": {"DistributionDomain": "d1.test"},
        }[stack]

    def roll_out(self, config):
        roll_out(config, deploy=self.deploy, secret_version=lambda: "v2", outputs=self.outputs)
        return self.deployments


WITH_SECRET = ["--all", "--parameters", "SilentScalper-Edge:OriginVersion=v2"]


def test_the_core_learns_cloudfronts_name_in_a_second_pass():
    second = ["SilentScalper", "--parameters", "SilentScalper:PortalOriginParameter=https://d1.test"]
    assert Account().roll_out(PROD) == [WITH_SECRET, second]


def test_once_is_enough_when_it_knows_the_name():
    assert Account("https://d1.test").roll_out(PROD) == [WITH_SECRET]


def test_a_domain_of_ones_own_is_known_from_the_start():
    config = replace(PROD, edge=Edge(domain="scans.example.org", certificate_arn=CERTIFICATE))
    assert Account().roll_out(config) == [WITH_SECRET]


def test_without_an_edge_there_is_nothing_to_give():
    assert Account().roll_out(LOCAL) == [["--all"]]


@pytest.fixture
def client():
    with mock_aws():
        yield boto3.client(
            "secretsmanager", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )


@pytest.fixture
def secret(client):
    return StageSecret(client, PROD)


def value(client, stage="AWSCURRENT"):
    return client.get_secret_value(SecretId="silent-scalper/prod/origin", VersionStage=stage)["SecretString"]


def test_a_deployment_without_a_secret_says_what_to_do_first(secret):
    for needs_one in (secret.version, secret.rotate):
        with pytest.raises(RunnerError, match="make bootstrap STAGE=prod"):
            needs_one()


def test_the_secret_is_made_once_and_is_long(secret, client):
    first = secret.ensure()
    kept = value(client)
    assert (secret.ensure(), secret.version(), value(client)) == (first, first, kept)
    assert len(kept) >= 43


def test_another_stage_has_another_one(client):
    StageSecret(client, PROD).ensure()
    with pytest.raises(RunnerError):
        StageSecret(client, replace(PROD, name="staging")).version()


def test_rotating_keeps_the_old_value_until_it_is_retired(secret, client):
    secret.ensure()
    before = value(client)
    version = secret.rotate()
    assert (secret.version(), value(client, "AWSPREVIOUS")) == (version, before)
    assert value(client) != before
    secret.retire()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        value(client, "AWSPREVIOUS")
    assert secret.version() == version


def test_retiring_twice_changes_nothing_more(secret):
    version = secret.ensure()
    secret.retire()
    secret.retire()
    assert secret.version() == version
