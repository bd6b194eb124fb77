"""Has the strict emulator understand the deployed policies as AWS does, where it calls the same by other names.

It asks for actions such as `sns:PublishBatch`, which AWS does not know and refuses in checks of policies: there,
`sns:Publish` covers both (Service Authorization Reference, "Amazon SNS"; SQS Developer Guide, "API permissions"). And
it asks about reading a stream, or a query's answer, without saying of which one.
"""

import json
from typing import Any

BATCHES = {
    "sns:Publish": "sns:PublishBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:SendMessage": "sqs:SendMessageBatch",
}
"""The emulator's names, by the action that covers them on AWS."""

NAMELESS = frozenset(
    {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
    }
)
"""Actions whose resource the emulator leaves out."""


def translate_policies(iam: Any) -> None:  # noqa: ANN401  # A client of IAM, for which we keep no types.
    """Say in the emulator's words, in each deployed policy, what its statements allow, and nothing else."""
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        arn, version = policy["Arn"], policy["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        translated = {
            **document,
            "Statement": [part for one in document["Statement"] for part in _translate_statement(one)],
        }
        if translated != document:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(translated), SetAsDefault=True)
            iam.delete_policy_version(PolicyArn=arn, VersionId=version)


def _translate_statement(statement: dict[str, Any]) -> list[dict[str, Any]]:
    named = statement["Action"]
    actions = [named] if isinstance(named, str) else named
    nameless = [action for action in actions if action in NAMELESS]
    rest = [action for action in actions if action not in NAMELESS]
    missing = [BATCHES[action] for action in rest if action in BATCHES and BATCHES[action] not in rest]
    if not nameless and not missing:
        return [statement]
    parts = [{**statement, "Action": nameless, "Resource": "*"}] if nameless else []
    return [*parts, {**statement, "Action": [*rest, *missing]}] if rest else parts
