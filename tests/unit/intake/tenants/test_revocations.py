"""Ended access in the table, and the fake that stands for it: one contract."""

from datetime import timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from intake.errors import RevocationsUnknownError
from intake.table.table import Table
from intake.tenants.dynamodb import REVOCATIONS_KEPT, DynamoRevocations
from intake.tenants.model import Revoked
from tests.fakes import FakeRevocations
from tests.records import NOON
from tests.unit.intake.conftest import TABLE

AT = int(NOON.timestamp())


@pytest.fixture(params=["fake", "dynamodb"])
def revocations(request):
    if request.param == "fake":
        return FakeRevocations()
    return DynamoRevocations(Table(request.getfixturevalue("dynamodb"), TABLE))


def test_nothing_was_ended_of_whom_nobody_ended(revocations):
    assert revocations.find("session-1", "user-1") == Revoked(session=False, sign_ins_until=-1)


def test_a_session_is_ended_for_itself_and_twice_is_no_error(revocations):
    for _ in range(2):
        revocations.revoke_session("session-1", NOON)
    assert revocations.find("session-1", "user-1").session
    assert revocations.find("session-2", "user-1") == Revoked()


def test_all_sign_ins_of_a_person_are_ended_up_to_a_moment(revocations):
    revocations.revoke_sign_ins("user-1", NOON)
    assert revocations.find("session-1", "user-1") == Revoked(sign_ins_until=AT)
    assert revocations.find("session-1", "user-2") == Revoked()


def test_an_earlier_moment_takes_nothing_back(revocations):
    for seconds in (0, -60, 60, 0):
        revocations.revoke_sign_ins("user-1", NOON + timedelta(seconds=seconds))
    assert revocations.find("session-1", "user-1").sign_ins_until == AT + 60


def test_a_session_and_a_person_of_one_name_are_two(revocations):
    revocations.revoke_session("same", NOON)
    assert revocations.find("other", "same") == Revoked()


def test_items_go_by_ttl_when_no_token_that_they_are_about_can_be_good(dynamodb):
    revocations = DynamoRevocations(Table(dynamodb, TABLE))
    revocations.revoke_session("session-1", NOON)
    revocations.revoke_sign_ins("user-1", NOON)
    items = dynamodb.scan(TableName=TABLE)["Items"]
    assert {item["expires"]["N"] for item in items} == {str(AT + int(REVOCATIONS_KEPT.total_seconds()))}
    assert {item["pk"]["S"] for item in items} == {"REVOKED#SESSION#session-1", "REVOKED#SUBJECT#user-1"}


def test_the_table_is_read_consistently(aws):
    client = aws.client("dynamodb")
    with Stubber(client) as stub:
        named = ("REVOKED#SESSION#s", "REVOKED#SUBJECT#u")
        wanted = {"Keys": [{"pk": {"S": name}, "sk": {"S": "#REVOKED"}} for name in named], "ConsistentRead": True}
        stub.add_response("batch_get_item", {"Responses": {}}, {"RequestItems": {TABLE: wanted}})
        assert DynamoRevocations(Table(client, TABLE)).find("s", "u") == Revoked()


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_a_busy_table_is_no_answer(aws, code):
    client = aws.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stub:
        stub.add_client_error("batch_get_item", code)
        with pytest.raises(RevocationsUnknownError):
            DynamoRevocations(Table(client, TABLE, patience_s=0)).find("s", "u")


def test_a_table_out_of_reach_is_no_answer():
    options = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, proxies={})
    client = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:1", config=config, **options)
    revocations = DynamoRevocations(Table(client, TABLE))
    for call in (lambda: revocations.find("s", "u"), lambda: revocations.revoke_session("s", NOON)):
        with pytest.raises(RevocationsUnknownError):
            call()
