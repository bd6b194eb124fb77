"""Has the strict emulator take the permission for a message as one for a batch of messages, as AWS does.

It asks for actions such as `sns:PublishBatch`, which AWS does not know and refuses in checks of policies: there,
`sns:Publish` covers both (Service Authorization Reference, "Amazon SNS"; SQS Developer Guide, "API permissions").
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


def allow_batches(iam: Any) -> None:  # noqa: ANN401  # A client of IAM, for which we keep no types.
    """Add to each statement of the deployed policies the emulator's names of what it allows, and nothing else."""
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        arn, version = policy["Arn"], policy["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        widened = {**document, "Statement": [_with_batches(statement) for statement in document["Statement"]]}
        if widened != document:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(widened), SetAsDefault=True)
            iam.delete_policy_version(PolicyArn=arn, VersionId=version)


def _with_batches(statement: dict[str, Any]) -> dict[str, Any]:
    named = statement["Action"]
    actions = [named] if isinstance(named, str) else named
    missing = [BATCHES[action] for action in actions if action in BATCHES and BATCHES[action] not in actions]
    return {**statement, "Action": [*actions, *missing]} if missing else statement
