"""How acceptances that two admins agreed on ended, where people look for it: audit log, review and timeline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from intake.errors import ContentionError
from intake.files.model import FileRecord, TimelineEntry
from intake.files.ports import Verdicts
from intake.operations.model import AuditEntry
from intake.operations.ports import AuditLog
from intake.orders.commands import DoTask
from intake.orders.model import ACCEPTING, Answer, Answered, Review
from intake.orders.ports import Reviews

PROCESSOR = "processor"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResults:
    """Tells results; what is told twice is told once, but for the audit log, where a crash may leave two entries."""

    verdicts: Verdicts
    reviews: Reviews
    audit: AuditLog
    clock: Callable[[], datetime]

    def find_agreed(self, record: FileRecord, actor: str) -> Review | None:
        """Return the review that two people agreed on, of whom `actor` was the second."""
        review = self.reviews.review(record.file_id)
        agreed = review is not None and review.holds and review.decided_by == actor
        return review if agreed and review and review.clinic_id == record.clinic_id else None

    def keep_out(self, record: FileRecord, steps: tuple[TimelineEntry, ...], why: str) -> None:
        """Tell in the file's timeline that it stays rejected. Raises ContentionError."""
        at = self.clock()
        if not self.verdicts.add_steps(record, (*steps, TimelineEntry(at, PROCESSOR, "review-refused", why)), at):
            raise ContentionError("the record changed while its review was carried out")

    def tell(self, command: DoTask, answered: Answered) -> None:
        """Note in the audit log, and then in the review, how the acceptance ended."""
        review = self.reviews.review(answered.file_id)
        if review is None or review.answer or not review.holds or review.decided_by != command.actor:
            return
        self.audit.write(
            AuditEntry(
                at=self.clock(),
                actor=PROCESSOR,
                actor_name="Automatic checks",
                action="review.accepted" if answered.answer in ACCEPTING else "review.refused",
                clinic_id=review.clinic_id,
                subject=review.file_id,
                reason=review.reason,
                detail=_describe(command, answered.answer, answered.codes),
            )
        )
        self.reviews.conclude(review, answered.answer, answered.codes)


def list_steps(review: Review, confirmed: str, order_id: str) -> tuple[TimelineEntry, ...]:
    """Return what a timeline tells of the two who agreed."""
    decided_at = review.decided_at or review.proposed_at
    return (
        TimelineEntry(review.proposed_at, review.proposed_by, "review-proposed"),
        TimelineEntry(decided_at, review.decided_by, confirmed, order_id),
    )


def _describe(command: DoTask, answer: Answer, codes: tuple[str, ...]) -> dict[str, str]:
    told = {"order": command.order_id, "answer": answer.value}
    return {**told, "codes": ",".join(codes)} if codes else told
