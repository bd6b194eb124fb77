"""The table that remembers who did what: entries are added, never changed."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.data.tables import add_table, text_key

INDEXES = {"by_clinic": "clinic_id", "by_actor": "actor"}


class AuditLog(Construct):
    """On demand, restorable to any second, encrypted with the data key. Apart from the records, so that it can have
    permissions and a life of its own.

    Nothing in it expires: six years are asked for (45 CFR 164.316(b)(2)(i)), and an entry is a few hundred bytes.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, removal_policy: RemovalPolicy, protected: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = add_table(
            self,
            key=key,
            protected=protected,
            removal_policy=removal_policy,
            resource_policy=iam.PolicyDocument(statements=[_forbid_changes(protected=protected)]),
        )
        for name, partition in INDEXES.items():
            self.table.add_global_secondary_index(
                index_name=name, partition_key=text_key(partition), sort_key=text_key("sk")
            )


def _forbid_changes(*, protected: bool) -> iam.PolicyStatement:
    """Deny everybody, administrators too, to change or remove entries, and to let them expire.

    Who must, takes the policy off first, which people are told of at once (infra/audit/tampering.py). An entry that is
    put again with the same key replaces the old one, and no policy can tell that from a new entry: the portal's own
    condition forbids it, the key's random end makes it no accident, and CloudTrail shows who did it otherwise.
    """
    changes = ["DeleteItem", "UpdateItem", "BatchWriteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate"]
    ends = ["UpdateTimeToLive", *(["DeleteTable"] if protected else [])]
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=[f"dynamodb:{action}" for action in (*changes, *ends)],
        resources=["*"],  # In a table's own policy this means the table, which cannot name itself here.
    )
