"""Hold every policy against what IAM knows: actions, what each may be about, and the keys of its conditions.

`python -m infra.compliance.policies --stage prod` prints what no request could ever meet, and fails on it. The
knowledge is the Service Authorization Reference's, as policy_sentry carries it along: nobody is asked.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from policy_sentry.querying.actions import get_action_data, get_actions_for_service

from infra.app import placeholder_bundles, synthesize
from infra.compliance.physical_names import Deployed, Place
from infra.stages import STAGES

GLOBAL_KEYS = frozenset(
    f"aws:{key}".lower()
    for key in (
        "MultiFactorAuthAge", "MultiFactorAuthPresent", "PrincipalAccount", "PrincipalArn", "PrincipalIsAWSService",
        "PrincipalServiceName", "RequestedRegion", "ResourceAccount", "SecureTransport", "SourceAccount", "SourceArn",
    )
)  # fmt: skip
"""Of IAM's guide, "AWS global condition context keys": those of which a policy here may make use."""
_TAGS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")
_OF_ANOTHER_NAME = frozenset({"codestar-connections:UseConnection"})
"""The same service's by the name that older ARNs have: which one is asked for depends on the connection's age."""
_WITH_SLASHES = frozenset({"LogGroupName", "LogStreamName", "ObjectName", "RoleNameWithPath", "SecretId"})
"""Parts of an ARN that hold slashes themselves."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a deployed policy, resolved."""

    stack: str
    resource: str
    content: dict[str, Any]
    on_roles: bool
    """Whether it hangs on a role, and so says itself what it is about; a resource's own is about the resource."""

    def list_faults(self) -> Iterator[str]:
        """Yield what of it no request could meet."""
        actions = [name for pattern in _listed(self.content.get("Action", [])) for name in _expand(pattern)]
        unknown = [one for one in _listed(self.content.get("Action", [])) if not _expand(one)]
        yield from (f"{one} is no action" for one in unknown)
        yield from self._list_foreign_keys(actions)
        if self.on_roles:
            yield from self._list_strange_resources(actions)

    def _list_foreign_keys(self, actions: list[str]) -> Iterator[str]:
        keys = [key for test in self.content.get("Condition", {}).values() for key in test]
        for key in keys:
            of_all = key.lower() in GLOBAL_KEYS or key.lower().startswith(_TAGS)
            if not of_all and not any(_is_about(key, action) for action in actions):
                yield f"{key} is never told with {', '.join(actions)}"

    def _list_strange_resources(self, actions: list[str]) -> Iterator[str]:
        resources = _listed(self.content["Resource"])
        for action in actions:
            if action not in _OF_ANOTHER_NAME and not any(_fits(resource, action) for resource in resources):
                yield f"{action} is never about {', '.join(resources)}"
        for resource in resources:
            if not any(_fits(resource, action) for action in actions):
                yield f"nothing of {', '.join(actions)} is about {resource}"


def list_statements(deployed: Deployed) -> Iterator[Statement]:
    """Yield each statement of each policy."""
    for stack, template in deployed.templates.items():
        for name, resource in template["Resources"].items():
            for document in _find_documents(resource):
                on_roles = resource["Type"] in {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}
                for one in _listed(deployed.resolve(stack, document["Statement"])):
                    yield Statement(stack, name, one, on_roles)


_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "AccessPolicy")


def _find_documents(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    properties = resource.get("Properties", {})
    own = properties.get("ResourcePolicy", {})
    yield from (properties[name] for name in _DOCUMENTS if name in properties)
    if "PolicyDocument" in own:
        yield own["PolicyDocument"]


@cache
def _expand(pattern: str) -> tuple[str, ...]:
    """Return the actions that a pattern means; none where there is no such action."""
    service = pattern.partition(":")[0]
    known = get_actions_for_service(service)
    return tuple(name for name in known if fnmatchcase(name.lower(), pattern.lower()))


@cache
def _describe(action: str) -> tuple[dict[str, Any], ...]:
    service, _, name = action.partition(":")
    described = get_action_data(service, name)
    return tuple(described[service]) if described else ()


def _is_about(key: str, action: str) -> bool:
    plain = key.partition("/")[0].lower()
    known = {told.lower() for one in _describe(action) for told in one["condition_keys"]}
    return any(plain == told.partition("/")[0].partition("${")[0].rstrip(":") or _matches(key, told) for told in known)


def _matches(key: str, told: str) -> bool:
    """Say whether a key is one that is told with a part of its own name, such as `kms:EncryptionContext:${...}`."""
    pattern = re.sub(r"\\\$\\\{[^}]*\\\}", ".+", re.escape(told))
    return re.fullmatch(pattern, key, re.IGNORECASE) is not None


def _fits(resource: str, action: str) -> bool:
    formats = {one["resource_arn_format"] for one in _describe(action)}
    named = formats - {"*"}
    return resource == "*" if not named else any(_is_of_format(resource, one) for one in named)


_ANYTHING, _SEGMENT, _ONE = object(), object(), object()
"""Signs of a pattern: any characters, any but slashes, and exactly one. All others are characters."""


@cache
def _is_of_format(resource: str, told: str) -> bool:
    parts = re.split(r"(\$\{\w+\})", told)
    theirs = [sign for part in parts for sign in (_read_variable(part) if part[:1] == "$" else _read_wildcards(part))]
    return _overlap(tuple(_read_wildcards(resource)), tuple(theirs))


def _read_variable(part: str) -> list[object]:
    return [_ANYTHING if part[2:-1] in _WITH_SLASHES else _SEGMENT]


def _read_wildcards(text: str) -> list[object]:
    return [{"*": _ANYTHING, "?": _ONE}.get(letter, letter) for letter in text]


def _overlap(ours: tuple[object, ...], theirs: tuple[object, ...]) -> bool:
    """Say whether some text fits both patterns: what is reached of one by each beginning of the other."""
    reached = {0}
    for sign in (*ours, None):
        reached = _skip(reached, theirs)
        if sign is None:
            return len(theirs) in reached
        if sign is _ANYTHING:
            reached = set(range(min(reached), len(theirs) + 1)) if reached else set()
            continue
        taken = {place for place in reached if place < len(theirs) and _agree(sign, theirs[place])}
        reached = {place + (theirs[place] not in {_ANYTHING, _SEGMENT}) for place in taken}
    return False


def _skip(reached: set[int], theirs: tuple[object, ...]) -> set[int]:
    """Add the places behind what may be empty."""
    for place in range(len(theirs)):
        if place in reached and theirs[place] in {_ANYTHING, _SEGMENT}:
            reached = reached | {place + 1}
    return reached


def _agree(sign: object, other: object) -> bool:
    return other is _ANYTHING or _ONE in {sign, other} or sign == other or (other is _SEGMENT and sign != "/")


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  # One or several, as JSON policies allow.
    return value if isinstance(value, list) else [value]


def main() -> None:
    parser = argparse.ArgumentParser(description="Hold a stage's policies against what IAM knows.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    config = STAGES[parser.parse_args().stage]
    with tempfile.TemporaryDirectory() as folder:
        assembly = synthesize(config=config, bundles=placeholder_bundles(), out=Path(folder))
        statements = list(list_statements(Deployed.read(assembly, Place(config.region))))
    faults = [f"FAULT: {one.stack}/{one.resource}: {fault}" for one in statements for fault in one.list_faults()]
    print("\n".join([*faults, f"{len(statements)} statements of policies, {len(faults)} faults."]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
