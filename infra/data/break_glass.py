"""Break-glass: how people get at files and records when the portal cannot show them (45 CFR 164.312(a)(2)(ii))."""

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

_READ_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"]
_LIST_OBJECTS = ["s3:ListBucket", "s3:ListBucketVersions"]
_READ_ITEMS = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
_HOUR = Duration.hours(1)


class BreakGlass(Construct):
    """A role that reads files, records and the audit log for an hour, and changes nothing.

    Whoever the account's own policies let assume it needs a second factor shown within the hour. Each use is told to
    the alert topic (infra/audit/stack.py), and CloudTrail notes every object and item that it reads.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: Iterable[str],
        buckets: Iterable[s3.Bucket],
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(actions=_READ_ITEMS, resources=list(tables)),
                iam.PolicyStatement(actions=["kms:Decrypt", "kms:DescribeKey"], resources=[key.key_arn]),
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=_somebody_with_a_second_factor(),
            description="Emergencies only: reads files, records and the audit log (docs/runbook.md)",
            max_session_duration=_HOUR,
            managed_policies=[policy],
        )
        for bucket in buckets:
            self._open(bucket)

    def _open(self, bucket: s3.Bucket) -> None:
        """Let the role read by the bucket's own policy: the role's could name objects by a wildcard only."""
        for actions, resource in (
            (_READ_OBJECTS, bucket.arn_for_objects("*")),
            (_LIST_OBJECTS, bucket.bucket_arn),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ArnPrincipal(self.role.role_arn)], actions=actions, resources=[resource]
                )
            )


def _somebody_with_a_second_factor() -> iam.IPrincipal:
    return iam.AccountRootPrincipal().with_conditions(
        {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": str(_HOUR.to_seconds())},
        }
    )
