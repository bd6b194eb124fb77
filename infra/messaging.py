"""What carries word: queues, alerts, webhooks, the events of AWS itself, and the mails of accounts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import ArnFormat, CfnResource, Duration, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import FunctionConfig, StageConfig
from infra.iam import let_service
from intake.languages import LANGUAGES, mark, speaking
from intake.messaging.mails import gettext
from intake.messaging.retries import MAX_RECEIVES, VISIBILITY_FACTOR


class Queueing(Construct):
    """`main` feeds the judge; `dead_letters` keeps what was given up; `projection_failures` the stream's.

    `projection_redrives` brings the projector what an admin takes out of the latter; `export_failures` and
    `export_redrives` are the exporter's. `renditions` asks for pictures. `failed_invocations` keeps what was given up
    of what nobody waits for: pictures, invocations of Lambda and the schedule, what a rule of EventBridge was to tell.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, config: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _add_queue(self, "DeadLetters", key)
        self.projection_failures = _add_queue(self, "ProjectionFailures", key)
        self.export_failures = _add_queue(self, "ExportFailures", key)
        self.failed_invocations = _add_queue(self, "FailedInvocations", key)
        self.main = _add_queue(self, "Main", key, feeds=config.judge, then=self.dead_letters)
        self.projection_redrives = _add_queue(
            self, "ProjectionRedrives", key, feeds=config.projector, then=self.projection_failures
        )
        self.export_redrives = _add_queue(self, "ExportRedrives", key, feeds=config.exporter, then=self.export_failures)
        # A picture that is given up is made when somebody wants it: it needs no queue, and no alarm, of its own.
        self.renditions = _add_queue(self, "Renditions", key, feeds=config.renderer, then=self.failed_invocations)
        # By account and not by bucket: the bucket needs this policy first, and naming it back would close a circle.
        self.main.add_to_resource_policy(let_service("s3", ["sqs:SendMessage"], self.main.queue_arn))

    @property
    def main_policy(self) -> CfnResource:
        """The main queue's policy, which must stand before S3 checks that it may notify."""
        policy = self.main.node.find_child("Policy").node.default_child
        if not isinstance(policy, CfnResource):
            raise TypeError("The main queue has no policy.")
        return policy


def _add_queue(
    scope: Construct,
    construct_id: str,
    key: kms.IKey,
    *,
    feeds: FunctionConfig | None = None,
    then: sqs.IQueue | None = None,
) -> sqs.Queue:
    """Add a queue: one for looking into, or one that feeds a function and gives up what fails too often.

    What fails is put off by its function. The queue's own patience is for what no function answers for, as its worker
    died: within it, another one may be at the same message still.
    """
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * feeds.timeout_s) if feeds else None,
        dead_letter_queue=sqs.DeadLetterQueue(queue=then, max_receive_count=MAX_RECEIVES) if then else None,
    )


class Alerts(Construct):
    """One encrypted topic. The admin page reads the mailbox, which forgets after 14 days.

    SNS asks each of the `emails` to confirm; until then it sends them nothing. What it cannot deliver to a subscription
    goes to `undelivered`; what EventBridge cannot publish goes to `failed`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        undelivered: sqs.Queue,
        failed: sqs.Queue,
        emails: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.failed, self._undelivered = failed, undelivered
        self.topic = sns.Topic(self, "Topic", display_name="Silent Scalper", master_key=key, enforce_ssl=True)
        for service in ("cloudwatch", "budgets"):
            self.topic.add_to_resource_policy(let_service(service, ["sns:Publish"], self.topic.topic_arn))
        self.mailbox = _add_queue(self, "Mailbox", key)
        deliver = let_service("sns", ["sqs:SendMessage"], self.mailbox.queue_arn, source_arn=self.topic.topic_arn)
        self.mailbox.add_to_resource_policy(deliver)
        self.tell("Delivery", sns.SubscriptionProtocol.SQS, self.mailbox.queue_arn)
        for address in emails:
            self.tell(f"To{address}", sns.SubscriptionProtocol.EMAIL, address)

    def tell(self, construct_id: str, protocol: sns.SubscriptionProtocol, endpoint: str) -> None:
        """Subscribe an endpoint."""
        sns.Subscription(
            self,
            construct_id,
            topic=self.topic,
            protocol=protocol,
            endpoint=endpoint,
            dead_letter_queue=self._undelivered,
        )


class Webhooks(Construct):
    """An encrypted topic whose messages are signed by SHA-256, and a queue for those that nobody took within an hour.

    The portal makes the subscriptions, one per webhook, each with a filter policy of its own. The queue has the letters
    of every other topic's subscriptions too.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, config: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Events",
            display_name="Silent Scalper events",
            master_key=key,
            enforce_ssl=True,
            signature_version="2",
        )
        self.dead_letters = _add_queue(self, "Undelivered", key)
        give_up = let_service("sns", ["sqs:SendMessage"], self.dead_letters.queue_arn, source_arn=self.topic.topic_arn)
        self.dead_letters.add_to_resource_policy(give_up)
        if config.delivery:
            approvals = Stack.of(self).format_arn(service="sns", resource=f"{config.prefix}-Delivery-*")
            by_topic = {"ArnLike": {"aws:SourceArn": approvals}}
            leave = let_service("sns", ["sqs:SendMessage"], self.dead_letters.queue_arn, conditions=by_topic)
            self.dead_letters.add_to_resource_policy(leave)


class EventAlert(Construct):
    """One rule. `message` may name parts of the event in angle brackets, which `parts` finds by JSON path.

    What cannot be published for a day is a dead letter. The rule sees what only reads as well, such as `AssumeRole`:
    in the state `ENABLED` it would not (EventBridge guide, "Receiving read-only management events from AWS services").
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        alerts: Alerts,
        pattern: Mapping[str, Any],
        parts: Mapping[str, str],
        message: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    arn=alerts.topic.topic_arn,
                    id="Alerts",
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=alerts.failed.queue_arn),
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=dict(parts), input_template=f'"{message}"'
                    ),
                )
            ],
        )


def admit_events(stack: Stack, config: StageConfig, *, alerts: Alerts) -> None:
    """Let EventBridge publish to the topic, and the rules of a stage, which its prefix names, leave letters.

    No condition on the topic: EventBridge passes none on, and would be refused without a word (EventBridge guide,
    "Amazon SNS permissions": "You can't use of Condition blocks in Amazon SNS topic policies for EventBridge").
    """
    publish = iam.PolicyStatement(
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[alerts.topic.topic_arn],
    )
    alerts.topic.add_to_resource_policy(publish)
    rules = stack.format_arn(
        service="events",
        resource="rule",
        resource_name=f"{config.prefix}-*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    # EventBridge guide, "Using dead-letter queues to process undelivered events".
    by_rules = {"ArnLike": {"aws:SourceArn": rules}}
    leave = let_service("events", ["sqs:SendMessage"], alerts.failed.queue_arn, conditions=by_rules)
    alerts.failed.add_to_resource_policy(leave)


def write_invitation(portal_origin: str) -> cognito.UserInvitationConfig:
    """Return the mail to somebody whom an account was made for. The user pool fills in name and password, once each."""
    told = mark(
        "An account was made for you, to send medical images and documents and to follow them. Sign in with this email "
        "address, or with the user name, and the temporary password. It works for three days; you choose a password of "
        "your own when you sign in."
    )
    return cognito.UserInvitationConfig(
        email_subject=_join_languages(mark("Your account at Silent Scalper")),
        email_body=(
            f'{_write_paragraphs(told)}<p><a href="{portal_origin}">{portal_origin}</a></p>'
            f"<p>{_join_languages(mark('User name'))}: {{username}}</p>"
            f"<p>{_join_languages(mark('Temporary password'))}: <b>{{####}}</b></p>"
        ),
    )


def write_code_mail() -> cognito.UserVerificationConfig:
    """Return the mail with a code, which is what somebody gets who chooses a new password."""
    told = mark("Enter this code where Silent Scalper asks for it. If you do not expect one, ask your administrator.")
    return cognito.UserVerificationConfig(
        email_subject=_join_languages(mark("Your code for Silent Scalper")),
        email_body=f"{_write_paragraphs(told)}<p><b>{{####}}</b></p>",
    )


def _list_translations(text: str) -> Iterator[tuple[str, str]]:
    """Yield a text in each language: a user pool has one template, whoever is written to."""
    for language in LANGUAGES:
        with speaking(language):
            yield language, gettext(text)


def _join_languages(text: str) -> str:
    return " / ".join(translated for _, translated in _list_translations(text))


def _write_paragraphs(text: str) -> str:
    return "".join(f'<p lang="{language}">{translated}</p>' for language, translated in _list_translations(text))
