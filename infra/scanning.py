"""Malware scanning, as far as the core goes: who may scan what arrives, and how the result reaches the judge.

The plan itself is GuardDuty's and stands in `infra/malware.py`, as the emulator does not know it.
"""

from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.queueing import Queueing
from intake.scan import EVENT, SOURCE, VALIDATION_OBJECT

_PLANS = "malware-protection-plan.guardduty.amazonaws.com"
_WRITE_TAGS = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
_REMOVE_TAGS = ["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"]
_SCAN = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging", *_WRITE_TAGS]


class Scanning(Construct):
    """`role` scans and tags the incoming bucket's objects; a rule brings each result to the main queue."""

    def __init__(
        self, scope: Construct, construct_id: str, *, incoming: s3.Bucket, key: kms.IKey, queueing: Queueing
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(incoming, key)
        incoming.add_to_resource_policy(_scan(incoming, self.role))
        incoming.add_to_resource_policy(_leave_tags_to(self.role, incoming))
        self.results = self._results(incoming, queueing)
        for queue in (queueing.main, queueing.dead_letters):
            queue.add_to_resource_policy(_sent_by(self.results, queue))

    def _role(self, incoming: s3.Bucket, key: kms.IKey) -> iam.Role:
        # The statements of GuardDuty's guide, "Create or update IAM role policy", but for objects and rules: these
        # have no names yet, and are opened by the bucket's policy and the event bus's (infra/malware.py).
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(
                    actions=["s3:GetBucketNotification", "s3:PutBucketNotification", "s3:ListBucket"],
                    resources=[incoming.bucket_arn],
                ),
                iam.PolicyStatement(actions=["s3:PutObject"], resources=[incoming.arn_for_objects(VALIDATION_OBJECT)]),
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[key.key_arn],
                    conditions={"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"}},
                ),
            ],
        )
        plans = iam.ServicePrincipal(_PLANS).with_conditions({"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})
        return iam.Role(self, "Role", assumed_by=plans, managed_policies=[policy])

    def _results(self, incoming: s3.IBucket, queueing: Queueing) -> events.CfnRule:
        return events.CfnRule(
            self,
            "Results",
            description="Results of malware scans, to the judge",
            event_pattern={
                "source": [SOURCE],
                "detail-type": [EVENT],
                "detail": {"s3ObjectDetails": {"bucketName": [incoming.bucket_name]}},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="MainQueue",
                    arn=queueing.main.queue_arn,
                    # What cannot be delivered for a day is a dead letter like any other, and is redriven like one.
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=queueing.dead_letters.queue_arn),
                )
            ],
        )


def _scan(incoming: s3.IBucket, role: iam.IRole) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ArnPrincipal(role.role_arn)], actions=_SCAN, resources=[incoming.arn_for_objects("*")]
    )


def _leave_tags_to(role: iam.IRole, incoming: s3.IBucket) -> iam.PolicyStatement:
    """Let nobody but the scan write tags: the judge believes them (GuardDuty guide, "Tag-based access control")."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=[*_WRITE_TAGS, *_REMOVE_TAGS],
        resources=[incoming.arn_for_objects("*")],
        conditions={"ArnNotEquals": {"aws:PrincipalArn": role.role_arn}},
    )


def _sent_by(rule: events.CfnRule, queue: sqs.IQueue) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
    )
