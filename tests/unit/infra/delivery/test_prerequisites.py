"""All that an account lacks is said at once, each in a sentence with its command; what may not be asked is said too.

AWS's answers are checked against botocore's own models of the services, as are the questions.
"""

import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from infra.delivery.account import look_through, tell
from infra.delivery.findings import Account, Weight
from infra.delivery.named import NAMED
from infra.delivery.prerequisites import PREREQUISITES
from infra.errors import RunnerError
from infra.stages import EXAMPLE, PROD, STAGING
from tests.aws_commands import complaints_of
from tests.records import NOON
from tests.unit.infra.observability.emitted import ROOT

NUMBER = "111122223333"
TOLD = replace(PROD, alert_emails=("operations@example.org",))
SMALL = replace(TOLD, reserve_concurrency=False, judge_maximum_concurrency=2)
EVERYTHING = replace(EXAMPLE, edge=replace(EXAMPLE.edge, firewall_arn="arn:aws:wafv2:us-east-1:111122223333:a/b/c/d"))


def identity(user="user/somebody"):
    return {"Account": NUMBER, "Arn": f"arn:aws:iam::{NUMBER}:{user}", "UserId": "AIDA000000000000"}


def limits(total, unreserved=None):
    return {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved or total}}


def trails(*names):
    return {"trailList": [{"Name": name} for name in names]}


def stack(status="CREATE_COMPLETE", **outputs):
    row = {"StackName": "any", "CreationTime": 0, "StackStatus": status}
    rows = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    return {"Stacks": [{**row, "Outputs": rows}]}


def subscribed(*arns):
    return {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": f"a{n}@b.org"} for n, arn in enumerate(arns)]}


def distributions(quantity):
    return {"DistributionList": {"Marker": "", "MaxItems": 1, "IsTruncated": False, "Quantity": quantity}}


def connection(status):
    return {"Connection": {"ConnectionStatus": status}}


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AnyOperation")


WELL = {
    "get_caller_identity": identity(),
    "get_parameter": {"Parameter": {"Value": "30"}},
    "describe_secret": {"Name": "a-secret"},
    "describe_stacks": refused("ValidationError"),
    "get_account_settings": limits(1000),
    "get_function_concurrency": {"ReservedConcurrentExecutions": 10},
    "describe_trails": trails(),
    "describe_region_settings": {
        "ResourceTypeOptInPreference": {"DynamoDB": True},
        "ResourceTypeManagementPreference": {"DynamoDB": True},
    },
    "list_distributions": distributions(1),
    "list_subscriptions_by_topic": subscribed("arn:aws:sns:us-east-1:111122223333:topic:1"),
    "get_email_identity": {"VerifiedForSendingStatus": True},
    "get_account": {"ProductionAccessEnabled": True},
    "describe_certificate": {"Certificate": {"DomainName": "scans.example.org", "Status": "ISSUED"}},
    "get_web_acl": {"LockToken": "a-token"},
    "get_connection": connection("AVAILABLE"),
    "get_service_quota": {"Quota": {"Value": 5.0}},
}
"""What an account that lacks nothing answers, by operation; an error where it refuses."""


@cache
def make_client(service, region):
    """Return a client of a service and what stands before AWS; reading the models takes longer than all questions."""
    client = boto3.client(service, region_name=region, aws_access_key_id="test", aws_secret_access_key="test")
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


class Aws:
    """Clients that answer as told, and refuse what botocore's models do not know."""

    def __init__(self, answers):
        self.answers = {**WELL, **answers}
        self.asked = set()

    def client(self, service, region):
        client, stubber = make_client(service, region)
        known = {operation: answer for operation, answer in self.answers.items() if hasattr(client, operation)}
        return SimpleNamespace(
            **{
                operation: self._answer(stubber, operation, answer, getattr(client, operation))
                for operation, answer in known.items()
            }
        )

    def _answer(self, stubber, operation, answer, method):
        def call(**given):
            self.asked.add(operation)
            if isinstance(answer, Exception):
                raise answer
            stubber.add_response(operation, answer)
            return method(**given)

        return call


def found(config, **answers):
    return look_through(Account(NUMBER, config, Aws(answers).client))


def said(config, weight, **answers):
    return [one.text for one in found(config, **answers) if one.weight is weight]


def test_an_account_that_lacks_nothing_is_told_nothing_but_cognitos_fifty_mails():
    assert [(one.weight, "50 a day" in one.text) for one in found(TOLD)] == [(Weight.GOOD_TO_KNOW, True)]
    assert found(EVERYTHING) == []


LACKING = {
    "alert_emails in infra/stages.py": (PROD, {}),
    "make bootstrap STAGE=prod": (TOLD, {"get_parameter": refused("ParameterNotFound")}),
    "no secret silent-scalper/prod/origin": (TOLD, {"describe_secret": refused("ResourceNotFoundException")}),
    "aws secretsmanager restore-secret --secret-id silent-scalper/prod/origin": (
        TOLD, {"describe_secret": {"DeletedDate": NOON}},
    ),
    "SilentScalper is DELETE_FAILED: docs/runbook.md": (TOLD, {"describe_stacks": stack("DELETE_FAILED")}),
    "run 10 at a time in us-east-1, and the stage reserves 202, beside the 100": (
        TOLD, {"get_account_settings": limits(10)},
    ),
    "--quota-code L-B99A9384 --desired-value 1000 --region us-east-1": (TOLD, {"get_account_settings": limits(290)}),
    "--quota-code L-B99A9384 --desired-value 1102": (TOLD, {"get_account_settings": limits(1000, 200)}),
    "reserve_concurrency=False, judge_maximum_concurrency=2 ": (TOLD, {"get_account_settings": limits(10)}),
    "the stage runs up to 58 at a time": (
        replace(TOLD, reserve_concurrency=False), {"get_account_settings": limits(50)},
    ),
    "judge_maximum_concurrency=42 ": (replace(TOLD, reserve_concurrency=False), {"get_account_settings": limits(50)}),
    "the stage runs up to 10 at a time": (SMALL, {"get_account_settings": limits(1000, 9)}),
    "aws cloudtrail delete-trail --name a": (TOLD, {"describe_trails": trails(*"abcde")}),
    "aws backup update-region-settings": (TOLD, {"describe_region_settings": {}}),
    "--resource-type-management-preference DynamoDB=true": (
        TOLD, {"describe_region_settings": {"ResourceTypeOptInPreference": {"DynamoDB": True}}},
    ),
    "aws sesv2 create-email-identity --email-identity example.org": (
        EXAMPLE, {"get_email_identity": refused("NotFoundException")},
    ),
    "SES waits until example.org is verified": (EXAMPLE, {"get_email_identity": {"VerifiedForSendingStatus": False}}),
    "aws sesv2 put-account-details": (EXAMPLE, {"get_account": {"ProductionAccessEnabled": False}}),
    "aws acm request-certificate --domain-name scans.example.org": (
        EXAMPLE, {"describe_certificate": refused("ResourceNotFoundException")},
    ),
    "no certificate for scans.example.org": (
        EXAMPLE, {"describe_certificate": {"Certificate": {"DomainName": "example.org", "Status": "ISSUED"}}},
    ),
    "scans.example.org is PENDING_VALIDATION": (
        EXAMPLE,
        {"describe_certificate": {"Certificate": {"DomainName": "*.example.org", "Status": "PENDING_VALIDATION"}}},
    ),
    "no firewall at edge.firewall_arn": (EVERYTHING, {"get_web_acl": refused("WAFNonexistentItemException")}),
    "example-org/silent-scalper is PENDING": (EXAMPLE, {"get_connection": connection("PENDING")}),
    "example-org/silent-scalper is not there": (EXAMPLE, {"get_connection": refused("ResourceNotFoundException")}),
    "no secret at delivery.smoke_credentials_arn": (
        replace(EXAMPLE, edge=None), {"describe_secret": refused("ResourceNotFoundException")},
    ),
    "no build of Linux/Small": (EXAMPLE, {"get_service_quota": {"Quota": {"Value": 0.0}}}),
    "--service-code codebuild --quota-code L-2DC20C30": (EXAMPLE, {"get_service_quota": {"Quota": {"Value": 0.0}}}),
}  # fmt: skip


@pytest.mark.parametrize("sentence", LACKING)
def test_what_is_missing_is_said_with_what_mends_it(sentence):
    config, answers = LACKING[sentence]
    assert any(sentence in one for one in said(config, Weight.MISSING, **answers))


GOOD_TO_KNOW = {
    "root user's credentials": (TOLD, {"get_caller_identity": identity("root")}),
    "Your account must be verified": (TOLD, {"list_distributions": distributions(0)}),
    "2 USD per 100,000": (TOLD, {"describe_trails": trails("organisation")}),
    "a1@b.org did not confirm yet": (
        TOLD,
        {
            "describe_stacks": stack(AlertTopicArn="arn:aws:sns:us-east-1:111122223333:t"),
            "list_subscriptions_by_topic": subscribed("arn:aws:sns:1", "PendingConfirmation"),
        },
    ),
    "operations@example.org is named in alert_emails and no longer subscribed": (
        TOLD,
        {
            "describe_stacks": stack(AlertTopicArn="arn:aws:sns:us-east-1:111122223333:t"),
            "list_subscriptions_by_topic": subscribed("arn:aws:sns:1"),
        },
    ),
    "is account 444455556666's": (
        replace(
            EXAMPLE, mail=replace(EXAMPLE.mail, identity_arn="arn:aws:ses:us-east-1:444455556666:identity/example.org")
        ),
        {},
    ),
}


@pytest.mark.parametrize("sentence", GOOD_TO_KNOW)
def test_what_stops_nobody_is_said_all_the_same(sentence):
    config, answers = GOOD_TO_KNOW[sentence]
    assert any(sentence in one for one in said(config, Weight.GOOD_TO_KNOW, **answers))
    assert said(config, Weight.MISSING, **answers) == []


@pytest.mark.parametrize("sentence", {**LACKING, **GOOD_TO_KNOW})
def test_each_command_that_is_told_is_one_of_aws_or_make(sentence):
    config, answers = {**LACKING, **GOOD_TO_KNOW}[sentence]
    for one in found(config, **answers):
        assert complaints_of(one.text) == []
        assert set(re.findall(r"`make ([a-z-]+)", one.text)) <= {"bootstrap", "deploy"}


@pytest.mark.parametrize(("total", "fits"), [(301, False), (302, True), (1000, True)])
def test_production_fits_from_302_on(total, fits):
    """The 202 that it reserves, and the hundred that Lambda keeps."""
    assert (said(TOLD, Weight.MISSING, get_account_settings=limits(total)) == []) is fits


def test_a_new_account_takes_a_stage_without_reservations():
    assert said(SMALL, Weight.MISSING, get_account_settings=limits(10)) == []


def test_what_a_stack_that_stands_has_reserved_is_not_asked_for_twice():
    outputs = {
        f"{name}Function": name for name in ("Judge", "Projector", "Sweep", "Rebuild", "Exporter", "Renderer", "Portal")
    }
    answers = {"describe_stacks": stack(**outputs), "get_function_concurrency": {"ReservedConcurrentExecutions": 38}}
    assert said(TOLD, Weight.MISSING, get_account_settings=limits(310, 310 - 7 * 38), **answers) == []
    assert said(TOLD, Weight.MISSING, get_account_settings=limits(310, 310 - 7 * 38)) != []


def test_a_stage_of_its_own_trail_is_no_other_one():
    assert said(TOLD, Weight.GOOD_TO_KNOW, describe_trails=trails("SilentScalper-us-east-1-audit"))[1:] == []


REFUSALS = [
    *map(refused, ("AccessDenied", "AccessDeniedException", "ThrottlingException")),
    EndpointConnectionError(endpoint_url="https://nowhere"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=str)
@pytest.mark.parametrize("config", [TOLD, STAGING, EVERYTHING], ids=lambda config: config.name)
def test_what_may_not_be_asked_is_said_to_be_unknown_and_keeps_nothing_else_from_being_asked(config, error):
    aws = Aws(dict.fromkeys(WELL, error))
    findings = look_through(Account(NUMBER, config, aws.client))
    unchecked = [one.text for one in findings if one.weight is Weight.UNCHECKED]
    assert len(unchecked) == len({one.partition(":")[0] for one in unchecked}) >= 8
    assert not [one for one in findings if one.weight is Weight.MISSING]
    assert "get_account_settings" in aws.asked


def test_each_of_the_questions_is_asked_of_a_stage_that_names_everything():
    aws = Aws({"describe_stacks": stack(AlertTopicArn="arn:aws:sns:us-east-1:111122223333:t", JudgeFunction="judge")})
    look_through(Account(NUMBER, EVERYTHING, aws.client))
    assert aws.asked == set(WELL)


def test_every_missing_thing_is_said_at_once_before_what_is_good_to_know():
    findings = found(
        PROD,
        get_account_settings=limits(10),
        get_parameter=refused("ParameterNotFound"),
        describe_region_settings=refused("AccessDenied"),
    )
    weights = [one.weight for one in findings]
    assert weights == sorted(weights, key=list(Weight).index)
    assert [weights.count(weight) for weight in Weight] == [3, 1, 1]
    assert all(one.text.endswith((".", "days.")) and "\n" not in one.text for one in findings)


def test_a_stage_may_be_deployed_where_nothing_is_missing():
    lines = []
    assert tell(TOLD, Aws({}).client, lines.append)
    assert lines[0] == f"Stage prod, account {NUMBER}, region us-east-1."
    assert not tell(PROD, Aws({}).client, lines.append)
    assert lines[-2].startswith("missing: The stage prod keeps data, and nobody is told")


def test_nothing_is_asked_of_an_account_that_is_not_the_stages():
    aws = Aws({})
    with pytest.raises(RunnerError, match="is for account 444455556666"):
        tell(replace(TOLD, account="444455556666"), aws.client, print)
    assert aws.asked == {"get_caller_identity"}


def test_every_check_has_a_row_in_the_table_before_the_first_deployment():
    page = (ROOT / "docs" / "delivery.md").read_text()
    table = page.partition("## Before the first deployment")[2].partition("\n## ")[0]
    rows = {row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ")}
    assert {*PREREQUISITES, *NAMED} <= rows
