"""The table as the processor uses it, behind the `Verdicts` port.

Source: Amazon DynamoDB Developer Guide, "Managing complex workflows with transactions".
"""

from collections.abc import Sequence
from datetime import datetime

from intake.errors import ContentionError
from intake.files.item_keys import claim_key, code_by, file_key
from intake.files.keys import UNASSIGNED, KeyedIds
from intake.files.model import (
    FileRecord,
    FileSummary,
    Finding,
    ObjectVersion,
    Severity,
    Source,
    TimelineEntry,
    timestamp,
)
from intake.files.outcomes import Outcome, Recorded, Verdict
from intake.files.scan import Scan
from intake.files.states import SETTLING, State, may_become
from intake.records.file_items import file_record, finding_attributes, object_map, object_version
from intake.records.transitions import (
    arrival_attributes,
    initial_attributes,
    state_attributes,
    transition,
    verdict_attributes,
)
from intake.table.expressions import Write, clinic, replacement, update
from intake.table.items import Item
from intake.table.table import Table
from intake.table.transactions import transact_patiently

ATTEMPTS = 5
_MINE = "file_id = :me OR attribute_exists(released)"
"""Of a claim: whose it is, or that its file gave it up."""


class DynamoVerdicts:
    """Moves records. Every write is conditional, so that repeating it changes nothing."""

    def __init__(self, table: Table, ids: KeyedIds) -> None:
        self._table = table
        self._ids = ids

    def record(self, verdict: Verdict, *, reserved: bool) -> Recorded:
        rejecting = code_by(verdict.findings, Severity.REJECT) if verdict.state is State.REJECTED else ""
        told = verdict.duplicate_of or verdict.replaces or rejecting
        asked = verdict.again.steps if verdict.again else ()
        moved = transition(
            verdict.file_id,
            verdict.clinic_id,
            incoming=verdict.incoming,
            sources=may_become(verdict.state, reprocessing=verdict.again is not None),
            sets=verdict_attributes(verdict, self._ids),
            entries=[*asked, TimelineEntry(verdict.decided_at, "processor", verdict.state, told)],
            initial=None if reserved else arrival_attributes(verdict),
            revision=verdict.again.revision if verdict.again else None,
            past=verdict.again.past if verdict.again else None,
        )
        claims = [_claim(verdict, identity) for identity in _identities(verdict)]
        writes = [moved, *claims, *_supersede(verdict)]
        refused = transact_patiently(self._table, writes, "records", ATTEMPTS)
        return _explain_refusal(verdict, refused, len(claims)) if refused else Recorded(Outcome.RECORDED)

    def fail(self, record: FileRecord, reason: str) -> bool:
        entry = TimelineEntry(record.updated_at, "sweep", State.FAILED, reason)
        moved = transition(
            record.file_id,
            record.clinic_id,
            incoming=record.incoming,
            sources=may_become(State.FAILED),
            sets=state_attributes(record, State.FAILED, entry.at),
            entries=[entry],
            initial=initial_attributes(record) if record.source is Source.DIRECT else None,
        )
        return self._table.write_if(moved)

    def expire(self, file: FileRecord | FileSummary, at: datetime) -> bool:
        moved = transition(
            file.file_id,
            file.clinic_id,
            incoming=None,
            sources=may_become(State.EXPIRED),
            sets=state_attributes(file, State.EXPIRED, at),
            entries=[TimelineEntry(at, "sweep", State.EXPIRED)],
            # Its sender may have been given more time since it was read.
            expired_at=at,
        )
        return self._table.write_if(moved)

    def delete(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        moved = transition(
            record.file_id,
            record.clinic_id,
            incoming=record.incoming,
            sources=may_become(State.DELETED, reprocessing=True),
            sets=state_attributes(record, State.DELETED, at),
            entries=[*steps, TimelineEntry(at, "processor", State.DELETED)],
            revision=record.revision,
        )
        return self._table.write_if(moved)

    def add_steps(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        told = transition(
            record.file_id,
            record.clinic_id,
            incoming=record.incoming,
            sources={State.REJECTED},
            sets={"updated_at": timestamp(at)},
            entries=steps,
            revision=record.revision,
        )
        return self._table.write_if(told)

    def settle(
        self, record: FileRecord, state: State, found: Finding | None, stored: ObjectVersion, at: datetime
    ) -> bool:
        findings = (*record.findings, *((found,) if found else ()))
        sets = {
            **state_attributes(record, state, at, findings),
            **finding_attributes(findings),
            "stored": object_map(stored),
            "settled": True,
            **({"duplicate_of": None} if state is State.REJECTED else {}),
        }
        moved = transition(
            record.file_id,
            record.clinic_id,
            incoming=record.incoming,
            sources=SETTLING,
            sets=sets,
            entries=[TimelineEntry(at, "processor", state, found.code if found else "entries-judged")],
            revision=record.revision,
        )
        return not self._table.transact([moved, *_release_claim(record, state)])

    def note_scan(self, record: FileRecord, scan: Scan) -> None:
        owner = clinic(record.clinic_id)
        self._table.write_if(update(file_key(record.file_id), owner, sets={"scan": scan.value}))

    def check_conflicts(self, verdict: Verdict) -> Recorded:
        keys = [claim_key(verdict.clinic_id, identity) for identity in _identities(verdict)]
        others = [claim for claim in self._table.batch_get(keys) if claim]
        mine = {verdict.file_id, verdict.replaces}
        rival = next((claim for claim in others if claim["file_id"] not in mine and not claim.get("released")), None)
        return _describe_rival(verdict, rival) if rival else Recorded(Outcome.RECORDED)

    def file(self, file_id: str) -> FileRecord | None:
        item = self._table.get(file_key(file_id))
        return file_record(item) if item else None


def _claim(verdict: Verdict, identity: str) -> Write:
    item = {
        **claim_key(verdict.clinic_id, identity),
        "file_id": verdict.file_id,
        "stored": object_map(verdict.stored),
        "sha256": verdict.sha256,
        "etag": verdict.etag,
        "size": verdict.size,
    }
    former = {":former": verdict.replaces} if verdict.replaces else {}
    mine = f"{_MINE} OR file_id = :former" if former else _MINE
    return replacement(item, clinic(verdict.clinic_id), condition=mine, values={":me": verdict.file_id, **former})


def _supersede(verdict: Verdict) -> list[Write]:
    """Return what tells in the record of the file whose claim is taken over which file did that.

    Only where it is accepted and its clinic's, so that no order takes a claim from another's file.
    """
    if not verdict.replaces or verdict.state is not State.ACCEPTED or verdict.duplicate_of:
        return []
    moved = transition(
        verdict.replaces,
        verdict.clinic_id,
        incoming=None,
        sources={State.ACCEPTED},
        sets={"superseded_by": verdict.file_id, "updated_at": timestamp(verdict.decided_at)},
        entries=[TimelineEntry(verdict.decided_at, "processor", "superseded", verdict.file_id)],
    )
    return [moved]


def _release_claim(record: FileRecord, state: State) -> list[Write]:
    """Return what gives up an archive's claim: the same bytes, sent again, are judged by the rules of that day."""
    if state is not State.REJECTED or record.duplicate_of or not record.sha256:
        return []
    key = claim_key(record.clinic_id, f"sha256:{record.sha256}")
    owner, values = clinic(record.clinic_id), {":me": record.file_id}
    return [update(key, owner, sets={"released": True}, condition="file_id = :me", values=values)]


def _identities(verdict: Verdict) -> list[str]:
    """Return what the verdict claims for its clinic: nothing when rejected, and nothing for bytes already held.

    Equal bytes hold the same SOP Instance UID, so a claim on it, which tells of the bytes too, finds them as well.
    """
    if verdict.state is not State.ACCEPTED or verdict.duplicate_of or verdict.clinic_id == UNASSIGNED:
        return []
    if verdict.sop_instance_uid:
        return [f"sop:{verdict.sop_instance_uid}"]
    return [f"sha256:{verdict.sha256}"] if verdict.sha256 else []


def _explain_refusal(verdict: Verdict, refused: dict[int, Item], claims: int) -> Recorded:
    """Read why the transaction was refused: the record's own condition first, then the claims in their order."""
    if 0 in refused:
        record = refused[0]
        if verdict.again:
            raise ContentionError("the record changed while its file was judged again")
        own = bool(record) and record["clinic_id"] == verdict.clinic_id
        if not own or object_version(record["incoming"]) != verdict.incoming:
            return Recorded(Outcome.NO_RESERVATION)
        kept = None if record["state"] == State.DELETED else object_version(record["stored"])
        return Recorded(Outcome.ALREADY_RECORDED, verdict.file_id, kept)
    first = min(refused)
    if first > claims:
        raise ContentionError("the record of the file that is to be superseded changed")
    return _describe_rival(verdict, refused[first])


def _describe_rival(verdict: Verdict, claim: Item) -> Recorded:
    if verdict.sha256 and claim.get("sha256"):
        is_same = verdict.sha256 == claim["sha256"]
    else:
        is_same = (verdict.etag, verdict.size) == (claim["etag"], claim["size"])
    outcome = Outcome.DUPLICATE_BYTES if is_same else Outcome.SOP_INSTANCE_CONFLICT
    return Recorded(outcome, claim["file_id"], object_version(claim["stored"]))
