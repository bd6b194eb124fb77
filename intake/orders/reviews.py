"""Reviews in the table, behind the `Reviews` port.

That two people decide is a condition of the write itself, so that no race and no second form gets round it.
"""

from collections.abc import Sequence
from datetime import datetime

from intake.errors import ConflictError, NotFoundError
from intake.files.model import timestamp
from intake.orders.model import ACCEPTING, Answer, Review
from intake.table.expressions import clinic, replacement, update
from intake.table.items import Item, expiry, moment
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

_REVIEWS = "REVIEWS"


class DynamoReviews:
    """Keeps proposals until they are decided, and decisions for a week."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def propose(self, review: Review) -> bool:
        item = {
            **_key(review.file_id),
            "clinic_id": review.clinic_id,
            "codes": list(review.codes),
            "reason": review.reason,
            "proposed_by": review.proposed_by,
            "proposed_by_name": review.proposed_by_name,
            "proposed_at": timestamp(review.proposed_at),
        }
        free, values = "confirmed = :no OR in_vain = :yes", {":no": False, ":yes": True}
        return self._table.write_if(replacement(item, clinic(review.clinic_id), condition=free, values=values))

    def decide(self, review: Review, *, confirmed: bool, by: str, name: str, at: datetime) -> Review:
        decided = update(
            _key(review.file_id),
            clinic(review.clinic_id),
            sets={
                "decided_by": by,
                "decided_by_name": name,
                "decided_at": timestamp(at),
                "confirmed": confirmed,
                "expires": expiry(),
            },
            condition="attribute_not_exists(decided_by)" + (" AND proposed_by <> :by" if confirmed else ""),
            values={":by": by} if confirmed else {},
        )
        try:
            return _review(self._table.update_and_get(decided))
        except ConditionFailedError as refused:
            standing = refused.standing
            if standing and "decided_by" not in standing and standing["clinic_id"] == review.clinic_id:
                raise ConflictError("another admin than the proposer has to decide") from refused
            raise NotFoundError("no proposal waits for that file") from refused

    def conclude(self, review: Review, answer: Answer, codes: Sequence[str]) -> bool:
        concluded = update(
            _key(review.file_id),
            clinic(review.clinic_id),
            sets={"answer": answer.value, "in_vain": answer not in ACCEPTING, "refused_for": list(codes)},
            condition="confirmed = :yes AND decided_by = :by AND attribute_not_exists(answer)",
            values={":yes": True, ":by": review.decided_by},
        )
        return self._table.write_if(concluded)

    def review(self, file_id: str) -> Review | None:
        item = self._table.get(_key(file_id))
        return _review(item) if item else None

    def list_waiting(self, limit: int) -> tuple[Review, ...]:
        found = map(
            _review,
            self._table.items(Query(_REVIEWS, where="attribute_not_exists(decided_by)", consistent=True)),
        )
        return tuple(sorted(found, key=lambda review: review.proposed_at)[:limit])


def _key(file_id: str) -> Item:
    return {"pk": _REVIEWS, "sk": file_id}


def _review(item: Item) -> Review:
    decided_at = item.get("decided_at")
    return Review(
        file_id=item["sk"],
        clinic_id=item["clinic_id"],
        codes=tuple(item["codes"]),
        reason=item["reason"],
        proposed_by=item["proposed_by"],
        proposed_by_name=item["proposed_by_name"],
        proposed_at=moment(item["proposed_at"]),
        decided_by=item.get("decided_by", ""),
        decided_by_name=item.get("decided_by_name", ""),
        decided_at=moment(decided_at) if decided_at else None,
        confirmed=item.get("confirmed", False),
        answer=Answer(item["answer"]) if item.get("answer") else None,
        refused_for=tuple(item.get("refused_for", ())),
    )
