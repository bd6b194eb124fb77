"""The monthly budget (sources: AWS Cost Management User Guide, "Managing your costs with AWS Budgets")."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

_TOLD_AT = (80, 100)
"""Per cent of the budget that was spent."""


class Budget(Construct):
    """All that the account costs in a month, told of through the alert topic.

    The whole account and not what bears our tags: tags count only where the account's owner has activated them, and
    a budget that sees nothing would never speak.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic, monthly_usd: int) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Monthly",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=[_notification(topic, per_cent) for per_cent in _TOLD_AT],
        )


def _notification(topic: sns.ITopic, per_cent: int) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type="ACTUAL",
            comparison_operator="GREATER_THAN",
            threshold=per_cent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)],
    )
