"""The tables: one of records and what is projected from them, and one that remembers who did what.

Each is on demand, restorable to any second, and encrypted with our own key.
"""

from collections.abc import Iterable
from typing import Any

from aws_cdk import Aws, RemovalPolicy, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import RestoredTable
from infra.iam import forbid
from infra.retention import Protection

KEY_ACTIONS = [
    f"kms:{action}"
    for action in (
        "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom",
        "ReEncryptTo",
    )
]  # fmt: skip
"""What whoever reads and writes a table does with its key."""


def add_table(
    scope: Construct,
    *,
    key: kms.IKey,
    protection: Protection | None,
    **properties: Any,  # noqa: ANN401  # CDK's own.
) -> dynamodb.Table:
    """Add a table with the keys `pk` and `sk` to a construct."""
    table = dynamodb.Table(
        scope,
        "Table",
        **_name_keys("pk", "sk"),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        **properties,
    )
    if protection:
        protection.switch(table, "DeletionProtectionEnabled", protected=True, unprotected=False)
    return table


def list_arns(table: dynamodb.ITable, indexes: Iterable[str]) -> list[str]:
    """Return the ARNs of a table and of its indexes, one by one: a permission for all of them would be a wildcard."""
    return [table.table_arn, *(f"{table.table_arn}/index/{name}" for name in indexes)]


def _name_keys(partition: str, sort: str) -> dict[str, Any]:
    keys = {"partition_key": partition, "sort_key": sort}
    return {key: dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING) for key, name in keys.items()}


AUDIT_INDEXES = {"by_clinic": "clinic_id", "by_actor": "actor"}


class AuditLog(Construct):
    """Apart from the records, so that it can have permissions and a life of its own. Entries are added, never changed.

    Nothing in it expires: six years are asked for (45 CFR 164.316(b)(2)(i)), and an entry is a few hundred bytes.

    Everybody, administrators too, is denied to change or remove entries, and to let them expire. Who must, takes the
    policy off first, which people are told of at once (infra/audit/stack.py). An entry that is put again with the same
    key replaces the old one, and no policy can tell that from a new entry: the portal's own condition forbids it, the
    key's random end makes it no accident, and CloudTrail shows who did it otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
        protection: Protection | None,
    ) -> None:
        super().__init__(scope, construct_id)
        changes = ["DeleteItem", "UpdateItem", "BatchWriteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate"]
        denied = [f"dynamodb:{action}" for action in (*changes, "UpdateTimeToLive")]
        if protection:
            # Like its protection, not before the stack stands: CloudFormation is somebody, too.
            denied.append(Token.as_string(protection.choose("dynamodb:DeleteTable", Aws.NO_VALUE)))
        # In a table's own policy `*` means the table, which cannot name itself here.
        untouched = forbid(denied, "*")
        self.table = add_table(
            self,
            key=key,
            protection=protection,
            removal_policy=removal_policy,
            resource_policy=iam.PolicyDocument(statements=[untouched]),
        )
        for name, partition in AUDIT_INDEXES.items():
            self.table.add_global_secondary_index(index_name=name, **_name_keys(partition, "sk"))


_SUMMARY = [
    "file_id", "upload_id", "clinic_id", "name", "size", "state", "source", "kind", "warnings", "codes",
    "created_at", "updated_at", "expires_at", "reference", "created_by", "declared",
    "expected", "last", "modality",
]  # fmt: skip
"""What lists show, copied into each index so that a page of a list is one Query."""

_INDEXES = {
    "by_clinic": ("clinic_key", "created_key"),
    "by_clinic_state": ("clinic_state", "created_key"),
    "by_state": ("state_shard", "created_key"),
}

_SEARCHES = {
    "by_trouble": ("trouble_of", "trouble"),
    "by_name": ("name_of", "name_key"),
    "by_patient": ("patient_key", "created_key"),
    "by_study": ("study_of", "study_place"),
}
"""Hold the keys of those items only that have the attributes: a search reads the items that it shows beside."""

RECORD_INDEXES = (*_INDEXES, *_SEARCHES)
"""Names of the table's indexes, which permissions name one by one."""


class Records(Construct):
    """Its stream drives the projector."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
        protection: Protection | None,
        restored: RestoredTable | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if not restored:
            self.table: dynamodb.ITable = self._add_table(key, removal_policy, protection)
            return
        # The stack's own table is left out of it, and stays in the account where data is retained.
        self.table = dynamodb.Table.from_table_attributes(
            self,
            "Restored",
            table_name=restored.name,
            table_stream_arn=restored.stream_arn,
            encryption_key=key,
            global_indexes=list(RECORD_INDEXES),
        )

    def _add_table(self, key: kms.IKey, removal_policy: RemovalPolicy, protection: Protection | None) -> dynamodb.Table:
        own = add_table(
            self,
            key=key,
            protection=protection,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="expires",
            removal_policy=removal_policy,
        )
        lists: dict[str, Any] = {"projection_type": dynamodb.ProjectionType.INCLUDE, "non_key_attributes": _SUMMARY}
        searches: dict[str, Any] = {"projection_type": dynamodb.ProjectionType.KEYS_ONLY}
        for indexes, projection in ((_INDEXES, lists), (_SEARCHES, searches)):
            for name, keys in indexes.items():
                own.add_global_secondary_index(index_name=name, **_name_keys(*keys), **projection)
        return own
