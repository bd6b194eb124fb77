"""What helps to operate the core, and what the emulator does not know: a stack of its own."""

from aws_cdk import Environment, Stack
from constructs import Construct

from infra.config import StageConfig
from infra.saved_queries import SavedQueries


class Operations(Stack):
    """Athena's saved queries."""

    def __init__(self, scope: Construct, *, config: StageConfig, core: Stack) -> None:
        super().__init__(
            scope,
            f"{config.prefix}-Operations",
            env=Environment(account=config.account, region=config.region),
        )
        self.add_dependency(core)
        SavedQueries(self, "SavedQueries", prefix=config.prefix)
