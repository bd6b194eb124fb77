"""Roles and statements that several of the infrastructure's packages need alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

_Conditions = Mapping[str, Any]


def add_role(
    scope: Construct,
    principal: iam.IPrincipal,
    may: Sequence[iam.PolicyStatement],
    *shared: iam.IManagedPolicy,
    name: str = "",
) -> iam.Role:
    """Add a role that may do this, what `shared` policies allow, and nothing else.

    The policy hangs on the role: what the role is given to begins no sooner than it may do its work.
    A construct that has several tells them apart by `name`.
    """
    policy = iam.ManagedPolicy(scope, f"{name}Policy", statements=list(may))
    return iam.Role(scope, name or "Role", assumed_by=principal, managed_policies=[policy, *shared])


def allow(actions: Sequence[str], *resources: str, conditions: _Conditions | None = None) -> iam.PolicyStatement:
    """Allow this in a policy that hangs on a role."""
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def allow_logging(log_group: logs.ILogGroup) -> iam.PolicyStatement:
    """Allow to write to a log group; CloudFormation's ARN of one ends in `:*`, which means its streams."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn)


def let_role(role: iam.IRole, actions: list[str], resource: str) -> iam.PolicyStatement:
    """Let a role do this, in the policy of the resource."""
    return iam.PolicyStatement(principals=[iam.ArnPrincipal(role.role_arn)], actions=actions, resources=[resource])


def let_service(
    service: str,
    actions: list[str],
    resource: str,
    *,
    source_arn: str | None = None,
    conditions: _Conditions | None = None,
) -> iam.PolicyStatement:
    """Let a service of AWS's do this, in the policy of the resource; in a key's own policy, `*` means the key.

    For one resource of ours that has it do so, under other conditions, or for anything of this account.
    """
    by_source = {"ArnEquals": {"aws:SourceArn": source_arn}} if source_arn else None
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
        actions=actions,
        resources=[resource],
        conditions=conditions or by_source or {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )


def forbid(actions: list[str], resource: str, *, conditions: _Conditions | None = None) -> iam.PolicyStatement:
    """Deny this to everybody, administrators too, in the policy of the resource."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=actions,
        resources=[resource],
        conditions=conditions,
    )
