"""CloudTrail: every call to the account, and every touch of an object or item of ours."""

from collections.abc import Iterable

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.audit.bucket import AuditBucket
from infra.iam import add_role, allow_logging
from infra.observability.log_retention import RETENTIONS

_Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
_Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class Trail(Construct):
    """One trail of all regions, with digests that show whether a file was changed or taken away.

    Management events are recorded everywhere, since who breaks in starts where nobody looks; the first copy of them
    costs nothing. Data events are recorded for our buckets' objects and our tables only: they are billed by number
    (docs/cost.md). Tables are chosen by the beginning of their names, which are CloudFormation's: so a restored copy,
    which is as confidential, is watched as well, and nothing ties the stack to one table.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        archive: AuditBucket,
        buckets: Iterable[s3.Bucket],
        tables_of: str,
        log_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = self._add_log_group(archive, log_days, removal_policy)
        paths = [bucket.arn_for_objects("") for bucket in buckets]
        objects = _select_data("Every touch of a file", "AWS::S3::Object", paths)
        service = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        writer = add_role(self, service, [allow_logging(self.log_group)])
        self.trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=archive.bucket.bucket_name,
            kms_key_id=archive.key.key_arn,
            cloud_watch_logs_log_group_arn=self.log_group.log_group_arn,
            cloud_watch_logs_role_arn=writer.role_arn,
            advanced_event_selectors=[_MANAGEMENT, objects, _select_items(Stack.of(self), tables_of)],
        )
        # CloudTrail tries the bucket when the trail is made, and the policy is what lets it in.
        if archive.bucket.policy is not None:
            self.trail.node.add_dependency(archive.bucket.policy)

    def _add_log_group(self, archive: AuditBucket, days: int, removal_policy: RemovalPolicy) -> logs.LogGroup:
        """Keep what people search in. Half the price of the standard class; metrics and subscriptions need neither."""
        return logs.LogGroup(
            self,
            "Events",
            encryption_key=archive.key,
            retention=RETENTIONS[days],
            log_group_class=logs.LogGroupClass.INFREQUENT_ACCESS,
            removal_policy=removal_policy,
        )


_MANAGEMENT = _Selector(
    name="Every call to the account", field_selectors=[_Field(field="eventCategory", equal_to=["Management"])]
)


def _select_items(stack: Stack, prefix: str) -> _Selector:
    tables = stack.format_arn(
        service="dynamodb",
        resource="table",
        resource_name=f"{prefix}-",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return _select_data("Every touch of a record", "AWS::DynamoDB::Table", [tables])


def _select_data(name: str, kind: str, beginnings: list[str]) -> _Selector:
    return _Selector(
        name=name,
        field_selectors=[
            _Field(field="eventCategory", equal_to=["Data"]),
            _Field(field="resources.type", equal_to=[kind]),
            _Field(field="resources.ARN", starts_with=beginnings),
        ],
    )
