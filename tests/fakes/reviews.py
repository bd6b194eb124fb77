"""Reviews, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from intake.errors import ConflictError, NotFoundError
from intake.orders.model import Answer, Review


@dataclass
class FakeReviews:
    """Keeps reviews for good."""

    by_file: dict[str, Review] = field(default_factory=dict)

    def propose(self, review: Review) -> bool:
        standing = self.by_file.get(review.file_id)
        taken = standing and (not standing.decided_by or (standing.confirmed and not standing.was_in_vain))
        if standing and (taken or standing.clinic_id != review.clinic_id):
            return False
        self.by_file[review.file_id] = review
        return True

    def decide(self, review: Review, *, confirmed: bool, by: str, name: str, at: datetime) -> Review:
        standing = self.by_file.get(review.file_id)
        if standing is None or standing.clinic_id != review.clinic_id or standing.decided_by:
            raise NotFoundError(review.file_id)
        if confirmed and by == standing.proposed_by:
            raise ConflictError(review.file_id)
        decided = replace(standing, decided_by=by, decided_by_name=name, decided_at=at, confirmed=confirmed)
        self.by_file[review.file_id] = decided
        return decided

    def conclude(self, review: Review, answer: Answer, codes: Sequence[str]) -> bool:
        standing = self.by_file.get(review.file_id)
        if standing is None or (standing.clinic_id, standing.decided_by) != (review.clinic_id, review.decided_by):
            return False
        if not standing.confirmed or standing.answer:
            return False
        self.by_file[review.file_id] = replace(standing, answer=answer, refused_for=tuple(codes))
        return True

    def review(self, file_id: str) -> Review | None:
        return self.by_file.get(file_id)

    def list_waiting(self, limit: int) -> tuple[Review, ...]:
        open_ones = [review for review in self.by_file.values() if not review.decided_by]
        return tuple(sorted(open_ones, key=lambda review: review.proposed_at)[:limit])
