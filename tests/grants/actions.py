"""From calls to actions, and what stands on one side only: each with the reason why it may.

Service Authorization Reference, and each operation's page where its action has another name.
"""

import botocore.session

from tests.grants.calls import Call

_PREFIXES = {"dynamodbstreams": "dynamodb"}
_OTHERS: dict[Call, tuple[str, ...]] = {
    ("apigatewayv2", "GetAuthorizer"): ("apigateway:GET",),
    ("apigatewayv2", "UpdateAuthorizer"): ("apigateway:PATCH",),
    # Sent without a signature: whoever has the token may.
    ("cognito-idp", "GetTokensFromRefreshToken"): (),
    ("cognito-idp", "RevokeToken"): (),
    # Of what a transaction is made of, which are Put and Update here (intake/table/expressions.py).
    ("dynamodb", "TransactWriteItems"): ("dynamodb:PutItem", "dynamodb:UpdateItem"),
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
    ("s3", "CompleteMultipartUpload"): ("s3:PutObject",),
    ("s3", "CopyObject"): ("s3:GetObject", "s3:PutObject"),
    ("s3", "CreateMultipartUpload"): ("s3:PutObject",),
    ("s3", "DeleteObjects"): ("s3:DeleteObject",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    ("s3", "ListMultipartUploads"): ("s3:ListBucketMultipartUploads",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListParts"): ("s3:ListMultipartUploadParts",),
    ("s3", "UploadPart"): ("s3:PutObject",),
    ("s3", "UploadPartCopy"): ("s3:GetObject", "s3:PutObject"),
    ("sns", "PublishBatch"): ("sns:Publish",),
    ("sqs", "ChangeMessageVisibilityBatch"): ("sqs:ChangeMessageVisibility",),
    ("sqs", "DeleteMessageBatch"): ("sqs:DeleteMessage",),
    ("sqs", "SendMessageBatch"): ("sqs:SendMessage",),
}
_OF_VERSIONS = {"s3:GetObject": "s3:GetObjectVersion", "s3:GetObjectTagging": "s3:GetObjectVersionTagging"}
"""What the same call needs as well where it names a version."""


def actions_of(call: Call) -> set[str]:
    """Return the actions that a call is allowed by."""
    service, operation = call
    named = _OTHERS.get(call, (f"{_PREFIXES.get(service, service)}:{operation}",))
    return {*named, *(_OF_VERSIONS[one] for one in named if one in _OF_VERSIONS)}


def is_operation(call: Call) -> bool:
    service, operation = call
    return operation in botocore.session.get_session().get_service_model(service).operation_names


MAPPED = tuple(_OTHERS)

_POLLS = 'Lambda polls the queue as the function (Lambda guide, "Amazon SQS").'
_FOLLOWS = 'Lambda reads the table\'s stream as the function (Lambda guide, "DynamoDB").'
_ATHENA = 'Athena reads tables and rows and writes its answer as whoever asks (Athena guide, "Amazon S3").'
_KEY = "S3, SQS, SNS and DynamoDB use their resources' keys as whoever calls them."
_ALL = ("Judge", "Projector", "Exporter", "Sweep", "Rebuild", "Renderer", "Portal")

BY_AWS: dict[str, tuple[tuple[str, ...], str]] = {
    "dynamodb:DescribeStream": (("Projector", "Exporter"), _FOLLOWS),
    "dynamodb:ListStreams": (("Projector", "Exporter"), _FOLLOWS),
    "glue:GetDatabase": (("Portal",), _ATHENA),
    "glue:GetPartitions": (("Portal",), _ATHENA),
    "glue:GetTable": (("Portal",), _ATHENA),
    "kms:Decrypt": (_ALL, _KEY),
    "kms:DescribeKey": (("Judge", "Projector", "Sweep", "Rebuild", "Portal"), _KEY),
    "kms:Encrypt": (("Judge", "Projector", "Sweep", "Rebuild", "Portal"), _KEY),
    "kms:GenerateDataKey": (_ALL, _KEY),
    "kms:GenerateDataKeyWithoutPlaintext": (("Judge", "Projector", "Sweep", "Rebuild", "Portal"), _KEY),
    "kms:ReEncryptFrom": (("Judge", "Projector", "Sweep", "Rebuild", "Portal"), _KEY),
    "kms:ReEncryptTo": (("Judge", "Projector", "Sweep", "Rebuild", "Portal"), _KEY),
    "logs:CreateLogStream": (_ALL, "Lambda writes the function's log as the function."),
    "logs:PutLogEvents": (_ALL, "Lambda writes the function's log as the function."),
    "s3:GetBucketLocation": (("Portal",), _ATHENA),
    "s3:ListBucket": (("Judge", "Renderer"), "Without it a missing object answers 403 and not 404."),
    "s3:ListBucketMultipartUploads": (("Portal",), _ATHENA),
    "s3:PutObjectTagging": (("Judge",), "Asked for where a copy says that it brings its own tags, and be it none."),
    "sqs:DeleteMessage": (("Projector", "Exporter"), _POLLS),
    "sqs:GetQueueAttributes": (("Judge", "Projector", "Exporter", "Renderer"), _POLLS),
    "sqs:ReceiveMessage": (("Projector", "Exporter", "Renderer"), _POLLS),
    "sqs:SendMessage": (
        ("Exporter", "Rebuild", "Renderer"),
        "Lambda sends what it gives up of the stream and of invocations.",
    ),
}
"""What no code of these functions calls, and who does in their stead."""

_TAG = "It has the judge's adapter, and never asks it for tags: what it has a `tag` of is something else."
NAMESAKES: dict[tuple[str, Call], str] = {
    ("Sweep", ("s3", "GetObjectTagging")): _TAG,
    ("Portal", ("s3", "GetObjectTagging")): _TAG,
    ("Renderer", ("s3", "GetObjectTagging")): _TAG,
    ("Portal", ("s3", "DeleteObjects")): "It finds pictures, and signs for them: what it removes are items.",
    ("Portal", ("s3", "DeleteObject")): "It has the judge's adapter, and deletes webhooks, addresses and links only.",
}
"""Calls that a function seems to reach and has no leave for: the adapter's method has a name that others have."""
