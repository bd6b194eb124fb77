"""The queue between the incoming bucket and the judge, and where messages go that cannot be processed."""

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.iam import let_service

_RETENTION = Duration.days(14)
_MAX_RECEIVES = 5


class Queueing(Construct):
    """`main` feeds the judge; `dead_letters` keeps what failed five times; `projection_failures` the stream's.

    `projection_redrives` brings the projector what an admin takes out of the latter; `export_failures` and
    `export_redrives` are the exporter's. `failed_invocations` keeps what Lambda gave up of invocations that nobody
    waits for, such as the sweep's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        judge_timeout_s: int,
        projector_timeout_s: int,
        exporter_timeout_s: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = self._add_queue("DeadLetters", key)
        self.projection_failures = self._add_queue("ProjectionFailures", key)
        self.export_failures = self._add_queue("ExportFailures", key)
        self.failed_invocations = self._add_queue("FailedInvocations", key)
        self.main = self._add_queue("Main", key, timeout_s=judge_timeout_s, then=self.dead_letters)
        self.projection_redrives = self._add_queue(
            "ProjectionRedrives", key, timeout_s=projector_timeout_s, then=self.projection_failures
        )
        self.export_redrives = self._add_queue(
            "ExportRedrives", key, timeout_s=exporter_timeout_s, then=self.export_failures
        )
        # By account and not by bucket: the bucket needs this policy first, and naming it back would close a circle.
        self.main.add_to_resource_policy(let_service("s3", ["sqs:SendMessage"], self.main.queue_arn))

    def _add_queue(
        self, construct_id: str, key: kms.IKey, *, timeout_s: int | None = None, then: sqs.IQueue | None = None
    ) -> sqs.Queue:
        """Return a queue: one for looking into, or one that feeds a function and gives up what fails five times."""
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            # Six times the function's timeout (Lambda guide, "Using Lambda with Amazon SQS").
            visibility_timeout=Duration.seconds(6 * timeout_s) if timeout_s else None,
            dead_letter_queue=sqs.DeadLetterQueue(queue=then, max_receive_count=_MAX_RECEIVES) if then else None,
        )

    @property
    def main_policy(self) -> CfnResource:
        """The main queue's policy, which must stand before S3 checks that it may notify."""
        policy = self.main.node.find_child("Policy").node.default_child
        if not isinstance(policy, CfnResource):
            raise TypeError("The main queue has no policy.")
        return policy
