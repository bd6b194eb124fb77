"""Files that live random lives in a table, all of whose changes a stream tells: projected as a test chooses."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from intake.files.dealing import DEALT_WITH, REOPENED, REPLACED, Dealing, Reason
from intake.files.model import Severity, Source, TimelineEntry
from intake.files.outcomes import Again, PastVerdict
from intake.files.states import JUDGED, State
from intake.projections.model import device
from intake.projections.projections import DynamoProjections
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, deserialize
from processor.handlers.record_changes import describe_change
from tests.records import IDS, NOON, REFUSAL, WARNING, a_file, a_verdict, an_upload
from tests.unit.intake.conftest import create_table

UPLOADS = ("01kanqzzzz0000000000000000", "01kanqzzzz0000000000000001")
DIRECT = "01kanqzzzz0000000000000002"
CLINIC = "northside"
DAMAGED = {"APPLIED", "STUDY", "BOARD", "HOLDINGS", "MINUTES", "HOURS", "DAYS", "DEVICES", "CHANGES", "UPLOAD"}
PROJECTED = DAMAGED | {"OUTBOX", "MATCH"}
NO_SUMS = {"writes", "expires", "kept_until", "preceding", "untold", "at"}
OTHER_REFUSAL = replace(REFUSAL, code="another-refusal")


class Streaming(Table):
    """A table whose stream is kept: the images of each file's record before and after each write."""

    def __init__(self, client, name):
        super().__init__(client, name)
        self.stream = []

    def _send(self, write, **options):
        return self._watch([write], lambda: super(Streaming, self)._send(write, **options))

    def transact(self, writes):
        return self._watch(writes, lambda: super(Streaming, self).transact(writes))

    def _watch(self, writes, act):
        places = [write.request.get("Key") or write.request["Item"] for write in writes]
        files = [{"pk": one["pk"], "sk": one["sk"]} for one in places if one["sk"].startswith("FILE#")]
        before = self.batch_get(files) if files else []
        answer = act()
        for old, new in zip(before, self.batch_get(files) if files else [], strict=True):
            if new and (old or {}).get("revision") != new["revision"]:
                self.stream.append(describe_change(old or {}, new))
        return answer


@dataclass
class World:
    """A clinic's uploads, and what becomes of their files. Nothing is projected until somebody does so."""

    client: object
    chance: Random
    name: str = "lives"
    minute: int = 0
    ids: list = field(default_factory=list)

    def __post_init__(self):
        create_table(self.client, self.name)
        self.table = Streaming(self.client, self.name)
        self.verdicts = DynamoVerdicts(self.table, IDS)
        self.repairs = DynamoRepairs(self.table)
        records = DynamoRecords(self.table)
        for number, upload_id in enumerate(UPLOADS):
            files = [a_file(n, upload_id=upload_id, created_at=self.tick()) for n in range(1)]
            at = self.tick()
            files += [a_file(n, upload_id=upload_id, created_at=at) for n in range(1, 5 - number)]
            records.add_files(an_upload(upload_id=upload_id), files)
            self.ids += [file.file_id for file in files]
        # Batches that are awaited are counted down, and what is declared is added to.
        self.begun = [item for item in self.items() if not item["sk"]["S"].startswith("FILE#")]

    @property
    def stream(self):
        return self.table.stream

    def tick(self):
        self.minute += self.chance.randint(1, 90)
        return NOON + timedelta(minutes=self.minute)

    def live(self, steps):
        for _ in range(steps):
            self.step()

    def step(self):
        if self.chance.random() < 0.15:
            return self.drop()
        record = self.verdicts.file(self.chance.choice(self.ids))
        choose = {
            State.AWAITING_UPLOAD: [self.judge, self.judge, self.judge, self.judge_archive, self.fail, self.expire],
            State.EXPIRED: [self.judge, self.say, self.reopen],
            State.FAILED: [self.judge, self.say, self.reopen],
            State.REJECTED: [self.judge_again, self.judge_again, self.say, self.reopen, self.discard],
            State.ACCEPTED: [self.settle, self.supersede],
            State.DELETED: [lambda record: None],
        }
        return self.chance.choice(choose[record.state])(record)

    def drop(self):
        """An object that nobody announced."""
        number = len(self.ids)
        at = self.tick()
        file_id = f"{DIRECT}-{number:026d}"
        record = a_file(number, upload_id=DIRECT, created_at=at, source=Source.DIRECT)
        record = replace(record, file_id=file_id, incoming=replace(record.incoming, key=f"{CLINIC}/{file_id}"))
        self.ids.append(file_id)
        self.verdicts.record(self.some_verdict(record), reserved=False)

    def some_verdict(self, record, **changes):
        number = self.chance.randint(1, 3)
        state = self.chance.choice([State.ACCEPTED, State.ACCEPTED, State.REJECTED])
        refusals = self.chance.sample([REFUSAL, OTHER_REFUSAL], self.chance.randint(1, 2))
        findings = {State.REJECTED: tuple(refusals), State.ACCEPTED: self.chance.choice([(), (WARNING,)])}
        kind = self.chance.choice(["dicom", "dicom", "pdf"])
        study = f"1.2.{self.chance.randint(1, 2)}"
        scan = {
            "study_instance_uid": study,
            "series_instance_uid": f"{study}.{self.chance.randint(1, 2)}",
            "modality": self.chance.choice(["CT", "MR"]),
            "study_date": "20261122",
            "instance_number": self.chance.randint(1, 6),
            "patient": {"id": "TEST-1"},
            "manufacturer": self.chance.choice(["Acme", "Other"]),
        }
        others = [one for one in self.ids if one != record.file_id]
        is_duplicate = state is State.ACCEPTED and others and self.chance.random() < 0.3
        fields = {
            "state": state,
            "findings": findings[state],
            "kind": kind,
            "metadata": scan if kind == "dicom" else {},
            "size": 1000 + number,
            "decided_at": self.tick(),
            "shadow": self.chance.choice([(), (), ("odd",)]),
            "duplicate_of": self.chance.choice(others) if is_duplicate else None,
            "name": record.name,
        }
        return a_verdict(record, **{**fields, **changes})

    def judge(self, record):
        self.verdicts.record(self.some_verdict(record), reserved=True)

    def judge_archive(self, record):
        entries = self.chance.randint(1, 2)
        verdict = self.some_verdict(
            record, state=State.ACCEPTED, findings=(), kind="zip", metadata={"entries": entries}, duplicate_of=None
        )
        self.verdicts.record(verdict, reserved=True)
        children = [
            replace(
                a_file(500 + len(self.ids) + n, upload_id=record.upload_id, created_at=self.tick()),
                parent=record.file_id,
                timeline=(TimelineEntry(NOON, "processor", "unpacked", record.file_id),),
            )
            for n in range(entries)
        ]
        DynamoChildren(self.table).reserve(children)
        self.ids += [child.file_id for child in children]

    def judge_again(self, record):
        asked = TimelineEntry(self.tick(), "admin-1", "reprocess", "an-order")
        made_by = device(record.clinic_id, record.metadata)
        past = PastVerdict(
            revision=record.revision,
            codes=record.codes,
            shadow=record.shadow,
            device=(made_by.key, made_by.label) if made_by else (),
        )
        again = Again(record.revision, (asked,), judged=record.state in JUDGED, past=past)
        # The same bytes are of the same kind.
        same = {"kind": record.kind, "size": record.size, "metadata": record.metadata}
        self.verdicts.record(self.some_verdict(record, again=again, **same), reserved=True)

    def fail(self, record):
        self.verdicts.fail(replace(record, updated_at=self.tick()), "retries-exhausted")

    def expire(self, record):
        self.verdicts.expire(record, max(self.tick(), record.expires_at))

    def discard(self, record):
        self.verdicts.delete(record, (TimelineEntry(self.tick(), "admin-1", "delete-ordered"),), self.tick())

    def say(self, record):
        at = self.tick()
        if self.chance.random() < 0.5:
            dealing = Dealing(reason=Reason.NOT_NEEDED, by="user-1", by_name="Nora", at=at)
            self.repairs.deal(record, dealing, TimelineEntry(at, "user-1", DEALT_WITH))
        else:
            new = self.chance.choice(self.ids)
            self.repairs.replace(record, new, TimelineEntry(at, "processor", REPLACED, new))

    def reopen(self, record):
        self.repairs.reopen(record, TimelineEntry(self.tick(), "user-1", REOPENED))

    def settle(self, record):
        if record.kind == "zip" and not record.settled:
            state = self.chance.choice([State.ACCEPTED, State.REJECTED])
            found = replace(REFUSAL, severity=Severity.REJECT) if state is State.REJECTED else None
            self.verdicts.settle(record, state, found, record.stored, self.tick())

    def supersede(self, record):
        """Have another file take this one's place, as two people may decide."""
        open_ones = [one for one in map(self.verdicts.file, self.ids) if one.state is State.AWAITING_UPLOAD]
        if record.kind == "dicom" and not record.duplicate_of and not record.superseded_by and open_ones:
            verdict = self.some_verdict(
                open_ones[0],
                state=State.ACCEPTED,
                findings=(),
                kind="dicom",
                metadata=record.metadata,
                duplicate_of=None,
                replaces=record.file_id,
            )
            self.verdicts.record(verdict, reserved=True)

    def copy(self, name):
        """Return another table that holds the records, and what people said of them, as before anything was counted."""
        create_table(self.client, name)
        for item in self.items():
            if not is_projected(deserialize(item)):
                self.client.put_item(TableName=name, Item=item)
        for item in self.begun:
            self.client.put_item(TableName=name, Item=item)
        return Table(self.client, name)

    def read_kind(self, kind):
        return [item for item in self.items() if item["pk"]["S"].partition("#")[0] == kind]

    def delete(self, item):
        self.client.delete_item(TableName=self.name, Key={"pk": item["pk"], "sk": item["sk"]})

    def items(self, name=None):
        return self.client.scan(TableName=name or self.name, ConsistentRead=True)["Items"]

    def clock(self):
        return NOON + timedelta(minutes=self.minute, days=1)

    def project_some(self, *, lost):
        """Have the stream be projected in some order, some of it twice, and some of it never."""
        projections = DynamoProjections(self.table, IDS)
        changes = [change for change in self.stream if self.chance.random() >= lost]
        changes += self.chance.sample(changes, len(changes) // 5)
        self.chance.shuffle(changes)
        for start in range(0, len(changes), 7):
            projections.apply(changes[start : start + 7])

    def list_damaged(self):
        items = [(item, deserialize(item)) for item in self.items()]
        return [item for item, plain in items if is_projected(plain) and _kind(plain) in DAMAGED]

    def damage(self, times):
        """Delete items that are projected, and have others tell other numbers."""
        for item in self.chance.sample(self.list_damaged(), times):
            key = {"pk": item["pk"], "sk": item["sk"]}
            sums = [name for name, value in item.items() if "N" in value and name not in NO_SUMS]
            if sums and self.chance.random() < 0.5:
                more = {":more": {"N": str(self.chance.choice([-2, 3]))}}
                told = {"UpdateExpression": "ADD #sum :more", "ExpressionAttributeNames": {"#sum": sums[0]}}
                self.client.update_item(TableName=self.name, Key=key, ExpressionAttributeValues=more, **told)
            else:
                self.delete(item)


def is_projected(item):
    """Say whether an item follows from records. What people said does not, nor which duplicate came first."""
    is_told = item["sk"].startswith("FILE#") or (item["sk"] == "#META" and not item["pk"].endswith(DIRECT))
    return _kind(item) in PROJECTED and (_kind(item) != "UPLOAD" or not is_told)


def _kind(item):
    return item["pk"].partition("#")[0]
