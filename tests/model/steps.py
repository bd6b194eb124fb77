"""What clinics, admins and the system itself do in the model's world, a step each."""

from collections.abc import Sequence
from datetime import timedelta
from unittest.mock import patch

from intake.errors import ScalperError
from intake.expectations.model import ExpectedExam, make_id
from intake.expectations.model import Source as ExamSource
from intake.files.dealing import Reason
from intake.files.model import FileRecord, Source
from intake.files.states import State
from intake.orders.model import Selection, Task
from intake.rebuilds.rebuild import Report
from intake.recounts.model import REST
from intake.studies.exams import Exam
from portal.quarantine import orders, reviews
from portal.uploads import repairs, reservations, withdrawals
from portal.uploads.requests import Announced, NewUpload
from processor.reconcile.awaited import OVERDUE
from tests.model.contents import write_contents
from tests.model.world import TIME_LIMIT, World
from tests.records import IDS

RECEIVES = 5
"""Deliveries after which SQS gives a message up."""


QUIET = 3
"""Sweeps that find nothing any more, one after the other: what the first one notes, the second one sends again."""


def reserve(world: World, clinic_id: str, names: Sequence[str], upload_id: str = "", key: str | None = None) -> str:
    """Announce files, in a new upload or in one that stands, and return its id."""
    contents, staff = write_contents(), world.staff(clinic_id)
    files = [Announced(name=name, size=len(contents[name])) for name in names]
    with patch.object(reservations, "new_upload_id", world.make_id):
        if upload_id:
            placed = reservations.add_files(world.portal, staff, upload_id, files, idempotency_key=key)
        else:
            body = NewUpload(files=files, expected=len(files))
            placed = reservations.reserve(world.portal, staff, body, source=Source.WEB, idempotency_key=key)
    return placed.upload_id


def send(world: World, record: FileRecord, name: str) -> None:
    """Send bytes under a file's key, whatever lies there."""
    world.objects.put("incoming", record.incoming.key, write_contents()[name])


def drop(world: World, clinic_id: str, name: str) -> None:
    """Drop bytes into S3 that nobody announced."""
    world.objects.put("incoming", f"{clinic_id}/dropped/{world.make_id()}/{name}", write_contents()[name])


def deliver(world: World, place: int) -> None:
    """Deliver a message; one that fails comes again, and ends among the dead letters."""
    message = world.queue.messages[place]
    # SQS hides what is delivered, and gives it back when it was not done.
    world.queue.messages.remove(message)
    try:
        world.take(message[0])
    except BaseException:
        message[1] += 1
        (world.dead_letters if message[1] >= RECEIVES else world.queue).messages.append(message)
        raise


def give_order(world: World, task: Task, record: FileRecord) -> None:
    """Have an admin order something for one file, or, to have it accepted, two of them."""
    if task is Task.ACCEPT:
        reviews.propose(world.portal, world.admin(1), [record.file_id], "the model's own")
        reviews.confirm(world.portal, world.admin(2), record.file_id, order_id=world.make_id())
        return
    chosen = Selection(file_ids=(record.file_id,), state=record.state)
    orders.place(world.portal, world.admin(), task, chosen, order_id=world.make_id())


def deal(world: World, record: FileRecord) -> None:
    """Have staff say that a file in trouble needs nobody, or take that back."""
    staff, said = world.staff(record.clinic_id), repairs.Said(Reason.NOT_NEEDED)
    if record.is_handled:
        repairs.reopen(world.portal, staff, record.file_id)
    else:
        repairs.deal(world.portal, staff, record.file_id, said)


def give_up_file(world: World, record: FileRecord) -> None:
    """Have its sender say that a file does not come."""
    withdrawals.withdraw(world.portal, world.staff(record.clinic_id), [record.file_id])


def rebuild(world: World, clinic_id: str, upload_id: str = "") -> Report:
    """Make anew what is projected of a clinic, or of one upload."""
    if upload_id:
        return world.plan_rebuild().rebuild_upload(clinic_id, upload_id)
    report = Report()
    for _ in world.plan_rebuild().rebuild_clinic(clinic_id, report):
        pass
    return report


def mend(world: World) -> None:
    """Rebuild every clinic, once its studies came to rest; afterwards a rebuild finds nothing and writes nothing."""
    clinic_ids = sorted({record.clinic_id for record in world.list_files()})
    world.at += REST + timedelta(seconds=1)
    for clinic_id in clinic_ids:
        assert rebuild(world, clinic_id).busy == []
    written = len(world.dynamodb.stream)
    for clinic_id in clinic_ids:
        report = rebuild(world, clinic_id)
        assert report.findings.is_exact, report.findings
        assert report.busy == []
    assert len(world.dynamodb.stream) == written


def expect(world: World, clinic_id: str, accession: str, images: int) -> None:
    patient = "TEST-0001"
    exam = Exam(
        patient_id=patient,
        patient_key=IDS.patient(clinic_id, patient),
        accession_number=accession,
        modality="CT",
        study_date="20200102",
    )
    expected = ExpectedExam(
        clinic_id=clinic_id,
        expected_id=make_id(IDS, clinic_id, exam, ""),
        exam=exam,
        time="",
        images=images,
        key="",
        source=ExamSource.LIST,
        created_at=world.at,
        created_by="nora",
        cancelled=False,
    )
    world.expected.save(clinic_id, [expected])


def project(world: World, first: int, last: int) -> None:
    world.project(world.dynamodb.stream[first:last])


def drain(world: World, projected: int) -> int:
    """Let everything come to its end, without any trouble; return up to where the stream was projected.

    Lost events are found, dead letters are redriven, and what never arrived expires.
    """
    world.faults.end()
    world.at += timedelta(hours=25)
    quiet = 0
    for _ in range(40):
        for _ in range(200):
            # A settlement asks for itself again as long as entries are awaited, which only a sweep may bring.
            if not world.queue.messages:
                break
            world.at += timedelta(milliseconds=10)
            _deliver_quietly(world)
        projected = project_all(world, projected)
        world.at += max(OVERDUE, TIME_LIMIT) + timedelta(seconds=1)
        before = len(world.dynamodb.stream)
        waiting = [message for message in world.queue.messages if "settle" in message[0]]
        world.queue.messages = [message for message in world.queue.messages if message not in waiting]
        world.sweep()
        projected = project_all(world, projected)
        is_quiet = not (world.queue.messages or waiting or world.dead_letters.messages)
        quiet = quiet + 1 if is_quiet and not _has_news(world, before) and not _list_lost(world) else 0
        if quiet == QUIET:
            return projected
        world.queue.messages += [*waiting, *world.dead_letters.messages]
        world.dead_letters.messages = []
    raise AssertionError(f"it does not come to rest: {[message for message, _ in world.queue.messages][:3]}")


def project_all(world: World, projected: int) -> int:
    while projected < len(world.dynamodb.stream):
        last = min(projected + 50, len(world.dynamodb.stream))
        project(world, projected, last)
        projected = last
    return projected


def _deliver_quietly(world: World) -> None:
    try:
        deliver(world, 0)
    except ScalperError:
        return


def _has_news(world: World, before: int) -> bool:
    """Say whether records changed since."""
    return any(one["dynamodb"]["Keys"]["sk"]["S"].startswith("FILE#") for one in world.dynamodb.stream[before:])


def _list_lost(world: World) -> list[str]:
    """Return the files that wait for what stands in S3, or for what never comes."""
    return [one.file_id for one in world.list_files() if one.state is State.AWAITING_UPLOAD]
