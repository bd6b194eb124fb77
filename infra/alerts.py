"""How people hear of trouble: the topic, the mailbox that keeps a copy of every alert, and the first alarms."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_FIVE_MINUTES = Duration.minutes(5)


class Alerts(Construct):
    """One encrypted topic. The admin page reads the mailbox, which forgets after 14 days."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name="Silent Scalper", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(_published_by_alarms(self.topic))
        self.mailbox = sqs.Queue(
            self,
            "Mailbox",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.mailbox.add_to_resource_policy(_delivered_by(self.topic, self.mailbox))
        sns.Subscription(
            self,
            "Delivery",
            topic=self.topic,
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=self.mailbox.queue_arn,
            raw_message_delivery=False,
        )

    def watch_dead_letters(self, construct_id: str, queue: sqs.IQueue) -> None:
        """Alarm as soon as anything stands in a queue that should be empty."""
        metric = queue.metric_approximate_number_of_messages_visible(period=_FIVE_MINUTES, statistic="Maximum")
        self._alarm(construct_id, metric, threshold=0, description="Messages that could not be processed are waiting.")

    def watch_backlog(self, construct_id: str, queue: sqs.IQueue, *, minutes: int) -> None:
        """Alarm when the oldest message has waited longer than `minutes`."""
        metric = queue.metric_approximate_age_of_oldest_message(period=_FIVE_MINUTES, statistic="Maximum")
        self._alarm(construct_id, metric, threshold=60 * minutes, description="Files are waiting for their verdict.")

    def watch_errors(self, construct_id: str, function: lambda_.IFunction) -> None:
        """Alarm when a function fails at all; each failure is retried, so this tells of trouble before loss."""
        metric = function.metric_errors(period=_FIVE_MINUTES, statistic="Sum")
        self._alarm(construct_id, metric, threshold=0, description="A function of the pipeline is failing.")

    def _alarm(self, construct_id: str, metric: cloudwatch.IMetric, *, threshold: float, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=alarm_name(Stack.of(self).stack_name, construct_id),
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))


def alarm_name(stack: str, alarm: str) -> str:
    """Return the name of an alarm of a stack: the pipeline, which stands in another stack, knows alarms by it."""
    return f"{stack}-{alarm}"


def _published_by_alarms(topic: sns.Topic) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )


def _delivered_by(topic: sns.Topic, queue: sqs.Queue) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("sns.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
    )
