"""Reviews in the table, behind the `Reviews` port.

That two people decide is a condition of the write itself, so that no race and no second form gets round it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of, standing_item
from intake.errors import ConflictError, NotFoundError
from intake.expressions import replacement, update
from intake.items import Item, expiry, moment, plain, wire
from intake.ownership import clinic
from intake.ports import Review
from intake.record import timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_REVIEWS = "REVIEWS"


class DynamoReviews:
    """Keeps proposals until they are decided, and decisions for a week."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
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
        try:
            declined = replacement(
                self._table, item, clinic(review.clinic_id), condition="confirmed = :no", values={":no": False}
            )
            self._dynamodb.put_item(**declined)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def decide(self, review: Review, *, confirmed: bool, by: str, name: str, at: datetime) -> Review:
        decided = update(
            self._table,
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
            answer = self._dynamodb.update_item(**decided, ReturnValues="ALL_NEW")
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            standing = plain(standing_item(error))
            if standing and "decided_by" not in standing and standing["clinic_id"] == review.clinic_id:
                raise ConflictError("another admin than the proposer has to decide") from error
            raise NotFoundError("no proposal waits for that file") from error
        return _review(plain(answer["Attributes"]))

    def review(self, file_id: str) -> Review | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_key(file_id)), ConsistentRead=True)
        return _review(plain(answer["Item"])) if "Item" in answer else None

    def waiting(self, limit: int) -> tuple[Review, ...]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :reviews",
            FilterExpression="attribute_not_exists(decided_by)",
            ExpressionAttributeValues=wire({":reviews": _REVIEWS}),
            ConsistentRead=True,
        )
        found = [_review(plain(item)) for page in pages for item in page["Items"]]
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
    )
