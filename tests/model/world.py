"""The system in one process: the product's own code on a table and buckets in memory, with its queue and its stream.

Only what decides nothing is a fake: S3, signing, the audit log, mails and events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, assert_never

from intake.expectations.dynamodb import DynamoExpectedExams
from intake.files.keys import base32
from intake.files.model import FileRecord, ObjectVersion
from intake.messaging.events import (
    Arrival,
    MalwareScanResult,
    ObjectsCreated,
    Settlement,
    Slice,
    Unknown,
    notification,
    parse,
)
from intake.messaging.model import QueuedMessage
from intake.operations.awaited import DynamoAwaitedFiles
from intake.operations.reconciliation import DynamoIncidents, DynamoLedger, DynamoRounds
from intake.orders.commands import DoTask, FindFiles
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.rebuilds.pace import Pace
from intake.rebuilds.rebuild import Rebuild
from intake.records.file_items import file_record
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, deserialize
from intake.tenants.model import Clinic
from portal.auth.identity import READ, STAFF_SCOPES, Identity
from processor.handlers.record_changes import read_changes
from processor.ingest.expand import Expander
from processor.ingest.filing import Buckets
from processor.ingest.process import Processor
from processor.ingest.settle import Settler
from processor.ingest.stored_objects import Scans
from processor.judge import judge
from processor.judge.inspection.findings import Profile
from processor.orders.dispatch import OrderDispatcher
from processor.orders.review_results import ReviewResults
from processor.orders.tasks import Tasks
from processor.projection.projector import Projector
from processor.projection.replacements import Replacements
from processor.reconcile.arrivals import UnrecordedObjects
from processor.reconcile.awaited import AwaitedRound
from processor.reconcile.dropped import DroppedRound
from processor.reconcile.incidents import FollowUp
from processor.reconcile.reconciler import Reconciler
from processor.reconcile.rounds import Resender, begin_share
from processor.reconcile.sweep import Sweep
from tests.fakes import (
    FakeAlerts,
    FakeAudit,
    FakeEvents,
    FakeInventory,
    FakeObjects,
    FakePresigner,
    FakeStuckFiles,
    FakeUploadAudits,
)
from tests.model.contents import SOFTENED
from tests.model.dynamodb import InMemoryDynamoDB
from tests.model.faults import Faults, FaultyObjects, put_in_the_way
from tests.records import IDS, NOON
from tests.wired_portal import Backends, wired_portal

CLINICS = ("lakeview", "northside")
TIME_LIMIT = timedelta(minutes=30)
A_ROUND_S = 60.0
"""Seconds that a part of a sweep has, of real time: so long as nothing hangs, all that it needs."""
_BUCKETS = Buckets("accepted", "quarantine")


@dataclass
class Lane:
    """A queue: messages with how often each was delivered in vain."""

    messages: list[list[Any]] = field(default_factory=list)

    def send(self, bodies: Sequence[dict[str, Any]], delay_s: int = 0) -> None:
        self.messages += [[body, 0] for body in bodies]

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        return tuple(QueuedMessage(f"m{n}", body, times) for n, (body, times) in enumerate(self.messages[:limit]))

    def depth(self) -> int:
        return len(self.messages)


class KnowingPresigner(FakePresigner):
    """Signs nothing, and sees what arrived in the buckets."""

    def __init__(self, objects: FakeObjects, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self._objects = objects

    def has_arrived(self, target: ObjectVersion) -> bool:
        return self._objects.find(target.bucket, target.key) is not None


class World:
    """Everything, at a time of its own."""

    def __init__(self) -> None:
        self.at = NOON
        self.dynamodb, self.faults = InMemoryDynamoDB(), Faults()
        put_in_the_way(self.faults, self.dynamodb)
        self.objects = FaultyObjects(self.faults, self._tell, clock=self.clock)
        self.queue, self.dead_letters = Lane(), Lane()
        self.softened = dict.fromkeys(CLINICS, False)
        self._ids = 0
        table: Any = Table(self.dynamodb, "records", patience_s=0)  # type: ignore[arg-type]
        self._table = table
        self.records, self.repairs = DynamoRecords(table), DynamoRepairs(table)
        self.expected = DynamoExpectedExams(table, IDS)
        self._wire_portal(table)
        self._wire_judge(table)
        self._wire_projector(table)
        self._wire_sweep(table)

    def clock(self) -> datetime:
        return self.at

    def make_id(self) -> str:
        """Return an id as the portal makes them, and the same ones each time."""
        self._ids += 1
        return base32(int(self.at.timestamp() * 1000) << 80 | self._ids)

    def staff(self, clinic_id: str) -> Identity:
        return Identity(f"staff-{clinic_id}", clinic_id, False, STAFF_SCOPES, "Nora Example")

    def admin(self, number: int = 1) -> Identity:
        return Identity(f"admin-{number}", None, True, frozenset({READ}), "Ada Example")

    def take(self, body: dict[str, Any]) -> None:
        """Do what the judging function does with a message (`processor/handlers/judge.py`)."""
        match parse(body):
            case FindFiles() as command:
                self._dispatcher.find(command)
            case DoTask() as command:
                self._dispatcher.carry_out(command)
            case Slice() as part:
                self._expander.expand(part)
            case Settlement() as settlement:
                self._settler.settle(settlement)
            case ObjectsCreated(arrivals) | MalwareScanResult(arrivals):
                for arrival in arrivals:
                    self._processor.process(arrival)
            case Unknown(reason):
                raise AssertionError(reason)
            case other:
                assert_never(other)

    def project(self, records: Sequence[dict[str, Any]]) -> None:
        """Do what the projecting function does with a batch of the stream (`processor/handlers/project.py`)."""
        self._projector.project(list(read_changes(records)))

    def sweep(self) -> None:
        """Do what the sweeping function does of the files (`processor/handlers/sweep.py`)."""
        self._resender.begin()
        self._follow_up.run(begin_share(60))
        self._sweep.run()
        for part in (self._awaited, self._dropped, self._reconciler):
            part.run(begin_share(A_ROUND_S))

    def plan_rebuild(self) -> Rebuild:
        """Return what rebuilds the table, as fast as it can be read."""
        return Rebuild(self._table, IDS, Pace(float("inf")), self._projections.apply, self.clock)

    def list_files(self) -> list[FileRecord]:
        """Return all records, in an order that is the same each time."""
        found = (item for items in self.dynamodb.items.values() for sort, item in items.items() if sort[:5] == "FILE#")
        return sorted((file_record(deserialize(item)) for item in found), key=lambda one: one.file_id)

    def _tell(self, stored: ObjectVersion) -> None:
        self.queue.send([notification(Arrival(stored, self.at))])

    def _profile(self, clinic_id: str) -> Profile:
        return Profile(rules={SOFTENED: "warn"}) if self.softened.get(clinic_id) else Profile()

    def _wire_portal(self, table: Table) -> None:
        behind = Backends(presigner=KnowingPresigner(self.objects, self.clock))
        for clinic_id in CLINICS:
            behind.directory.save_clinic(Clinic(clinic_id, clinic_id.capitalize()))
        self.portal = wired_portal(
            behind,
            clock=self.clock,
            records=self.records,
            repairs=self.repairs,
            queue=self.queue,
            orders=DynamoOrders(table),
            reviews=DynamoReviews(table),
            outbox=DynamoOutbox(table),
            # Nobody signs in, and no body is sent through the portal.
            **dict.fromkeys(("send", "verifier", "sign_in")),
        )

    def _wire_judge(self, table: Table) -> None:
        objects, verdicts, children = self.objects, DynamoVerdicts(table, IDS), DynamoChildren(table)
        scans, buckets = Scans(objects, required=False), _BUCKETS
        shared: dict[str, Any] = {"objects": objects, "verdicts": verdicts, "clock": self.clock}
        judging: dict[str, Any] = {
            "ids": IDS, "profile_of": self._profile, "takes_part": CLINICS.__contains__, "scans": scans,
        }  # fmt: skip
        self._expander = Expander(
            **shared, writer=objects, children=children, queue=self.queue, incoming_bucket="incoming"
        )
        self._settler = Settler(**shared, children=children, queue=self.queue, buckets=buckets)
        self._processor = Processor(
            objects, verdicts, buckets, judge, **judging, expand=self._expander.begin, clock=self.clock
        )
        results = ReviewResults(verdicts=verdicts, reviews=DynamoReviews(table), audit=FakeAudit(), clock=self.clock)
        tasks = Tasks(
            **shared,
            **judging,
            results=results,
            buckets=buckets,
            judge=judge,
            expand=self._expander.begin,
            remove_pictures=lambda clinic_id, file_id: None,  # Nobody draws any.
        )
        self._dispatcher = OrderDispatcher(
            orders=DynamoOrders(table), records=self.records, queue=self.queue, do=tasks.do
        )

    def _wire_projector(self, table: Table) -> None:
        self._projections = DynamoProjections(table, IDS, self.clock)
        self._projector = Projector(
            self._projections,
            DynamoOutbox(table),
            FakeAlerts(),
            events=FakeEvents(),
            upload_of=partial(self.records.upload, None),
            language_of=lambda clinic_id: "en",
            replacements=Replacements(
                self.repairs, self.records.get_many, tell_unread=lambda upload: None, clock=self.clock
            ),
            portal_origin="https://portal.test",
            clock=self.clock,
        )

    def _wire_sweep(self, table: Table) -> None:
        inventory, incidents, rounds = FakeInventory(self.objects), DynamoIncidents(table), DynamoRounds(table)
        ledger, verdicts = DynamoLedger(table), DynamoVerdicts(table, IDS)
        self._resender = Resender(self.queue)
        unrecorded = UnrecordedObjects(
            ledger=ledger, objects=self.objects, ids=IDS, takes_part=CLINICS.__contains__, time_limit=TIME_LIMIT
        )
        shared: dict[str, Any] = {
            "incidents": incidents, "inventory": inventory, "rounds": rounds, "clock": self.clock,
        }  # fmt: skip
        of_incoming: dict[str, Any] = {"incoming_bucket": "incoming"}
        self._follow_up = FollowUp(
            **shared, records=self.records, resender=self._resender, ids=IDS, audits=FakeUploadAudits(),
            chance=Random(1),
        )  # fmt: skip
        self._awaited = AwaitedRound(
            **shared, **of_incoming, ledger=ledger, awaited=DynamoAwaitedFiles(table), verdicts=verdicts,
            objects=self.objects, resender=self._resender, stuck_files=FakeStuckFiles(), time_limit=TIME_LIMIT,
        )  # fmt: skip
        self._dropped = DroppedRound(
            **shared, **of_incoming, ledger=ledger, unrecorded=unrecorded, resender=self._resender
        )
        self._reconciler = Reconciler(
            **shared, **of_incoming, ledger=ledger, unrecorded=unrecorded, buckets=_BUCKETS,
            quarantine_kept=timedelta(days=90),
        )  # fmt: skip
        self._sweep = Sweep(
            verdicts=verdicts, objects=self.objects, dead_letters=self.dead_letters, projector=self._projector,
            admit=lambda: False, takes_part=CLINICS.__contains__, ids=IDS, clock=self.clock,
        )  # fmt: skip
