"""CloudFront's access logs (standard logging v2), without what could name a patient."""

from typing import ClassVar

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_logs import CfnDelivery, CfnDeliveryDestination, CfnDeliverySource
from constructs import Construct

_PREFIX = "edge"

FIELDS = (
    "timestamp(ms)", "x-edge-request-id", "x-edge-location", "c-ip", "c-country", "asn", "x-host-header", "cs-method",
    "cache-behavior-path-pattern", "cs-protocol", "cs-protocol-version", "ssl-protocol", "ssl-cipher",
    "cs(User-Agent)", "sc-status", "x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type",
    "sc-content-type", "cs-bytes", "sc-bytes", "time-taken", "time-to-first-byte", "origin-fbl", "origin-lbl",
)  # fmt: skip
"""Who asked, how it went and how long it took (CloudFront guide, "Standard logging reference").

Left out: `cs-uri-stem`, `cs-uri-query`, `cs(Referer)` and `cs(Cookie)`. DICOMweb puts names of patients and UIDs of
studies into addresses; `x-edge-request-id` leads from a line here to the portal's own log, which knows the operation.
"""


class EdgeLogs(Construct):
    """Delivery of a distribution's access logs to the logs' bucket, as JSON lines under `edge/`, at no charge.

    CloudFront's deliveries are made in us-east-1 only: stages elsewhere have none, and the gateway's log alone.
    """

    REGION: ClassVar[str] = "us-east-1"

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, distribution_arn: str, logs: s3.Bucket
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{prefix}-edge"
        source = CfnDeliverySource(self, "Source", name=name, resource_arn=distribution_arn, log_type="ACCESS_LOGS")
        destination = CfnDeliveryDestination(
            self,
            "Destination",
            name=name,
            destination_resource_arn=f"{logs.bucket_arn}/{_PREFIX}",
            output_format="json",
        )
        _admit_delivery(logs, source.name)
        CfnDelivery(
            self,
            "Delivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.attr_arn,
            record_fields=list(FIELDS),
            s3_suffix_path="{yyyy}/{MM}/{dd}/{HH}",
        ).add_resource_dependency(source)


def _admit_delivery(bucket: s3.Bucket, source: str) -> None:
    """Let this delivery write (CloudWatch Logs guide, "Logs sent to Amazon S3")."""
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects(f"{_PREFIX}/*")],
            conditions={
                "StringEquals": {
                    "s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceAccount": Aws.ACCOUNT_ID,
                },
                "ArnEquals": {
                    "aws:SourceArn": f"arn:{Aws.PARTITION}:logs:us-east-1:{Aws.ACCOUNT_ID}:delivery-source:{source}"
                },
            },
        )
    )
