"""Has the strict emulator understand the deployed policies as AWS does, where it calls the same by other names.

It asks for actions such as `sns:PublishBatch`, which AWS does not know and refuses in checks of policies: there,
`sns:Publish` covers both (Service Authorization Reference, "Amazon SNS"; SQS Developer Guide, "API permissions"). And
it asks about reading a stream without saying of which one.
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

STREAM = frozenset({"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"})
"""Actions whose resource the emulator leaves out. A statement that allows these and no others may do so there."""


def translate_policies(iam: Any) -> None:  # noqa: ANN401  # A client of IAM, for which we keep no types.
    """Say in the emulator's words, in each deployed policy, what its statements allow, and nothing else."""
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        arn, version = policy["Arn"], policy["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        translated = {**document, "Statement": [_translated(statement) for statement in document["Statement"]]}
        if translated != document:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(translated), SetAsDefault=True)
            iam.delete_policy_version(PolicyArn=arn, VersionId=version)


def _translated(statement: dict[str, Any]) -> dict[str, Any]:
    named = statement["Action"]
    actions = [named] if isinstance(named, str) else named
    if STREAM.issuperset(actions):
        return {**statement, "Resource": "*"}
    missing = [BATCHES[action] for action in actions if action in BATCHES and BATCHES[action] not in actions]
    return {**statement, "Action": [*actions, *missing]} if missing else statement
