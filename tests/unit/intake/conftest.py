"""A table as the stack makes it, in moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.intake.quick_transactions import keep_named_items_only

TABLE = "records"
_INDEXES = {
    "by_clinic": ("clinic_key", "created_key"),
    "by_clinic_state": ("clinic_state", "created_key"),
    "by_state": ("state_shard", "created_key"),
    "by_trouble": ("trouble_of", "trouble"),
    "by_name": ("name_of", "name_key"),
    "by_patient": ("patient_key", "created_key"),
    "by_study": ("study_of", "study_place"),
}


@pytest.fixture(scope="session")
def sdk() -> boto3.Session:
    """One SDK for all tests: reading the services' models is most of what a test of one item takes."""
    return boto3.Session("testing", "testing", region_name="us-east-1")


@pytest.fixture
def aws(sdk: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    keep_named_items_only(monkeypatch)
    with mock_aws():
        yield sdk


@pytest.fixture(scope="module")
def module_aws(sdk: boto3.Session) -> Iterator[boto3.Session]:
    with mock_aws():
        yield sdk


@pytest.fixture
def dynamodb(aws: boto3.Session) -> Any:
    client = aws.client("dynamodb")
    create_table(client, TABLE)
    return client


def create_table(client: Any, name: str) -> None:
    names = {"pk", "sk", *(name for keys in _INDEXES.values() for name in keys)}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _schema(*keys),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, keys in _INDEXES.items()
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
