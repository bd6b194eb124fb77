"""The stack of what operators use and the emulator's CloudFormation does not know."""

from aws_cdk import Environment, Stack
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig
from infra.data.saved_queries import SavedQueries
from infra.observability.budget import Budget


class Operations(Stack):
    """Stands beside the core, and holds nothing that a file needs on its way."""

    def __init__(self, scope: Construct, *, config: StageConfig, core: Stack, alert_topic: sns.ITopic) -> None:
        super().__init__(
            scope, f"{config.prefix}-Operations", env=Environment(account=config.account, region=config.region)
        )
        self.add_stack_dependency(core)
        SavedQueries(self, "SavedQueries", prefix=config.prefix)
        if config.monthly_budget_usd is not None:
            Budget(self, "Budget", topic=alert_topic, monthly_usd=config.monthly_budget_usd)
