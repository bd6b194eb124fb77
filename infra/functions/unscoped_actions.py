"""Actions for which AWS knows no resources, in one policy that all functions share.

Each statement but the first names the functions that need it, by a tag of their roles, so that sharing widens nothing.
"""

from aws_cdk import Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

PART = "silent-scalper-part"
"""The tag of a function's role: the function's name in small letters."""

_OF_PARTS = {
    # Service Authorization Reference, "Amazon DynamoDB": asked for when a function begins to follow a stream.
    "dynamodb:ListStreams": ("projector", "exporter"),
    # "Amazon SNS": subscriptions are told apart by the topic's grants, under which alone the portal makes them.
    "sns:GetSubscriptionAttributes": ("portal",),
    "sns:SetSubscriptionAttributes": ("portal",),
    "sns:Unsubscribe": ("portal",),
    # "Amazon CloudWatch".
    "cloudwatch:GetMetricData": ("portal",),
}


class Unscoped(Construct):
    """The policy, and the tag that its conditions look at."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        # Service Authorization Reference, "AWS X-Ray".
        traces = iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])
        self.policy = iam.ManagedPolicy(self, "Policy", statements=[traces, *_allow_parts()])

    def admit(self, role: iam.Role, part: str) -> None:
        """Let the function `part`, which has the policy already, do what is its own."""
        Tags.of(role).add(PART, part.lower())


def _allow_parts() -> list[iam.PolicyStatement]:
    by_parts: dict[tuple[str, ...], list[str]] = {}
    for action, parts in _OF_PARTS.items():
        by_parts.setdefault(parts, []).append(action)
    return [
        iam.PolicyStatement(
            actions=actions,
            resources=["*"],
            conditions={"StringEquals": {f"aws:PrincipalTag/{PART}": list(parts)}},
        )
        for parts, actions in by_parts.items()
    ]
