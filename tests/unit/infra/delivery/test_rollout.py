"""Deploying a stage, and the secret that has to be there before."""

from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from infra.app import build, placeholder_bundles, synthesize
from infra.config import Edge
from infra.delivery.rollout import NEVER_CAME_UP, STUCK, DeployedStacks, list_stacks, roll_out
from infra.edge.origin_secret import StageSecret
from infra.errors import RunnerError
from infra.stages import EXAMPLE, LOCAL, PROD, STAGING
from tests.records import NOON

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"


class Account:
    """What is deployed, and how: each `cdk deploy` with its arguments. A deployment may fail, as its number says."""

    def __init__(self, origin="https://api.test", statuses=None, fails_at=None):
        self.origin, self.fails_at = origin, fails_at
        self.statuses = dict.fromkeys(UP, "UPDATE_COMPLETE") if statuses is None else dict(statuses)
        self.protected = {name for name, status in self.statuses.items() if status not in NEVER_CAME_UP}
        self.deployments, self.left_unprotected, self.told = [], [], []

    def deploy(self, arguments, unprotected):
        self.deployments.append(list(arguments))
        self.left_unprotected.append(list(unprotected))
        deployed = list_stacks(self.config) if "--all" in arguments else [arguments[0]]
        for name in deployed:
            # As the CDK's command does: it deletes what never came up, where it may, and protects before it makes.
            if self.statuses.get(name) in NEVER_CAME_UP - {"", "REVIEW_IN_PROGRESS"}:
                assert name not in self.protected, f"{name} cannot be deleted"
            self.protected = self.protected - {name} if name in unprotected else self.protected | {name}
            if self.fails_at == len(self.deployments):
                self.statuses[name] = "ROLLBACK_COMPLETE" if name not in self.statuses else "UPDATE_ROLLBACK_COMPLETE"
                raise RunnerError("`cdk deploy` failed")
            self.statuses[name] = "UPDATE_COMPLETE" if name in self.statuses else "CREATE_COMPLETE"

    def status(self, name):
        return self.statuses.get(name, "")

    def protect(self, name, *, on):
        self.protected = self.protected | {name} if on else self.protected - {name}

    def outputs(self, stack):
        return {
            "SilentScalper": {"PortalOrigin": self.origin},
            "SilentScalper-Edge": {"DistributionDomain": "d1.test"},
        }[stack]

    def roll_out(self, config):
        self.config = config
        roll_out(config, deploy=self.deploy, secret_version=lambda: "v2", stacks=self)
        return self.deployments


TOLD = replace(PROD, alert_emails=("operations@example.org",))
UP = ["SilentScalper", "SilentScalper-Edge", "SilentScalper-Operations", "SilentScalper-Audit"]
ON, OFF = (["--parameters", f"SilentScalper:DeletionProtection={value}"] for value in ("true", "false"))
WITH_SECRET = ["--all", "--parameters", "SilentScalper-Edge:OriginVersion=v2"]
LEARN = ["--parameters", "SilentScalper:PortalOriginParameter=https://d1.test"]


def test_the_core_learns_cloudfronts_name_in_a_second_pass():
    assert Account().roll_out(TOLD) == [[*WITH_SECRET, *ON], ["SilentScalper", *LEARN]]


def test_once_is_enough_when_it_knows_the_name():
    assert Account("https://d1.test").roll_out(TOLD) == [[*WITH_SECRET, *ON]]


def test_a_domain_of_ones_own_is_known_from_the_start():
    config = replace(TOLD, edge=Edge(domain="scans.example.org", certificate_arn=CERTIFICATE))
    assert Account().roll_out(config) == [[*WITH_SECRET, *ON]]


def test_without_an_edge_there_is_nothing_to_give():
    assert Account().roll_out(LOCAL) == [["--all"]]


def test_a_stage_that_keeps_no_data_is_told_of_no_protection_which_it_has_not():
    account = Account(statuses={})
    assert account.roll_out(replace(STAGING, edge=None)) == [["--all"]]
    assert account.left_unprotected[0] == list_stacks(replace(STAGING, edge=None))


def test_the_first_deployment_protects_what_it_made_when_all_of_it_stands():
    account = Account(statuses={})
    assert account.roll_out(TOLD) == [[*WITH_SECRET, *OFF], ["SilentScalper", *ON, *LEARN]]
    assert account.left_unprotected == [UP, []]
    assert account.protected == set(UP)


def test_a_first_deployment_that_fails_can_be_repeated_and_ends_protected():
    account = Account(statuses={}, fails_at=1)
    with pytest.raises(RunnerError):
        account.roll_out(TOLD)
    assert account.protected == set()
    account.fails_at = None
    account.roll_out(TOLD)
    assert account.deployments[1:] == [[*WITH_SECRET, *OFF], ["SilentScalper", *ON, *LEARN]]
    assert account.protected == set(UP)


def test_one_that_ended_before_it_protected_is_made_good_by_the_next():
    account = Account(statuses={}, fails_at=2)
    with pytest.raises(RunnerError):
        account.roll_out(TOLD)
    account.fails_at, account.deployments = None, []
    assert account.roll_out(TOLD) == [[*WITH_SECRET, *ON], ["SilentScalper", *LEARN]]
    assert account.protected == set(UP)


@pytest.mark.parametrize("status", sorted(NEVER_CAME_UP - {"", "DELETE_COMPLETE"}))
def test_a_stack_that_never_came_up_is_made_deletable_though_it_was_protected(status):
    account = Account(statuses={**dict.fromkeys(UP, "UPDATE_COMPLETE"), UP[3]: status})
    account.protected = set(UP)
    account.roll_out(TOLD)
    assert account.left_unprotected[0] == [UP[3]]
    assert account.deployments[0] == [*WITH_SECRET, *ON], "the core stands, and stays protected"
    assert account.protected == set(UP)


@pytest.mark.parametrize("status", sorted(STUCK))
def test_a_stack_that_is_stuck_is_left_alone_and_the_way_out_is_told(status):
    account = Account(statuses={UP[0]: status})
    with pytest.raises(RunnerError, match=rf"SilentScalper is {status}: docs/runbook.md"):
        account.roll_out(TOLD)
    assert account.deployments == []


def test_nothing_keeps_data_in_silence():
    account = Account(statuses={})
    with pytest.raises(RunnerError, match="name alert_emails"):
        account.roll_out(PROD)
    assert account.deployments == []


@pytest.mark.parametrize("stage", [PROD, STAGING, EXAMPLE], ids=lambda stage: stage.name)
def test_the_stacks_are_those_of_the_app(stage, tmp_path):
    folder = synthesize(config=stage, bundles=placeholder_bundles(), out=tmp_path)
    made = {path.name.removesuffix(".template.json") for path in folder.glob("*.template.json")}
    assert set(list_stacks(stage)) == made


def test_every_stack_of_production_is_protected_but_for_those_that_are_made(tmp_path):
    app = build(config=TOLD, bundles=placeholder_bundles(), out=tmp_path, unprotected=[UP[0], UP[3]])
    protection = {stack.stack_name: stack.termination_protection for stack in app.synth().stacks}
    assert protection == {UP[0]: False, UP[1]: True, UP[2]: True, UP[3]: False}


def test_the_accounts_stacks_are_asked_and_protected_by_name(monkeypatch):
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    monkeypatch.setattr(boto3, "client", lambda service, region_name: client)
    stack = {"StackName": "any", "CreationTime": NOON, "StackStatus": "CREATE_COMPLETE"}
    outputs = [{"OutputKey": "PortalOrigin", "OutputValue": "https://a.test"}]
    stacks, name = DeployedStacks("us-east-1"), {"StackName": "SilentScalper"}
    with Stubber(client) as aws:
        aws.add_client_error("describe_stacks", "ValidationError", "Stack with id SilentScalper does not exist")
        assert stacks.status("SilentScalper") == ""
        aws.add_client_error("describe_stacks", "ValidationError", "1 validation error detected")
        with pytest.raises(ClientError):
            stacks.status("SilentScalper")
        aws.add_response("describe_stacks", {"Stacks": [stack]}, name)
        assert stacks.status("SilentScalper") == "CREATE_COMPLETE"
        aws.add_response("describe_stacks", {"Stacks": [{**stack, "Outputs": outputs}]}, name)
        assert stacks.outputs("SilentScalper") == {"PortalOrigin": "https://a.test"}
        for on in (True, False):
            aws.add_response("update_termination_protection", {}, {**name, "EnableTerminationProtection": on})
            stacks.protect("SilentScalper", on=on)


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
