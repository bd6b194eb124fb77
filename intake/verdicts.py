"""The table as the processor uses it, behind the `Verdicts` port.

Source: Amazon DynamoDB Developer Guide, "Managing complex workflows with transactions".
"""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from intake.awaited import AwaitedFiles
from intake.aws_errors import code_of
from intake.batches import items_at
from intake.errors import ContentionError
from intake.expressions import transition
from intake.file_items import file_item, file_record, file_summary, object_map, object_version
from intake.file_lists import FileLists
from intake.index_keys import by_state
from intake.items import Item, claim_key, file_key, plain, wire
from intake.keyed_ids import KeyedIds
from intake.keys import UNASSIGNED
from intake.ports import Outcome, Recorded
from intake.record import FileRecord, FileSummary, Source, TimelineEntry, Verdict, timestamp
from intake.scan import Scan
from intake.states import State, may_become
from intake.verdict_items import arrival_attributes, is_initial, verdict_attributes

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 5
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_FAILED_BY_US = frozenset({State.AWAITING_UPLOAD, State.EXPIRED})


class DynamoVerdicts:
    """Moves records. Every write is conditional, so that repeating it changes nothing."""

    def __init__(self, client: "DynamoDBClient", table: str, ids: KeyedIds) -> None:
        self._dynamodb = client
        self._table = table
        self._ids = ids
        self._lists = FileLists(client, table)
        self._awaited = AwaitedFiles(client, table)

    def record(self, verdict: Verdict, *, reserved: bool) -> Recorded:
        moved: Any = {"Update": self._move(verdict, reserved=reserved)}
        claims = [self._claim(verdict, identity) for identity in _identities(verdict)]
        for attempt in range(ATTEMPTS):
            try:
                self._dynamodb.transact_write_items(TransactItems=[moved, *claims])
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = cast("list[dict[str, Any]]", error.response["CancellationReasons"])
                if not any(reason.get("Code") in _BUSY for reason in reasons):
                    return _refusal(verdict, reasons)
                # Full jitter, so that deliveries of the same event stop meeting each other.
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # No secret depends on it.
            else:
                return Recorded(Outcome.RECORDED)
        raise ContentionError("others keep writing the same records")

    def fail(self, record: FileRecord, reason: str) -> bool:
        entry = TimelineEntry(record.updated_at, "sweep", State.FAILED, reason)
        initial = {name: value for name, value in file_item(record).items() if is_initial(name, value)}
        return self._try(
            file_key(record.file_id),
            record.clinic_id,
            State.FAILED,
            entry,
            initial if record.source is Source.DIRECT else None,
        )

    def expire(self, clinic_id: str, file_id: str, at: datetime) -> bool:
        entry = TimelineEntry(at, "sweep", State.EXPIRED)
        return self._try(file_key(file_id), clinic_id, State.EXPIRED, entry, None)

    def delete(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        sets = {
            **by_state(record.clinic_id, record.file_id, State.DELETED),
            "state": State.DELETED.value,
            "updated_at": timestamp(at),
        }
        moved = transition(
            table=self._table,
            key=file_key(record.file_id),
            sources=may_become(State.DELETED, reprocessing=True),
            sets=sets,
            entries=[*steps, TimelineEntry(at, "processor", State.DELETED)],
            revision=record.revision,
        )
        return self._changed(moved)

    def note_scan(self, file_id: str, scan: Scan) -> None:
        noted: dict[str, Any] = {
            "TableName": self._table,
            "Key": wire(file_key(file_id)),
            "UpdateExpression": "SET #scan = :scan",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {"#scan": "scan"},
            "ExpressionAttributeValues": wire({":scan": scan.value}),
        }
        self._changed(noted)

    def foresee(self, verdict: Verdict) -> Outcome:
        identities = _identities(verdict)
        keys = [claim_key(verdict.clinic_id, identity) for identity in identities]
        held = {claim["pk"]: claim for claim in items_at(self._dynamodb, self._table, keys)}
        others = [held[key["pk"]] for key in keys if key["pk"] in held]
        rival = next((claim for claim in others if claim["file_id"] != verdict.file_id), None)
        return _clash(verdict, rival) if rival else Outcome.RECORDED

    def awaiting(self) -> Iterator[FileSummary]:
        partitions = self._lists.of(None, [State.AWAITING_UPLOAD])
        yield from map(file_summary, self._awaited.all(partitions))

    def file(self, file_id: str) -> FileRecord | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(file_key(file_id)), ConsistentRead=True)
        return file_record(plain(answer["Item"])) if "Item" in answer else None

    def _move(self, verdict: Verdict, *, reserved: bool) -> dict[str, Any]:
        first = verdict.findings[0].code if verdict.state is State.REJECTED and verdict.findings else ""
        told, asked = verdict.duplicate_of or first, verdict.again.steps if verdict.again else ()
        return transition(
            table=self._table,
            key=file_key(verdict.file_id),
            sources=may_become(verdict.state, reprocessing=verdict.again is not None),
            sets=verdict_attributes(verdict, self._ids),
            entries=[*asked, TimelineEntry(verdict.decided_at, "processor", verdict.state, told)],
            initial=None if reserved else arrival_attributes(verdict),
            revision=verdict.again.revision if verdict.again else None,
        )

    def _claim(self, verdict: Verdict, identity: str) -> Any:  # noqa: ANN401  # One shape of a transaction's many.
        item = {
            **claim_key(verdict.clinic_id, identity),
            "file_id": verdict.file_id,
            "stored": object_map(verdict.stored),
            "sha256": verdict.sha256,
            "etag": verdict.etag,
            "size": verdict.size,
        }
        return {
            "Put": {
                "TableName": self._table,
                "Item": wire(item),
                "ConditionExpression": "attribute_not_exists(pk) OR file_id = :me",
                "ExpressionAttributeValues": wire({":me": verdict.file_id}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _try(self, key: Item, clinic_id: str, target: State, entry: TimelineEntry, initial: Item | None) -> bool:
        file_id = key["sk"].removeprefix("FILE#")
        sources = may_become(target) & _FAILED_BY_US
        sets = {
            **by_state(clinic_id, file_id, target),
            "state": target.value,
            "updated_at": timestamp(entry.at),
        }
        return self._changed(
            transition(table=self._table, key=key, sources=sources, sets=sets, entries=[entry], initial=initial)
        )

    def _changed(self, moved: dict[str, Any]) -> bool:
        """Send an update, and say whether its condition held."""
        try:
            self._dynamodb.update_item(**moved)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _identities(verdict: Verdict) -> list[str]:
    """Return what the verdict claims for its clinic: nothing when rejected, and nothing for bytes already held.

    Equal bytes hold the same SOP Instance UID, so a claim on it, which tells of the bytes too, finds them as well.
    """
    if verdict.state is not State.ACCEPTED or verdict.duplicate_of or verdict.clinic_id == UNASSIGNED:
        return []
    if verdict.sop_instance_uid:
        return [f"sop:{verdict.sop_instance_uid}"]
    return [f"sha256:{verdict.sha256}"] if verdict.sha256 else []


def _refusal(verdict: Verdict, reasons: list[dict[str, Any]]) -> Recorded:
    """Read why the transaction was refused: the record's own condition first, then the claims in their order."""
    refused = {
        index: plain(reason.get("Item", {}))
        for index, reason in enumerate(reasons)
        if reason["Code"] == "ConditionalCheckFailed"
    }
    if 0 in refused:
        return _standing(verdict, refused[0])
    if not refused:
        raise ContentionError(f"the transaction was refused: {[reason['Code'] for reason in reasons]}")
    claim = next(iter(refused.values()))
    return Recorded(_clash(verdict, claim), claim["file_id"], object_version(claim["stored"]))


def _standing(verdict: Verdict, record: Item) -> Recorded:
    if verdict.again:
        raise ContentionError("the record changed while its file was judged again")
    if not record or object_version(record["incoming"]) != verdict.incoming:
        return Recorded(Outcome.NO_RESERVATION)
    kept = None if record["state"] == State.DELETED else object_version(record["stored"])
    return Recorded(Outcome.ALREADY_RECORDED, verdict.file_id, kept)


def _clash(verdict: Verdict, claim: Item) -> Outcome:
    return Outcome.DUPLICATE_BYTES if _same_bytes(verdict, claim) else Outcome.SOP_INSTANCE_CONFLICT


def _same_bytes(verdict: Verdict, claim: Item) -> bool:
    if verdict.sha256 and claim.get("sha256"):
        return bool(verdict.sha256 == claim["sha256"])
    return (verdict.etag, verdict.size) == (claim["etag"], claim["size"])
