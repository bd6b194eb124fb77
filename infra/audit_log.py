"""The table that remembers who did what: entries are added, never changed."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

_INDEXES = {"by_clinic": "clinic_id", "by_actor": "actor"}


class AuditLog(Construct):
    """On demand, restorable to any second, encrypted with the data key. Apart from the records, so that it can have
    permissions and a life of its own."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, removal_policy: RemovalPolicy, protected: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            deletion_protection=protected,
            removal_policy=removal_policy,
        )
        for name, partition in _INDEXES.items():
            self.table.add_global_secondary_index(index_name=name, partition_key=_text(partition), sort_key=_text("sk"))


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
