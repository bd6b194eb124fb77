"""The clock that starts the sweep."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct


class EveryFiveMinutes(Construct):
    """EventBridge Scheduler, with a role that may start this one function only."""

    def __init__(self, scope: Construct, construct_id: str, *, function: lambda_.IFunction) -> None:
        super().__init__(scope, construct_id)
        scheduler.CfnSchedule(
            self,
            "Schedule",
            schedule_expression="rate(5 minutes)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=self._role(function).role_arn,
                # The next run comes soon enough: a late retry would only stand in its way.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=240, maximum_retry_attempts=2
                ),
            ),
        )

    def _role(self, function: lambda_.IFunction) -> iam.Role:
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])],
        )
        principal = iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
            {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        return iam.Role(self, "Role", assumed_by=principal, managed_policies=[policy])
