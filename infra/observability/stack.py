"""The stack of what operators use and the emulator's CloudFormation does not know."""

from aws_cdk import Environment, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageConfig
from infra.data.analytics import Names
from portal.saved_queries import QUERIES


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


_TOLD_AT = (80, 100)
"""Per cent of the budget that was spent."""


class Budget(Construct):
    """All that the account costs in a month, told of through the alert topic.

    The whole account and not what bears our tags: tags count only where the account's owner has activated them, and
    a budget that sees nothing would never speak. Source: AWS Cost Management User Guide, "Managing your costs with AWS
    Budgets".
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic, monthly_usd: int) -> None:
        super().__init__(scope, construct_id)
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
        notifications = [
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type="ACTUAL",
                    comparison_operator="GREATER_THAN",
                    threshold=per_cent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[subscriber],
            )
            for per_cent in _TOLD_AT
        ]
        budgets.CfnBudget(
            self,
            "Monthly",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=notifications,
        )


class SavedQueries(Construct):
    """One named query for each, so that Athena's console offers what the admins' page runs.

    The database and workgroup are the core stack's, which has to stand before.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        names = Names.from_prefix(prefix)
        for query in QUERIES:
            athena.CfnNamedQuery(
                self,
                query.key.title().replace("_", ""),
                name=query.title,
                description=query.explanation,
                database=names.database,
                work_group=names.workgroup,
                query_string=query.sql(),
            )
