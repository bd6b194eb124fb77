"""Roles and statements that several of the infrastructure's packages need alike."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct


def add_role(
    scope: Construct, principal: iam.IPrincipal, may: Sequence[iam.PolicyStatement], *shared: iam.IManagedPolicy
) -> iam.Role:
    """Add a role that may do this, what `shared` policies allow, and nothing else, to a construct that has no other.

    The policy hangs on the role: what the role is given to begins no sooner than it may do its work.
    """
    policy = iam.ManagedPolicy(scope, "Policy", statements=list(may))
    return iam.Role(scope, "Role", assumed_by=principal, managed_policies=[policy, *shared])


def let_service(
    service: str, actions: list[str], resource: str, *, source_arn: str | None = None
) -> iam.PolicyStatement:
    """Let a service of AWS's do this: for one resource of ours that has it do so, or for anything of this account."""
    by_source = {"ArnEquals": {"aws:SourceArn": source_arn}}
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
        actions=actions,
        resources=[resource],
        conditions=by_source if source_arn else {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )


def allow_logging(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    """Allow to write to a log group; CloudFormation's ARN of one ends in `:*`, which means its streams."""
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
    )
