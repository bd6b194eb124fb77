"""What deployed roles may do: by policies of their own, by the shared one, and by those of buckets."""

from collections.abc import Iterator
from typing import Any

from infra.compliance.physical_names import Deployed

_PART = "silent-scalper-part"


def find_role(deployed: Deployed, stack: str, function: str) -> str:
    """Return the logical id of a function's role."""
    template = deployed.templates[stack]
    name = template["Outputs"][f"{function}Function"]["Value"]["Ref"]
    return str(template["Resources"][name]["Properties"]["Role"]["Fn::GetAtt"][0])


def may(deployed: Deployed, stack: str, role: str) -> set[tuple[str, str]]:
    """Return action and resource of all that a role's policies and buckets' allow it."""
    resources = deployed.templates[stack]["Resources"]
    part = next((tag["Value"] for tag in resources[role]["Properties"].get("Tags", []) if tag["Key"] == _PART), None)
    return {
        (action, resource)
        for one in _statements(resources, role)
        if part in one.get("Condition", {}).get("StringEquals", {}).get(f"aws:PrincipalTag/{_PART}", [part])
        for action in _listed(one["Action"])
        for resource in _listed(deployed.resolve(stack, one["Resource"]))
    }


def _statements(resources: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for arn in resources[role]["Properties"]["ManagedPolicyArns"]:
        yield from resources[arn["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
    for body in resources.values():
        if body["Type"] == "AWS::S3::BucketPolicy":
            for one in body["Properties"]["PolicyDocument"]["Statement"]:
                if one["Effect"] == "Allow" and one["Principal"] == {"AWS": {"Fn::GetAtt": [role, "Arn"]}}:
                    yield one


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
