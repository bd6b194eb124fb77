"""Log groups, all alike, and how long they keep what they get."""

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

_RETENTIONS = {7: logs.RetentionDays.ONE_WEEK, 400: logs.RetentionDays.THIRTEEN_MONTHS}
"""The retentions that stages may ask for, in CloudFormation's words, by days."""


def add_log_group(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    days: int,
    removal_policy: RemovalPolicy,
    **properties: Any,  # noqa: ANN401  # CDK's own.
) -> logs.LogGroup:
    """Add an encrypted log group that forgets after so many days."""
    return logs.LogGroup(
        scope,
        construct_id,
        encryption_key=key,
        retention=_RETENTIONS[days],
        removal_policy=removal_policy,
        **properties,
    )
