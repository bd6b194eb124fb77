"""Each function's calls beside what its role may do, and what stands on one side only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.compliance.physical_names import Deployed
from tests.architecture.sources import Sources
from tests.grants.actions import BY_AWS, NAMESAKES, actions_of
from tests.grants.calls import Call, find_calls
from tests.grants.granted import find_role, may
from tests.grants.reach import Reached


@dataclass(frozen=True)
class Row:
    """One function: what its code calls, by operation the modules where; and what its role is allowed."""

    function: str
    calls: Mapping[Call, frozenset[str]]
    granted: frozenset[str]

    @property
    def needed(self) -> dict[str, list[Call]]:
        """Action → the calls that need it."""
        needed: dict[str, list[Call]] = {}
        for call in sorted(self.calls):
            if (self.function, call) not in NAMESAKES:
                for action in actions_of(call):
                    needed.setdefault(action, []).append(call)
        return needed

    def list_missing(self) -> list[str]:
        """Return calls without their grant, each with the modules that make it."""
        return [
            f"{self.function} calls {service}.{operation} in {', '.join(sorted(self.calls[service, operation]))},"
            f" which needs {action}"
            for action, calls in sorted(self.needed.items())
            if action not in self.granted
            for service, operation in calls
        ]

    def list_idle(self) -> list[str]:
        """Return grants without a call and without a reason."""
        return [
            f"{self.function} may {action}, which nothing of its code calls"
            for action in sorted(self.granted - self.needed.keys())
            if self.function not in BY_AWS.get(action, ((), ""))[0]
        ]


def read_rows(deployed: Deployed, stack: str, sources: Sources) -> Iterator[Row]:
    """Yield a row for each function of a stack, by the handler that its template names."""
    resources = deployed.templates[stack]["Resources"]
    for output, value in deployed.templates[stack]["Outputs"].items():
        body = resources.get(value["Value"].get("Ref", "") if isinstance(value["Value"], dict) else "", {})
        if body.get("Type") == "AWS::Lambda::Function":
            function = output.removesuffix("Function")
            module, _, name = body["Properties"]["Handler"].rpartition(".")
            calls = find_calls(Reached.of(sources, module, name))
            granted = {action for action, _ in may(deployed, stack, find_role(deployed, stack, function))}
            yield Row(function, {call: frozenset(where) for call, where in calls.items()}, frozenset(granted))
