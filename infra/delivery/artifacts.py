"""What a run of the pipeline hands from step to step: kept in the bucket that `cdk bootstrap` made, under our key."""

from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.iam import allow

SOURCE = "Source"
ASSEMBLY = "Assembly"

_RANDOM = "?" * 7
"""The last segment of an artifact's key: as many characters, drawn anew for each run."""

_READ = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
_WRITE = ["s3:PutObject", "s3:PutObjectTagging"]


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Grants on exactly the objects of one pipeline, by `pipeline/artifact/random` with the first two cut short."""

    pipeline: str
    """The pipeline's name."""
    key: kms.IKey

    @property
    def bucket(self) -> str:
        return f"cdk-hnb659fds-assets-{Aws.ACCOUNT_ID}-{Aws.REGION}"

    @property
    def store(self) -> codepipeline.CfnPipeline.ArtifactStoreProperty:
        return codepipeline.CfnPipeline.ArtifactStoreProperty(
            type="S3",
            location=self.bucket,
            encryption_key=codepipeline.CfnPipeline.EncryptionKeyProperty(id=self.key.key_arn, type="KMS"),
        )

    def carry(self) -> list[iam.PolicyStatement]:
        """The pipeline puts the source down, and hands every artifact on."""
        return [
            self._allow_bucket(),
            self._allow_objects([*_READ, *_WRITE], SOURCE, ASSEMBLY),
            self._allow_key(reads=True, writes=True),
        ]

    def read(self, *artifacts: str) -> list[iam.PolicyStatement]:
        """A step that fetches artifacts and leaves none."""
        return [self._allow_bucket(), self._allow_objects(_READ, *artifacts), self._allow_key(reads=True, writes=False)]

    def build(self) -> list[iam.PolicyStatement]:
        """The one step that makes of the source what is deployed."""
        return [
            self._allow_bucket(),
            self._allow_objects(_READ, SOURCE),
            self._allow_objects(_WRITE, ASSEMBLY),
            self._allow_key(reads=True, writes=True),
        ]

    def _allow_bucket(self) -> iam.PolicyStatement:
        actions = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
        return allow(actions, f"arn:{Aws.PARTITION}:s3:::{self.bucket}")

    def _allow_objects(self, actions: list[str], *artifacts: str) -> iam.PolicyStatement:
        # Question marks stand for one character each, so that no other key is meant than an artifact's.
        folder = f"arn:{Aws.PARTITION}:s3:::{self.bucket}/{self.pipeline[:20]}"
        keys = [f"{folder}/{name[:10]}/{_RANDOM}{end}" for name in artifacts for end in ("", ".zip")]
        return allow(actions, *keys)

    def _allow_key(self, *, reads: bool, writes: bool) -> iam.PolicyStatement:
        actions = ["kms:DescribeKey", *["kms:Decrypt"] * reads, *["kms:Encrypt", "kms:GenerateDataKey"] * writes]
        return allow(actions, self.key.key_arn)
