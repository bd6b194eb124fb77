"""The analytics: what Athena knows of the verdicts' files, and the workgroup in which they are asked."""

from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.data.buckets import ANSWERS
from intake.analytics.model import COLUMNS, PARTITION, PREFIX, TABLE

_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
"""Hive's: Athena's guide says of the other, OpenX's, that its answers may differ from run to run."""
_MOST_SCANNED = 10 * 1000**3
"""Bytes that one query may read: some 5 cents, and fifty million verdicts."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the catalogue and the workgroup are called, told to those who cannot refer to them."""

    database: str
    workgroup: str

    @classmethod
    def from_prefix(cls, prefix: str) -> "Names":
        """Return the names of the stage with this prefix; Glue's are in lower case."""
        return cls(prefix.lower(), prefix)


class Analytics(Construct):
    """A database with one table, whose partitions are known without being listed, and a workgroup that bounds cost."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, bucket: s3.IBucket, key: kms.IKey, kept_days: int
    ) -> None:
        super().__init__(scope, construct_id)
        self.names = Names.from_prefix(prefix)
        self.bucket = bucket
        table = self._add_table(kept_days)
        description = "Silent Scalper: verdicts, without anything that names a person"
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=self.names.database, description=description),
        )
        table.add_resource_dependency(database)
        self._add_workgroup(key)

    @property
    def workgroup_arn(self) -> str:
        return f"arn:{Aws.PARTITION}:athena:{Aws.REGION}:{Aws.ACCOUNT_ID}:workgroup/{self.names.workgroup}"

    @property
    def catalogue_arns(self) -> list[str]:
        """What reading the table's description is about: the catalogue, the database and the table."""
        glue_arn, database = f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}", self.names.database
        return [f"{glue_arn}:catalog", f"{glue_arn}:database/{database}", f"{glue_arn}:table/{database}/{TABLE}"]

    @property
    def default_database_arn(self) -> str:
        return f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}:database/default"

    def _add_table(self, kept_days: int) -> glue.CfnTable:
        folder = f"s3://{self.bucket.bucket_name}/{PREFIX}"
        # Athena reckons the partitions from the days of a query (Athena guide, "Partition projection").
        projection = {
            "projection.enabled": "true",
            f"projection.{PARTITION}.type": "date",
            f"projection.{PARTITION}.format": "yyyy-MM-dd",
            f"projection.{PARTITION}.range": f"NOW-{kept_days}DAYS,NOW",
            "storage.location.template": f"{folder}{PARTITION}=${{{PARTITION}}}/",
        }
        return glue.CfnTable(
            self,
            "Verdicts",
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.names.database,
            table_input=glue.CfnTable.TableInputProperty(
                name=TABLE,
                table_type="EXTERNAL_TABLE",
                parameters={"classification": "json", "compressionType": "gzip", **projection},
                partition_keys=[glue.CfnTable.ColumnProperty(name=PARTITION, type="string")],
                storage_descriptor=_describe_storage(folder),
            ),
        )

    def _add_workgroup(self, key: kms.IKey) -> None:
        athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=self.names.workgroup,
            description="Silent Scalper: queries over verdicts",
            # A stack that is deleted takes the history of its queries with it; their answers are the bucket's.
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                bytes_scanned_cutoff_per_query=_MOST_SCANNED,
                publish_cloud_watch_metrics_enabled=True,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{self.bucket.bucket_name}/{ANSWERS}",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=key.key_arn
                    ),
                ),
            ),
        )


def _describe_storage(location: str) -> glue.CfnTable.StorageDescriptorProperty:
    return glue.CfnTable.StorageDescriptorProperty(
        location=location,
        input_format="org.apache.hadoop.mapred.TextInputFormat",
        output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        compressed=True,
        serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=_JSON),
        columns=[
            glue.CfnTable.ColumnProperty(name=name, type=kind, comment=meaning)
            for name, (kind, meaning) in COLUMNS.items()
        ],
    )
