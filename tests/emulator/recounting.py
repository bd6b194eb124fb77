"""The independent recount of a deployed stack, at the end of each module of tests that used it."""

import contextlib
from dataclasses import dataclass, field

from infra.local.stack import LocalStack
from processor.judge.inspection.carriers import is_carrier_name
from tests.recount.differences import find_differences
from tests.recount.snapshot import take
from tests.waiting import until

PATIENCE_S = 30
"""For how long what is under way may take to come to its end."""


@dataclass
class Recounts:
    """Recounts of one stack. What a module left on purpose is known to those behind it."""

    stack: LocalStack
    _known: set[str] = field(default_factory=set)

    def check(self, reason: str = "") -> None:
        """Recount when the queue is empty and all is projected. Raises AssertionError for a difference that is new.

        With a `reason`, a module disturbs the stack on purpose: what it leaves is known from then on, and no error.
        """
        with contextlib.suppress(AssertionError):
            # A message that nobody takes, as of a test that stopped the judge, is told by what it leaves undone.
            until(lambda: not self._count_messages(), "an empty queue", PATIENCE_S)
        found = self._wait_until_equal(0 if reason else PATIENCE_S)
        self._known.update(found)
        assert reason or not found, "\n".join([f"the recount differs in {len(found)}:", *found[:20]])

    def _count_messages(self) -> int:
        queue = self.stack.outputs["QueueUrl"]
        counts = self.stack.clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        kinds = ("", "NotVisible", "Delayed")
        return sum(int(counts.get(f"ApproximateNumberOfMessages{kind}", 0)) for kind in kinds)

    def _find_new(self) -> list[str]:
        outputs, clients = self.stack.outputs, self.stack.clients
        buckets = (outputs["IncomingBucket"], outputs["AcceptedBucket"], outputs["QuarantineBucket"])
        snapshot = take(clients.dynamodb, outputs["Table"], clients.s3, buckets)
        found = find_differences(
            snapshot, is_carrier=lambda key: is_carrier_name(key.partition("/")[2] or key), copied_once=False
        )
        return [one for one in found if one not in self._known]

    def _wait_until_equal(self, patience_s: float) -> list[str]:
        """Return what is new at last: the projections follow the records within a second or so."""
        found: list[str] = []

        def is_equal() -> bool:
            found[:] = self._find_new()
            return not found

        with contextlib.suppress(AssertionError):
            until(is_equal, "an equal recount", patience_s)
        return found
