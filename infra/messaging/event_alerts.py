"""Events of AWS itself that people are told of: an EventBridge rule each, to the alert topic, at no cost."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig


class EventAlert(Construct):
    """One rule. `message` may name parts of the event in angle brackets, which `parts` finds by JSON path.

    A low-level rule: the high-level target would let EventBridge publish to the topic whatever rule sends.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        topic: sns.ITopic,
        pattern: Mapping[str, Any],
        parts: Mapping[str, str],
        message: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    arn=topic.topic_arn,
                    id="Alerts",
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=dict(parts), input_template=f'"{message}"'
                    ),
                )
            ],
        )


def admit_events(stack: Stack, config: StageConfig, *, topic: sns.Topic, key: kms.Key) -> None:
    """Let the rules of a stage, which its prefix names, publish to the encrypted topic.

    The key takes no condition on the source: SNS does not pass it on for EventBridge (SNS guide, "Encryption at rest:
    key management"), so the topics of this account are what narrows it.
    """
    rules = stack.format_arn(
        service="events",
        resource="rule",
        resource_name=f"{config.prefix}-*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    service = iam.ServicePrincipal("events.amazonaws.com")
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"ArnLike": {"aws:SourceArn": rules}},
        )
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={
                "ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": stack.format_arn(service="sns", resource="*")}
            },
        )
    )
