"""What each function's role may do and must not do, asked of the deployed stack by real calls.

The table says what is allowed. Everything else that is tried must be refused by a policy, and by nothing else.
"""

import pytest

from tests.emulator.strict import actions, targets
from tests.emulator.strict.roles import FUNCTIONS, refusal

pytestmark = pytest.mark.disturbs("every role is asked for everything, and what it may write stays")

_READ = {"s3:GetObject", "s3:GetObjectVersion"}
_ITEMS = {
    "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Query by clinic", "dynamodb:PutItem",
    "dynamodb:UpdateItem", "dynamodb:UpdateItem in a transaction",
}  # fmt: skip
_CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
_PEEK = _CONSUME - {"sqs:DeleteMessage"}
_COUNT = {"sqs:GetQueueAttributes"}
_SEND = {"sqs:SendMessage"}
_PUBLISH = {"sns:Publish"}
_TELL_GATEWAY = {"apigateway:GET the authorizer", "apigateway:PATCH the authorizer"}
_ROTATE = {
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
}
_USE_KEYS = {
    "data": {"kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"},
    "messages": {"kms:GenerateDataKey", "kms:Decrypt"},
}
_FILE = {*_READ, "s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:ListBucket"}
_FIND_PARTS = "s3:ListBucketMultipartUploads"

MAY = {
    "judge": {
        "buckets": {
            "incoming": {*_READ, "s3:GetObjectTagging", "s3:PutObject", "s3:ListBucket", _FIND_PARTS},
            "accepted": {*_FILE, _FIND_PARTS},
            "quarantine": {*_FILE, _FIND_PARTS},
            "renditions": {"s3:DeleteObject"},
        },
        "tables": {"records": _ITEMS, "audit": {"dynamodb:PutItem"}},
        "queues": {"main": {*_CONSUME, *_SEND}, "failed invocations": _SEND},
        "keys": _USE_KEYS,
    },
    "projector": {
        "tables": {"records": _ITEMS},
        "queues": {
            "projection failures": _SEND,
            "projection redrives": _CONSUME,
            "mailbox": _SEND,
            "renditions": _SEND,
        },
        "topics": {"alerts": _PUBLISH, "events": _PUBLISH},
        "keys": _USE_KEYS,
        "account": {"account": {"dynamodb:ListStreams"}},
    },
    "sweep": {
        "buckets": {
            "incoming": {*_READ, "s3:ListBucket", "s3:ListBucketVersions"},
            "accepted": {"s3:ListBucket"},
            "quarantine": {"s3:ListBucket"},
        },
        "tables": {"records": _ITEMS},
        "queues": {"main": {*_SEND, *_COUNT}, "dead letters": _PEEK, "failed invocations": _SEND},
        "topics": {"alerts": _PUBLISH, "events": _PUBLISH},
        "keys": _USE_KEYS,
        "secrets": {"portal's": _ROTATE},
        "gateway": {"API": _TELL_GATEWAY},
    },
    "renderer": {
        "buckets": {
            "accepted": {*_READ, "s3:ListBucket"},
            "quarantine": {*_READ, "s3:ListBucket"},
            "renditions": {"s3:PutObject", "s3:DeleteObject"},
        },
        "queues": {"renditions": _CONSUME, "failed invocations": _SEND},
        "keys": {"data": {"kms:GenerateDataKey", "kms:Decrypt"}, "messages": _USE_KEYS["messages"]},
    },
    "portal": {
        "buckets": {
            "incoming": {"s3:PutObject", "s3:ListBucket"},
            "accepted": _READ,
            "renditions": {"s3:GetObject", "s3:ListBucket"},
            "logs": {_FIND_PARTS},
        },
        "tables": {
            "records": _ITEMS,
            "audit": {"dynamodb:PutItem", "dynamodb:Query", "dynamodb:Query by clinic"},
        },
        "queues": {
            "main": {*_SEND, *_COUNT},
            "dead letters": _CONSUME,
            "projection failures": _CONSUME,
            "projection redrives": _SEND,
            "mailbox": _PEEK,
            "undelivered events": {*_COUNT, *_SEND},
        },
        "functions": {"renderer": {"lambda:InvokeFunction"}},
        "topics": {"alerts": {"sns:Subscribe"}, "events": {"sns:Subscribe", "sns:Publish"}},
        "keys": _USE_KEYS,
        "secrets": {"portal's": {"secretsmanager:GetSecretValue"}},
        "people": {
            "people": {
                "cognito-idp:ListUsers",
                "cognito-idp:AdminGetUser",
                "cognito-idp:AdminDisableUser",
                "cognito-idp:DeleteUserPoolClient",
            }
        },
        "gateway": {"API": _TELL_GATEWAY},
        "account": {"account": {"sns:SetSubscriptionAttributes", "cloudwatch:GetMetricData"}},
    },
}
"""By role, kind of resource, and resource: the actions that are allowed."""

TRIED = {
    "buckets": actions.OBJECTS,
    "tables": actions.ITEMS,
    "queues": actions.MESSAGES,
    "topics": actions.TOPICS,
    "keys": actions.KEYS,
    "secrets": actions.SECRETS,
    "functions": actions.CODE,
    "roles": actions.ROLES,
    "logs": actions.LOGS,
    "people": actions.PEOPLE,
    "gateway": actions.GATEWAY,
    "account": actions.ACCOUNT,
}


@pytest.fixture(scope="module")
def places(stack, root, roles):
    """The resources, by kind and name."""
    return {
        "buckets": targets.buckets(stack),
        "tables": targets.tables(stack),
        "queues": targets.queues(stack),
        "topics": targets.topics(stack, root),
        "keys": targets.keys(stack),
        "secrets": targets.secrets(stack, root),
        "functions": targets.functions(stack, roles),
        "roles": targets.role_targets(roles),
        "logs": targets.log_groups(stack, roles),
        "people": targets.pool(stack),
        "gateway": targets.gateway(stack),
        "account": targets.account(stack, root),
    }


@pytest.mark.parametrize("kind", TRIED)
@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_role_may_do_exactly_what_its_work_needs(role, kind, roles, places):
    allowed = MAY[role].get(kind, {})
    wrong = {}
    for name, target in places[kind].items():
        for action, call in TRIED[kind].items():
            refused = refusal(lambda call=call, target=target: call(roles[role].client, target))
            if (refused is None) != (action in allowed.get(name, set())):
                wrong[name, action] = refused or "allowed"

    assert wrong == {}


def test_the_table_of_what_is_allowed_names_what_is_tried_only(places):
    for kinds in MAY.values():
        for kind, by_name in kinds.items():
            assert set(by_name) <= set(places[kind])
            assert set().union(*by_name.values()) <= set(TRIED[kind])
