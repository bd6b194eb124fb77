"""Actions of which AWS knows no resources, or no names of them, in one policy that roles share."""

from aws_cdk import Aws, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.iam import allow

PART = "silent-scalper-part"
"""The tag of a role: the name of its part in small letters, which is a function's or `SCANNING`."""

_UNSCOPED: dict[tuple[str, ...], list[str]] = {
    # Service Authorization Reference, "Amazon DynamoDB": asked for when a function begins to follow a stream.
    ("projector", "exporter"): ["dynamodb:ListStreams"],
    # "Amazon SNS": subscriptions are told apart by the topic's grants, under which alone the portal makes them.
    ("portal",): [
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
        "cloudwatch:GetMetricData",
    ],
}

SCANNING = "scanning"
"""The part of the role with which GuardDuty scans; it is no function."""

_PLANS = "malware-protection-plan.guardduty.amazonaws.com"
_RULES = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"
"""GuardDuty makes a rule of its own for each bucket that it scans, whose name ends as it likes."""


class Unscoped(Construct):
    """Actions of which AWS knows no resources, in one policy that all functions share; and with `scanning`, GuardDuty's
    rights about rules that have no names yet.

    Each statement but that of traces names who needs it, by a tag of their roles, so that sharing widens nothing.
    """

    def __init__(self, scope: Construct, construct_id: str, *, scanning: bool, traced: bool) -> None:
        super().__init__(scope, construct_id)
        # Service Authorization Reference, "AWS X-Ray".
        traces = [allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")] if traced else []
        own = [allow(actions, "*", conditions=_only(*parts)) for parts, actions in _UNSCOPED.items()]
        rules = _list_rule_statements() if scanning else []
        self.policy = iam.ManagedPolicy(self, "Policy", statements=[*traces, *own, *rules])

    def admit(self, role: iam.Role, part: str) -> None:
        """Let a role, which has the policy already, do what is its part's own."""
        Tags.of(role).add(PART, part.lower())


def _only(*parts: str) -> dict[str, dict[str, list[str]]]:
    return {"StringEquals": {f"aws:PrincipalTag/{PART}": list(parts)}}


def _list_rule_statements() -> list[iam.PolicyStatement]:
    """Return two of the statements that GuardDuty's guide asks for ("Create or update IAM role policy")."""
    rules = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{_RULES}"
    manage = ["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"]
    managed = {**_only(SCANNING), "StringLike": {"events:ManagedBy": _PLANS}}
    watch = ["events:DescribeRule", "events:ListTargetsByRule"]
    return [allow(manage, rules, conditions=managed), allow(watch, rules, conditions=_only(SCANNING))]
