"""Questions to a CloudFormation template."""

import json
from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]


class Template:
    """Finds resources by type and by what they are for, never by a generated id."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.resources: dict[str, Resource] = content["Resources"]

    def of_type(self, kind: str) -> dict[str, Resource]:
        found = {name: body for name, body in self.resources.items() if body["Type"] == kind}
        assert found, f"no {kind} in the template"
        return found

    def properties_of(self, kind: str) -> list[dict[str, Any]]:
        return [body.get("Properties", {}) for body in self.of_type(kind).values()]

    def output(self, name: str) -> str:
        """Return the id of the resource that an output names."""
        value = self.content["Outputs"][name]["Value"]
        return value.get("Ref") or value["Fn::GetAtt"][0]

    def named_by(self, output: str) -> dict[str, Any]:
        """Return the properties of the resource that an output names."""
        return self.resources[self.output(output)]["Properties"]

    def statements_of(self, function_output: str) -> list[dict[str, Any]]:
        """Return what the role of a function may do, by its own policies and by buckets', one action and one resource
        in each."""
        name = self.named_by(function_output)["Role"]["Fn::GetAtt"][0]
        role = self.resources[name]["Properties"]
        assert not role.get("Policies"), "a role carries no inline policy"
        documents = [self.resources[arn["Ref"]]["Properties"]["PolicyDocument"] for arn in role["ManagedPolicyArns"]]
        return [*_single(documents), *_single(self._opened_to(name))]

    def _opened_to(self, role: str) -> list[dict[str, Any]]:
        """Return what policies of buckets let a role do."""
        return [
            {"Statement": [one for one in document["Statement"] if _admits(one["Principal"], role)]}
            for document in self.resource_policies()
        ]

    def may(self, function_output: str, action: str) -> set[str]:
        """Return the outputs' or resources' ids on which a function may perform an action."""
        return {
            _target(statement["Resource"])
            for statement in self.statements_of(function_output)
            if statement["Action"] == action
        }

    def gives_up_to(self, function_output: str) -> str:
        """Return the id of the queue that gets what Lambda gave up of a function's invocations."""
        return self.named_by(function_output)["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0]

    def sends_to(self, function_output: str) -> set[str]:
        """Return the queues that a function sends to in its work."""
        return self.may(function_output, "sqs:SendMessage") - {self.gives_up_to(function_output)}

    def actions(self, function_output: str) -> set[str]:
        return {statement["Action"] for statement in self.statements_of(function_output)}

    def denied_without_tls(self, resource_id: str) -> bool:
        """Say whether some policy denies everybody everything on a resource over plain HTTP."""
        return any(
            statement["Effect"] == "Deny"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            and statement["Principal"] in ("*", {"AWS": "*"})
            and resource_id in json.dumps(statement["Resource"])
            for document in self.resource_policies()
            for statement in document["Statement"]
            if "Condition" in statement
        )

    def resource_policies(self) -> list[dict[str, Any]]:
        kinds = {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"}
        return [body["Properties"]["PolicyDocument"] for body in self.resources.values() if body["Type"] in kinds]


def switched(value: Any, *, protected: bool) -> Any:
    """Return a value as CloudFormation takes it where the parameter `DeletionProtection` is on, or off."""
    if isinstance(value, dict):
        if list(value) == ["Fn::If"] and value["Fn::If"][0] == "IsProtected":
            return switched(value["Fn::If"][1 if protected else 2], protected=protected)
        return {name: switched(one, protected=protected) for name, one in value.items()}
    if isinstance(value, list):
        return [switched(one, protected=protected) for one in value if switched(one, protected=protected) != _NOTHING]
    return value


_NOTHING = {"Ref": "AWS::NoValue"}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _admits(principal: Any, role: str) -> bool:
    return isinstance(principal, dict) and {"Fn::GetAtt": [role, "Arn"]} in listed(principal.get("AWS"))


def _single(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield {**statement, "Action": action, "Resource": resource}


def _target(resource: Any) -> str:
    """Return `*`, or the id of the resource that an ARN is made from."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        return resource["Fn::GetAtt"][0]
    if "Ref" in resource:
        return resource["Ref"]
    return next(_target(part) for part in resource["Fn::Join"][1] if not isinstance(part, str))
