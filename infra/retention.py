"""What outlives its stack, and what does not: a first deployment that fails leaves nothing (docs/adr/0052)."""

from typing import Any

from aws_cdk import Aws, CfnCondition, CfnParameter, CfnResource, Fn, IResolvable, RemovalPolicy, Stack
from constructs import IConstruct

from infra.config import StageConfig

PROTECTION = "DeletionProtection"
"""Parameter of the core: `false` for its first deployment alone (`infra/delivery/rollout.py`)."""

UNPROTECTED = "SCALPER_UNPROTECTED"
"""Environment variable of the app: names the stacks that are made for the first time, with blanks between."""

_PROTECTED = "IsProtected"


def choose_removal(config: StageConfig) -> RemovalPolicy:
    """Return what becomes of what holds data when its stack goes.

    What is retained is so once it stands: a creation that is rolled back takes it away again, or the second try would
    find it in its way (CloudFormation reference, "DeletionPolicy attribute", `RetainExceptOnCreate`).
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if config.retain_data else RemovalPolicy.DESTROY


def name_once(name: str) -> str:
    """Return a physical name that no other creation of the stack has: what is retained leaves its name taken.

    It ends in the first eight hexadecimal digits of the id that each creation of a stack draws
    (`arn:…:stack/name/1c2fa620-982a-…`).
    """
    drawn = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    return f"{name}-{Fn.select(0, Fn.split('-', drawn))}"


class Protection:
    """Keeps tables and people from being deleted, but for while the stack is made: a rollback could not end then.

    It is a parameter, so that nothing drifts, and on where nobody says otherwise, whoever deploys.
    """

    def __init__(self, stack: Stack) -> None:
        given = CfnParameter(
            stack,
            PROTECTION,
            default="true",
            allowed_values=["true", "false"],
            description="Refuse to delete tables and people; false for a stack's first deployment, until it stands",
        )
        CfnCondition(stack, _PROTECTED, expression=Fn.condition_equals(given.value_as_string, "true"))

    def choose(self, protected: Any, unprotected: Any) -> IResolvable:  # noqa: ANN401  # Whatever a property takes.
        """Return the value of a property that protects, as the parameter says."""
        return Fn.condition_if(_PROTECTED, protected, unprotected)

    def switch(self, construct: IConstruct, name: str, protected: Any, unprotected: Any) -> None:  # noqa: ANN401
        """Set a property that protects of the resource that a construct stands for."""
        resource = construct.node.default_child
        if not isinstance(resource, CfnResource):
            raise TypeError(f"{construct.node.path} has no resource.")
        resource.add_property_override(name, self.choose(protected, unprotected))
