"""What the calls are tried on: every bucket, table, queue, topic, key, secret, function, role and log group of the
stack."""

from typing import Any

from infra.local.demo import api_id
from infra.local.deployment import STACK_NAME
from infra.local.stack import LocalStack
from tests.emulator.strict.actions import SEED, Target
from tests.emulator.strict.roles import Caller, Role

Targets = dict[str, Target]


def buckets(stack: LocalStack) -> Targets:
    """An object lies in each, and its version is known."""
    names = ("incoming", "accepted", "quarantine", "renditions", "logs")
    found = {name: stack.outputs[f"{name.title()}Bucket"] for name in names}
    return {name: Target(bucket, {"version": _seeded(stack, bucket)}) for name, bucket in found.items()}


def _seeded(stack: LocalStack, bucket: str) -> str:
    return stack.clients.s3.put_object(Bucket=bucket, Key=SEED, Body=b"seed")["VersionId"]


def tables(stack: LocalStack) -> Targets:
    keys = {"records": ("Table", "clinic_key"), "audit": ("AuditTable", "clinic_id")}
    return {name: Target(stack.outputs[output], {"by_clinic": key}) for name, (output, key) in keys.items()}


def queues(stack: LocalStack) -> Targets:
    names = {
        "main": "QueueUrl",
        "dead letters": "DeadLetterQueueUrl",
        "projection failures": "ProjectionFailuresQueueUrl",
        "projection redrives": "ProjectionRedrivesQueueUrl",
        "renditions": "RenditionsQueueUrl",
        "mailbox": "MailboxQueueUrl",
        "undelivered events": "WebhookDeadLetterQueueUrl",
    }
    return {
        **{name: Target(stack.outputs[output]) for name, output in names.items()},
        "failed invocations": Target(_made(stack, "QueueingFailedInvocations")),
    }


def topics(stack: LocalStack, root: Caller) -> Targets:
    foreign = root.client("sns").create_topic(Name="foreign")["TopicArn"]
    return {
        "alerts": Target(stack.outputs["AlertTopicArn"]),
        "events": Target(stack.outputs["EventTopicArn"]),
        "foreign": Target(foreign),
    }


def keys(stack: LocalStack) -> Targets:
    return {"data": Target(_made(stack, "KeysData")), "messages": Target(_made(stack, "KeysMessages"))}


def secrets(stack: LocalStack, root: Caller) -> Targets:
    foreign = root.client("secretsmanager").create_secret(Name="foreign", SecretString="x")["ARN"]
    variables = _function(stack, "Portal")["Environment"]["Variables"]
    return {"portal's": Target(variables["SCALPER_PORTAL_SECRET"]), "foreign": Target(foreign)}


def functions(stack: LocalStack, roles: dict[str, Role]) -> Targets:
    return {name: Target(stack.outputs[f"{name.title()}Function"]) for name in roles}


def role_targets(roles: dict[str, Role]) -> Targets:
    return {name: Target(role.arn, {"name": role.name}) for name, role in roles.items()}


def log_groups(stack: LocalStack, roles: dict[str, Role]) -> Targets:
    return {name: Target(_function(stack, name.title())["LoggingConfig"]["LogGroup"]) for name in roles}


def pool(stack: LocalStack) -> Targets:
    return {"people": Target(stack.outputs["UserPoolId"], {"client": stack.demo.partner.client_id})}


def gateway(stack: LocalStack) -> Targets:
    return {"API": Target(api_id(stack.outputs["ApiUrl"]), {"authorizer": stack.outputs["AuthorizerId"]})}


def account(stack: LocalStack, root: Caller) -> Targets:
    topic = stack.outputs["AlertTopicArn"]
    mailbox, *_ = root.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return {"account": Target("", {"subscription": mailbox["SubscriptionArn"]})}


def _function(stack: LocalStack, name: str) -> dict[str, Any]:
    return stack.clients.functions.get_function_configuration(FunctionName=stack.outputs[f"{name}Function"])


def _made(stack: LocalStack, logical_id: str) -> str:
    """Return the physical id of the one resource whose logical id begins so and ends in the CDK's hash."""
    pages = stack.clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    rows = [row for page in pages for row in page["StackResourceSummaries"]]
    (found,) = [row for row in rows if row["LogicalResourceId"][:-8] == logical_id]
    return found["PhysicalResourceId"]
