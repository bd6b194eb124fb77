"""The one table of records and what is projected from them."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import RestoredTable
from infra.data.tables import add_table, text_key

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


INDEXES = (*_INDEXES, *_SEARCHES)
"""Names of the table's indexes, which permissions name one by one."""


class Records(Construct):
    """On demand, restorable to any second, encrypted with the data key; its stream drives the projector."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
        protected: bool,
        restored: RestoredTable | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table: dynamodb.ITable = (
            self._adopt_copy(restored, key) if restored else self._add_table(key, removal_policy, protected=protected)
        )

    def _adopt_copy(self, restored: RestoredTable, key: kms.IKey) -> dynamodb.ITable:
        """Return the copy. The stack's own table is left out of it, and stays in the account where data is retained."""
        return dynamodb.Table.from_table_attributes(
            self,
            "Restored",
            table_name=restored.name,
            table_stream_arn=restored.stream_arn,
            encryption_key=key,
            global_indexes=list(INDEXES),
        )

    def _add_table(self, key: kms.IKey, removal_policy: RemovalPolicy, *, protected: bool) -> dynamodb.Table:
        own = add_table(
            self,
            key=key,
            protected=protected,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="expires",
            removal_policy=removal_policy,
        )
        for name, (partition, sort) in _INDEXES.items():
            own.add_global_secondary_index(
                index_name=name,
                partition_key=text_key(partition),
                sort_key=text_key(sort),
                projection_type=dynamodb.ProjectionType.INCLUDE,
                non_key_attributes=_SUMMARY,
            )
        for name, (partition, sort) in _SEARCHES.items():
            own.add_global_secondary_index(
                index_name=name,
                partition_key=text_key(partition),
                sort_key=text_key(sort),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        return own
