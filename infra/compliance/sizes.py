"""How large each policy and each function's environment becomes, and how large AWS lets it be."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.compliance.physical_names import Deployed

SHARE = 0.9
"""Of each limit that may be used: the rest is for the next permission, and for what is longer than we think."""

_POLICIES = {
    ("AWS::IAM::ManagedPolicy", "PolicyDocument"): 6144,
    ("AWS::IAM::Role", "AssumeRolePolicyDocument"): 2048,
    ("AWS::KMS::Key", "KeyPolicy"): 32 * 1024,
    ("AWS::S3::BucketPolicy", "PolicyDocument"): 20 * 1024,
    ("AWS::SQS::QueuePolicy", "PolicyDocument"): 8192,
    ("AWS::SNS::TopicPolicy", "PolicyDocument"): 30 * 1024,
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy"): 20 * 1024,
    ("AWS::DynamoDB::Table", "ResourcePolicy"): 20 * 1024,
    ("AWS::Backup::BackupVault", "AccessPolicy"): 20 * 1024,
    ("AWS::Events::EventBusPolicy", "Statement"): 10 * 1024,
}
"""Characters, by the property that holds a document (IAM guide, "IAM and AWS STS quotas"; KMS guide, "Resource quotas";
S3 guide, "Bucket policies"; SQS guide, "Quotas related to policies"; SNS API reference, "SetTopicAttributes"; Secrets
Manager guide, "Quotas"; DynamoDB guide, "Resource-based policy considerations"; EventBridge guide, "Quotas"). AWS
Backup tells none for a vault: taken is the smallest that others of its kind have."""

_INLINE = 10240
"""Characters of all inline policies of a role together."""
_MANAGED = 10
"""Managed policies of a role."""
_ENVIRONMENT = 4096
"""Bytes of a function's environment variables together (Lambda guide, "Lambda quotas")."""
_NO_POLICIES = frozenset({"AWS::WAFv2::WebACL"})
"""Types whose `Statement` is no permission."""


@dataclass(frozen=True, slots=True)
class Size:
    """What one resource takes up of a limit."""

    stack: str
    resource: str
    kind: str
    used: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.used <= SHARE * self.limit

    def __str__(self) -> str:
        return f"{self.stack}/{self.resource}: {self.kind} {self.used} of {self.limit}"


def measure(deployed: Deployed) -> Iterator[Size]:
    """Yield the size of all that has a limit. Raises LookupError for a policy of which no limit is known here."""
    for stack, template in deployed.templates.items():
        for name, resource in template["Resources"].items():
            for kind, used, limit in _measure_resource(deployed, stack, resource):
                yield Size(stack, name, kind, used, limit)


def _measure_resource(deployed: Deployed, stack: str, resource: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    kind, properties = resource["Type"], resource.get("Properties", {})
    for name, value in properties.items():
        if (kind, name) in _POLICIES:
            yield name, count_characters(deployed.resolve(stack, value)), _POLICIES[kind, name]
        elif kind == "AWS::IAM::Role" and name == "Policies":
            documents = [count_characters(deployed.resolve(stack, one["PolicyDocument"])) for one in value]
            yield "inline policies", sum(documents), _INLINE
        elif kind not in _NO_POLICIES and '"Statement"' in json.dumps(value):
            raise LookupError(f"How large {name} of {kind} may be is not known here.")
    if kind == "AWS::IAM::Role":
        yield "managed policies", len(properties.get("ManagedPolicyArns", [])), _MANAGED
    if kind == "AWS::Lambda::Function":
        variables = deployed.resolve(stack, properties.get("Environment", {}).get("Variables", {}))
        yield "environment", count_characters(variables), _ENVIRONMENT


def count_characters(document: Any) -> int:  # noqa: ANN401  # A policy, a statement, or variables.
    """Count as IAM does, without white space, and with what JSON itself needs."""
    return len("".join(json.dumps(document, separators=(",", ":"), ensure_ascii=False).split()))
