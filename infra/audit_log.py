"""The table that remembers who did what: entries are added, never changed."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.tables import table, text

INDEXES = {"by_clinic": "clinic_id", "by_actor": "actor"}


class AuditLog(Construct):
    """On demand, restorable to any second, encrypted with the data key. Apart from the records, so that it can have
    permissions and a life of its own."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, removal_policy: RemovalPolicy, protected: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = table(self, key=key, protected=protected, removal_policy=removal_policy)
        for name, partition in INDEXES.items():
            self.table.add_global_secondary_index(index_name=name, partition_key=text(partition), sort_key=text("sk"))
