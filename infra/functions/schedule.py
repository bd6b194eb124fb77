"""What starts a function by the clock."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.iam import add_role, allow


class EveryFiveMinutes(Construct):
    """EventBridge Scheduler, with a role that may start this one function only, and say that it could not."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        dead_letters: sqs.IQueue,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        # Scheduler guide, "Configuring a schedule's dead-letter queue": the role sends, and uses the queue's key.
        may = [
            allow(["lambda:InvokeFunction"], function.function_arn),
            allow(["sqs:SendMessage"], dead_letters.queue_arn),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn),
        ]
        scheduling = iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
            {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        scheduler.CfnSchedule(
            self,
            "Schedule",
            schedule_expression="rate(5 minutes)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=add_role(self, scheduling, may).role_arn,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                # The next run comes soon enough: a late retry would only stand in its way.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=240, maximum_retry_attempts=2
                ),
            ),
        )
