"""What every table is: on demand, restorable to any second, and encrypted with our own key."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct


def add_table(scope: Construct, *, key: kms.IKey, protected: bool, **properties: Any) -> dynamodb.Table:  # noqa: ANN401  # CDK's own.
    """Add a table with the keys `pk` and `sk` to a construct."""
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=text_key("pk"),
        sort_key=text_key("sk"),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        deletion_protection=protected,
        **properties,
    )


def list_arns(table: dynamodb.ITable, indexes: Iterable[str]) -> list[str]:
    """Return the ARNs of a table and of its indexes, one by one: a permission for all of them would be a wildcard."""
    return [table.table_arn, *(f"{table.table_arn}/index/{name}" for name in indexes)]


def text_key(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
