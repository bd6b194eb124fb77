"""Every write of the table against records of another clinic: none changes anything."""

import ast
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import intake
from intake.errors import ConflictError, ContentionError, NotFoundError
from intake.files import keys
from intake.files.item_keys import upload_key
from intake.files.model import ObjectVersion, Source, TimelineEntry
from intake.files.outcomes import Again, Outcome
from intake.files.scan import Scan
from intake.files.states import State
from intake.messaging.dynamodb import DynamoSubscriptions, DynamoWebhooks
from intake.messaging.model import Subscription, Webhook
from intake.operations.dynamodb import DynamoStuckFiles
from intake.operations.model import Fault, ObjectIncident, StuckFile
from intake.operations.reconciliation import DynamoIncidents
from intake.orders.model import Answer, Answered, Order, OrderBatch, Review, Selection, Task
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.ledger import Ledger
from intake.projections.outbox import DynamoOutbox
from intake.projections.projections import DynamoProjections
from intake.records.pending import AnnouncedFiles, DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table import expressions
from intake.table.expressions import SYSTEM, account, addition, clinic, creation, replacement, update
from intake.table.table import ConditionFailedError, Table, deserialize
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic, Partner
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

THEIRS, OURS = "lakeview", "northside"
"""The clinic that writes, and the clinic whose records stand."""

WRITES = {"put_item", "update_item", "transact_write_items", "delete_item", "batch_write_item", "execute_statement"}


def everything(dynamodb):
    """Return all items of the table, by key."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    return {(row["pk"], row["sk"]): row for page in pages for row in map(deserialize, page["Items"])}


class Stand:
    """A table in which one clinic has one of everything."""

    def __init__(self, dynamodb):
        self.table = Table(dynamodb, TABLE)
        self.files = [a_file(number) for number in range(5)]
        records, self.verdicts = DynamoRecords(self.table), DynamoVerdicts(self.table, IDS)
        directory = DynamoDirectory(self.table)
        for name in (OURS, THEIRS):
            directory.create_clinic(Clinic(name, name.title()))
        records.create_upload(an_upload())
        records.add_files(an_upload(), self.files)
        self.verdicts.record(a_verdict(self.files[1]), reserved=True)
        self.verdicts.record(a_verdict(self.files[2], state=State.REJECTED, findings=(REFUSAL,)), reserved=True)
        self.child = a_file(file_id=keys.child_id(self.files[1].file_id, 0), parent=self.files[1].file_id)
        DynamoChildren(self.table).reserve([self.child])
        DynamoProjections(self.table).apply([a_change(1), a_change(2, after=State.REJECTED, codes=("a-refusal",))])
        DynamoReviews(self.table).propose(self.review(OURS))
        DynamoOrders(self.table).place(self.order(OURS))
        DynamoIncidents(self.table).note([self.incident(OURS)])
        DynamoStuckFiles(self.table).note([StuckFile(self.files[0].file_id, OURS, NOON, NOON)])
        directory.save_partner(Partner("client-1", OURS, "PACS", frozenset()))
        DynamoOutbox(self.table).announce("upload.completed", OURS, UPLOAD_ID, "1", NOON)

    def stolen(self, number, **changes):
        """Return one of our records as another clinic would have it."""
        return replace(self.files[number], clinic_id=THEIRS, **changes)

    def verdict(self, number, key="", **changes):
        """Return a verdict of another clinic on one of our files."""
        key = key or self.files[number].incoming.key.replace(OURS, THEIRS)
        settled = {"clinic_id": THEIRS, "incoming": ObjectVersion("incoming", key, "v9"), **changes}
        return a_verdict(self.files[number], **settled)

    def review(self, clinic_id):
        words = {"reason": "Looked at.", "proposed_by": "admin-1", "proposed_by_name": "Ada", "proposed_at": NOON}
        return Review(file_id=self.files[2].file_id, clinic_id=clinic_id, codes=("a-refusal",), **words)

    def order(self, owner):
        chosen = Selection(file_ids=(self.files[0].file_id,), state=State.FAILED)
        told = {"owner": owner, "task": Task.REPROCESS, "selection": chosen, "actor": "user-1", "placed_at": NOON}
        return Order(order_id=UPLOAD_ID, **told)

    def incident(self, clinic_id):
        at = {"object": ObjectVersion("incoming", "k", "v1"), "seen_at": NOON}
        return ObjectIncident(fault=Fault.LATE, clinic_id=clinic_id, upload_id=UPLOAD_ID, file_id="f", **at)


STEP = TimelineEntry(NOON, "processor", "deleted")
ATTEMPTS = {
    "settle an awaited file from another prefix": lambda s: s.verdicts.record(s.verdict(0), reserved=True),
    "settle it under the day of another": lambda s: s.verdicts.record(
        s.verdict(0, f"{THEIRS}/2026/01/01/{UPLOAD_ID}/{UPLOAD_ID}-00000"), reserved=True
    ),
    "settle it in the owner's name from another prefix": lambda s: s.verdicts.record(
        s.verdict(0, clinic_id=OURS), reserved=True
    ),
    "settle it in another's name by the owner's object": lambda s: s.verdicts.record(
        s.verdict(0, s.files[0].incoming.key), reserved=True
    ),
    "settle it by the owner's object of another day": lambda s: s.verdicts.record(
        s.verdict(0, f"{OURS}/2026/11/23/{UPLOAD_ID}/{UPLOAD_ID}-00000", clinic_id=OURS), reserved=True
    ),
    "settle it by an object of another bucket": lambda s: s.verdicts.record(
        a_verdict(s.files[0], incoming=ObjectVersion("accepted", s.files[0].incoming.key, "v1")), reserved=True
    ),
    "settle it as if it had been dropped": lambda s: s.verdicts.record(s.verdict(0), reserved=False),
    "reject it": lambda s: s.verdicts.record(s.verdict(0, state=State.REJECTED), reserved=True),
    "settle an archive's entry": lambda s: s.verdicts.record(s.verdict(0, file_id=s.child.file_id), reserved=True),
    "judge a rejected file again": lambda s: s.verdicts.record(
        s.verdict(2, again=Again(1, (), judged=True)), reserved=True
    ),
    "fail a file": lambda s: s.verdicts.fail(s.stolen(0), "x"),
    "fail it as if it had been dropped": lambda s: s.verdicts.fail(s.stolen(0, source=Source.DIRECT), "x"),
    "fail it by another object": lambda s: s.verdicts.fail(
        replace(s.files[0], incoming=ObjectVersion("incoming", "x")), "x"
    ),
    "let it expire": lambda s: s.verdicts.expire(s.stolen(0), s.stolen(0).expires_at),
    "delete a rejected file": lambda s: s.verdicts.delete(s.stolen(2, revision=1), (STEP,), NOON),
    "note a scan": lambda s: s.verdicts.note_scan(s.stolen(1), Scan.THREAT),
    "extend a file's time": lambda s: DynamoRecords(s.table).extend(
        s.stolen(0), NOON + timedelta(days=9), "multipart-9"
    ),
    "withdraw a file": lambda s: DynamoRecords(s.table).withdraw(s.stolen(0), STEP),
    "create an upload": lambda s: DynamoRecords(s.table).create_upload(an_upload(clinic_id=THEIRS)),
    "add files to an upload": lambda s: DynamoRecords(s.table).add_files(
        an_upload(clinic_id=THEIRS, declared=5), [a_file(5, clinic_id=THEIRS), a_file(6, clinic_id=THEIRS)]
    ),
    "add another's file to one's upload": lambda s: DynamoRecords(s.table).add_files(
        an_upload(declared=5), [a_file(5, clinic_id=THEIRS)]
    ),
    "reserve an archive's entry": lambda s: DynamoChildren(s.table).reserve([replace(s.child, clinic_id=THEIRS)]),
    "take files from a batch": lambda s: s.table.transact(
        AnnouncedFiles(s.table).decrement_items({(THEIRS, UPLOAD_ID, NOON): 1})
    ),
    "enter files into a batch": lambda s: s.table.transact(
        AnnouncedFiles(s.table).enter_batch(clinic(THEIRS), [s.stolen(3), s.stolen(4)])
    ),
    "count a verdict": lambda s: s.table.transact(
        DynamoProjections(s.table)._transaction([replace(a_change(3), clinic_id=THEIRS, source="direct")], set())
    ),
    "note an applied change": lambda s: s.table.transact(
        Ledger(s.table).weigh([replace(a_change(3), clinic_id=THEIRS)])[1]
    ),
    "propose a review": lambda s: DynamoReviews(s.table).propose(s.review(THEIRS)),
    "decide a review": lambda s: DynamoReviews(s.table).decide(
        s.review(THEIRS), confirmed=True, by="admin-2", name="Grace", at=NOON
    ),
    "decline a review": lambda s: DynamoReviews(s.table).decide(
        s.review(THEIRS), confirmed=False, by="admin-2", name="Grace", at=NOON
    ),
    "note an incident": lambda s: DynamoIncidents(s.table).note([s.incident(THEIRS)]),
    "tell an incident": lambda s: DynamoIncidents(s.table).tell(s.incident(THEIRS), NOON),
    "close an incident": lambda s: DynamoIncidents(s.table).close(s.incident(THEIRS), NOON),
    "note a stuck file": lambda s: DynamoStuckFiles(s.table).note([StuckFile(s.files[0].file_id, THEIRS, NOON, NOON)]),
    "announce an alert": lambda s: DynamoOutbox(s.table).announce("upload.completed", THEIRS, UPLOAD_ID, "2", NOON),
    "take over a partner": lambda s: DynamoDirectory(s.table).save_partner(
        Partner("client-1", THEIRS, "PACS", frozenset())
    ),
}
REFUSED = (ConditionFailedError, ConflictError, ContentionError, NotFoundError, ValueError)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_write_of_one_clinic_changes_anything_of_another(dynamodb, attempt, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    stand = Stand(dynamodb)
    before = everything(dynamodb)

    with suppress(*REFUSED):
        ATTEMPTS[attempt](stand)

    after = everything(dynamodb)
    assert {key: after.get(key) for key in before} == before
    assert not [key for key in after.keys() - before.keys() if UPLOAD_ID in f"{key}"]


def test_what_keeps_its_owner_in_the_key_stands_apart_for_each(dynamodb):
    """The same id at two owners is two things: an order's is chosen by whoever gives it."""
    orders, stand = DynamoOrders(Table(dynamodb, TABLE)), Stand(dynamodb)
    orders.add_portion(OURS, UPLOAD_ID, 0, OrderBatch((stand.files[0].file_id,), None))
    orders.answer(OURS, UPLOAD_ID, [Answered(file_id="f", clinic_id=OURS, answer=Answer.REJECTED, codes=("secret",))])
    before = everything(dynamodb)

    orders.place(stand.order(THEIRS))
    assert orders.portion(THEIRS, UPLOAD_ID, 0) is None
    assert orders.answers(THEIRS, UPLOAD_ID, None, 10).rows == ()
    orders.answer(THEIRS, UPLOAD_ID, [Answered(file_id="f", clinic_id=THEIRS, answer=Answer.CLOSED)])
    assert orders.order(THEIRS, UPLOAD_ID).codes == {}
    hook = Webhook("h", THEIRS, "https://x.test", (), NOON, "u")
    DynamoWebhooks(Table(dynamodb, TABLE)).save(hook)
    DynamoWebhooks(Table(dynamodb, TABLE)).remove(hook)
    told = {"kinds": frozenset(), "created_at": NOON, "created_by": "u", "asked_at": NOON, "arn": ""}
    DynamoSubscriptions(Table(dynamodb, TABLE)).save(
        Subscription(owner=THEIRS, subscription_id="s", protocol="email", endpoint="a@b.test", **told)
    )
    stand.table.transact(DynamoChangeFeed(stand.table).append_changes([a_change(clinic_id=THEIRS)]))

    after = everything(dynamodb)
    assert {key: after[key] for key in before} == before


def test_a_refused_verdict_says_that_there_is_no_reservation(dynamodb):
    stand = Stand(dynamodb)
    for number in range(3):
        assert stand.verdicts.record(stand.verdict(number), reserved=True).outcome is Outcome.NO_RESERVATION


@pytest.mark.parametrize(
    "write",
    [
        lambda owner: creation({"pk": "p", "sk": "s"}, owner),
        lambda owner: replacement({"pk": "p", "sk": "s"}, owner),
        lambda owner: replacement({"pk": "p", "sk": "s"}, owner, condition="a = :a", values={":a": 1}),
        lambda owner: update(upload_key(UPLOAD_ID), owner, sets={"a": 1}),
        lambda owner: addition(upload_key(UPLOAD_ID), Counter(a=1), owner),
    ],
)
def test_what_builds_a_write_states_the_owner_and_leaves_it_in_the_item(write):
    for owner in (clinic(OURS), account("user-1")):
        built = write(owner).request
        written = built.get("Item", {}).get(owner.attribute) == owner.name
        asked = built.get("ExpressionAttributeValues", {}).get(":whose") == owner.name
        assert written or asked


def test_an_item_is_written_in_no_other_owners_name():
    for build in (creation, replacement):
        with pytest.raises(ValueError, match="another owner"):
            build({"pk": "p", "sk": "s", "clinic_id": OURS}, clinic(THEIRS))


def test_no_module_builds_a_write_but_the_one_that_takes_its_owner():
    """What is sent as a write is what `intake.table.expressions` built: no other module names a part of one."""
    sources = {path: path.read_text() for path in sorted(Path(intake.__file__).parent.rglob("*.py"))}
    builders = {"expressions.py"}
    for path, source in sources.items():
        if path.name not in builders:
            assert not re.search(r"UpdateExpression|ConditionExpression\b(?<!KeyConditionExpression)", source), path
        for node in ast.walk(ast.parse(source)):
            # Named is as much as called: the table hands these methods on, to be called again while it is throttled.
            if isinstance(node, ast.Attribute) and node.attr in WRITES:
                assert path.name == "table.py", (path, node.lineno)


def test_what_belongs_to_nobody_is_little_and_known():
    """What writes items of no owner, and why none of these is a clinic's."""
    allowed = {
        "DynamoRounds": "how far the sweep's rounds are",
        "DynamoSweepLease": "whose turn it is to sweep",
        "DynamoLastErrors": "why a message was given up, by its id",
        "DynamoOutbox": "the lease of whoever sends an alert",
        "DynamoRevocations": "whose access was ended, by session and person: not a clinic's to end",
        "TableSecret": "the table's secret",
        "DynamoQueryRuns": "runs of saved queries",
        "DynamoStudyLinks": "a try of a link's code: whoever comes with a link learns there whose it is",
        "DynamoRequestCounts": "how often a client asked",
        "DynamoWatch": "which clinics are quiet",
    }
    paths = set(Path(intake.__file__).parent.rglob("*.py")) - {Path(expressions.__file__)}
    statements = [node for path in paths for node in ast.parse(path.read_text()).body]
    naming = [node for node in statements if any(map(_names_system, ast.walk(node)))]
    assert {ast.unparse(node).partition(":")[0] for node in naming} == {f"class {name}" for name in allowed}
    assert SYSTEM.name == ""


def _names_system(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "SYSTEM" and alias.asname for alias in node.names)
    return isinstance(node, ast.Name | ast.Attribute) and getattr(node, "id", getattr(node, "attr", "")) == "SYSTEM"
