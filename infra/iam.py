"""Roles and statements that several of the infrastructure's packages need alike."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct


def add_role(scope: Construct, principal: iam.IPrincipal, may: Sequence[iam.PolicyStatement]) -> iam.Role:
    """Add a role that may do this and nothing else to a construct that has no other."""
    policy = iam.ManagedPolicy(scope, "Policy", statements=list(may))
    return iam.Role(scope, "Role", assumed_by=principal, managed_policies=[policy])


def allow_logging(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    """Allow to write to a log group; CloudFormation's ARN of one ends in `:*`, which means its streams."""
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
    )
