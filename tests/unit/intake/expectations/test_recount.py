"""What came of what is expected, after whatever was done to either in whatever order: as a naive recount says."""

import os
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product

import pytest

from intake.expectations.dynamodb import DynamoExpectedExams
from intake.expectations.model import ExpectedExam, Source, make_id
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.studies.board import BoardQuery, find_standing
from intake.studies.boards import DynamoStudyBoard
from intake.studies.exams import Exam
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.fakes import FakeExpectedExams, FakeStudyBoard, FakeTable
from tests.records import IDS, NOON, a_file, stored_item
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.studies.test_boards import LATER, image

HISTORIES = int(os.environ.get("RECOUNT_EXAMPLES", "8"))
CLINIC = "northside"
DAYS = ("20261122", "20261123")


class CrashError(Exception):
    """Raised where a worker ends."""


class Interrupted(Table):
    """A table on which, before one write of those to come, something happens: a crash, or all that another does."""

    def __init__(self, client):
        super().__init__(client, TABLE)
        self.left, self.happens = None, None

    def interrupt(self, left, happens):
        self.left, self.happens = left, happens

    def _count(self):
        if self.left == 0:
            self.left = None
            self.happens()
        elif self.left:
            self.left -= 1

    def _send(self, write, **options):
        self._count()
        return super()._send(write, **options)

    def transact(self, writes):
        self._count()
        return super().transact(writes)


@dataclass
class World:
    """A clinic whose exams are expected and come, each step of which may be interrupted."""

    table: Interrupted
    chance: random.Random
    exams: dict = field(default_factory=dict)
    """What is expected, as a naive clinic would note it."""
    files: dict = field(default_factory=dict)
    """The records of all files that came."""
    changes: list = field(default_factory=list)
    lists: list = field(default_factory=list)

    def __post_init__(self):
        self.expected = DynamoExpectedExams(self.table, IDS)
        self.projections = DynamoProjections(self.table, IDS)
        self.usual = {f"{n}.1": self.some_facts() for n in range(1, 5)}

    def some_facts(self):
        pick = self.chance.choices
        return {
            "accession_number": pick(["", "A", "B", "C"], [5, 1, 1, 1])[0],
            "patient_id": pick(["P1", "P2"], [5, 1])[0],
            "modality": pick(["CT", "MR"], [5, 1])[0],
            "study_date": pick(DAYS, [5, 1])[0],
        }

    def some_exam(self):
        facts = self.some_facts()
        exam = Exam(**facts, patient_key=IDS.patient(CLINIC, facts["patient_id"]))
        key = self.chance.choice(["", "K1", "K2", "K3"])
        return ExpectedExam(
            clinic_id=CLINIC,
            expected_id=make_id(IDS, CLINIC, exam, key),
            exam=exam,
            time=self.chance.choice(["", "0900", "1400"]),
            images=self.chance.choice([None, 1, 2, 3, 5]),
            key=key,
            source=Source.LIST,
            created_at=NOON,
            created_by="nora",
            cancelled=self.chance.random() < 0.1,
        )

    def list_exams(self):
        exams = [self.some_exam() for _ in range(self.chance.randint(1, 4))]
        self.lists.append(exams)
        return self.send_again(exams)

    def send_again(self, exams=None):
        if exams is None and not self.lists:
            return lambda: None
        given = exams or self.chance.choice(self.lists)
        for exam in {exam.expected_id: exam for exam in given}.values():
            known = self.exams.get(exam.expected_id)
            if known is None and not exam.cancelled:
                self.exams[exam.expected_id] = exam
            elif known is not None and not known.cancelled:
                self.exams[exam.expected_id] = replace(known if exam.cancelled else exam, cancelled=exam.cancelled)
        return lambda: self.expected.save(CLINIC, given)

    def cancel(self):
        if not self.exams:
            return lambda: None
        one, cancelled = self.chance.choice(sorted(self.exams)), self.chance.random() < 0.7
        self.exams[one] = replace(self.exams[one], cancelled=cancelled)
        return lambda: self.expected.cancel(CLINIC, one, cancelled=cancelled)

    def bring(self):
        study, usual = self.chance.choice(list(self.usual.items()))
        news, is_well = [], self.chance.random() < 0.6
        for _ in range(self.chance.randint(1, 3)):
            number = len(self.files) + 1
            facts = usual if self.chance.random() < 0.8 else self.some_facts()
            state = State.ACCEPTED if is_well else State.REJECTED
            record = image(
                number,
                study=study,
                state=state,
                metadata={
                    "modality": facts["modality"],
                    "study_date": facts["study_date"],
                    "patient": {"id": facts["patient_id"], "accession_number": facts["accession_number"]},
                },
            )
            self.files[number] = record
            reserved = a_file(number)
            news.append(describe_change(stored_item(reserved), stored_item(record)))
        return self.deliver(news)

    def delete(self):
        """Have nothing be left of what was refused of a study, or one file fewer: accepted ones stay."""
        present = [number for number, record in self.files.items() if record.state is State.REJECTED]
        if not present:
            return lambda: None
        study = self.files[self.chance.choice(present)].metadata["study_instance_uid"]
        of_study = [number for number in present if self.files[number].metadata["study_instance_uid"] == study]
        news = []
        for number in of_study if self.chance.random() < 0.6 else of_study[:1]:
            before = self.files[number]
            self.files[number] = replace(before, state=State.DELETED, revision=2)
            news.append(describe_change(stored_item(before), stored_item(self.files[number])))
        return self.deliver(news)

    def deliver(self, news):
        self.changes += news
        again = self.chance.sample(self.changes, min(2, len(self.changes)))
        batch = [*news, *again]
        self.chance.shuffle(batch)
        return lambda: self.projections.apply(batch)

    def choose_step(self):
        steps = [self.list_exams, self.send_again, self.cancel, self.bring, self.bring, self.delete]
        return self.chance.choice(steps)()

    def go_on(self):
        """Do something, which nothing, a crash or somebody else interrupts; what crashed is done again."""
        step, fate = self.choose_step(), self.chance.choice(["alone", "crash", "race"])
        if fate == "crash":
            self.table.interrupt(self.chance.randrange(9), _crash)
        elif fate == "race" and (other := self.choose_other(step)):
            self.table.interrupt(self.chance.randrange(9), other)
        try:
            step()
        except CrashError:
            step()
        left, self.table.left = self.table.left, None
        if fate == "race" and left is not None and other:
            other()

    def choose_other(self, step):
        """Return a step that may be done in the middle of another: what both write must not depend on their order."""
        bring = getattr(step, "__qualname__", "").startswith("World.deliver")
        return self.chance.choice([self.list_exams, self.cancel] if bring else [self.bring, self.delete])()


def _crash():
    raise CrashError


class Recount:
    """What a clinic would find that holds each exam against each study. It knows no marks and no keys."""

    def __init__(self, world):
        self.exams = sorted(
            world.exams.values(),
            key=lambda one: (one.cancelled, -(one.images or 0), one.time or "~", one.expected_id),
        )
        files = {}
        for record in world.files.values():
            files.setdefault(record.metadata["study_instance_uid"], []).append(record)
        states = {study: Counter(record.state for record in each) for study, each in files.items()}
        self.images = {study: count[State.ACCEPTED] for study, count in states.items()}
        present = [study for study, count in states.items() if count[State.ACCEPTED] or count[State.REJECTED]]
        self.present = sorted(present, key=lambda one: (-self.images[one], IDS.study(CLINIC, one)))
        stated = {study: [_state(record.metadata) for record in each] for study, each in files.items()}
        self.sure = {
            one.expected_id: [
                study
                for study in self.present
                if one.exam.accession_number
                and any(accession == one.exam.accession_number for accession, *_ in stated[study])
            ]
            for one in self.exams
        }
        taken = {study for each in self.sure.values() for study in each}
        free = [study for study in self.present if study not in taken]
        could = {
            one.expected_id: [
                study
                for study in free
                if any(
                    rest == (one.exam.patient_id, one.exam.modality, one.exam.study_date)
                    and not (accession and one.exam.accession_number)
                    for accession, *parts in stated[study]
                    if (rest := tuple(parts))
                )
            ]
            for one in self.exams
            if not self.sure[one.expected_id]
        }
        self.paired = _pair(could)

    def find_study(self, expected_id):
        return next(iter(self.sure[expected_id]), None) or self.paired.get(expected_id)

    def count_images(self, study):
        exams = [one for one in self.exams if study in self.sure[one.expected_id]] or [
            one for one in self.exams if self.paired.get(one.expected_id) == study
        ]
        return max((one.images for one in exams if one.images and not one.cancelled), default=0)


def _state(metadata):
    patient = metadata["patient"]
    return patient["accession_number"], patient["id"], metadata["modality"], metadata["study_date"]


def _pair(could):
    """Try all ways: exams by rank come first, as many as can, each with the first study that leaves it so."""
    ways = product(*([*range(len(studies)), None] for studies in could.values()))
    best, chosen = None, {}
    for way in ways:
        pairs = {one: studies[at] for (one, studies), at in zip(could.items(), way, strict=True) if at is not None}
        if len(set(pairs.values())) < len(pairs):
            continue
        worth = (-len(pairs), [at is None for at in way], [at or 0 for at in way])
        if best is None or worth < best:
            best, chosen = worth, pairs
    return chosen


def tell(expected, board):
    """Return what the pages of the days and the board say."""
    query = BoardQuery(clinic_id=CLINIC, growing_since=LATER, counted=True)
    page = board.exams(query, None, 100)
    attended = {
        one.expected.expected_id: (one.find_presence(over=True).value, one.study.study_uid if one.study else None)
        for day in DAYS
        for one in list_all(expected, CLINIC, day)
    }
    seen = {one.study_uid: (one.instances, one.expected_images) for one in page.rows if one.instances or one.rejected}
    standings = Counter(find_standing(one) for one in page.rows if one.instances or one.rejected)
    return attended, seen, standings, Counter({one: n for one, n in page.counts.items() if n})


def list_all(expected, clinic_id, day):
    """Read a day by pages of two, so that what shares a study stands on different ones."""
    after = None
    while True:
        page = expected.list_day(clinic_id, day, after, 2)
        yield from page.rows
        after = page.next
        if after is None:
            return


def recount(world):
    found = Recount(world)

    def presence(one):
        if found.find_study(one.expected_id):
            return "arrived"
        return "cancelled" if one.cancelled else "did_not_come"

    attended = {one.expected_id: (presence(one), found.find_study(one.expected_id)) for one in found.exams}
    seen = {study: (found.images[study], found.count_images(study)) for study in found.present}
    return attended, seen


def tell_by_fakes(world):
    table = FakeTable()
    table.expected |= world.exams
    table.files |= {record.file_id: record for record in world.files.values()}
    return tell(FakeExpectedExams(table), FakeStudyBoard(table))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_whatever_happens_in_whatever_order_each_study_is_of_one_exam_as_a_recount_says(dynamodb, monkeypatch, seed):
    monkeypatch.setattr("intake.table.transactions._pause", lambda attempt: None)
    print(f"seed {seed}")
    world = World(Interrupted(dynamodb), random.Random(seed))
    board = DynamoStudyBoard(world.table, IDS)
    for step in range(12):
        world.go_on()
        if step % 3 == 2:
            attended, seen, standings, counts = tell(world.expected, board)
            assert (attended, seen) == recount(world), step
            assert counts == standings, step
    assert tell_by_fakes(world)[:2] == recount(world)
