"""A small day at two clinics, in which something of every kind that is recounted happens."""

from datetime import timedelta

from intake.errors import ScalperError
from intake.files.model import FileRecord
from intake.files.states import State
from intake.orders.model import Task
from tests.model import steps
from tests.model.contents import write_contents
from tests.model.world import CLINICS, World


def play() -> World:
    """Return the world at the end of the day, with nothing under way but some files that are still awaited."""
    world = World()
    names = [*write_contents()]
    for clinic_id in CLINICS:
        steps.expect(world, clinic_id, "A-0001", 9)
        upload = steps.reserve(world, clinic_id, names)
        _send_all(world, upload)
        steps.drop(world, clinic_id, "table.csv")
    again = steps.reserve(world, "northside", ["slice-1-1.dcm", "slice-1-1.dcm", "good.zip", "noise.dcm"])
    _send_all(world, again)
    _work(world)
    _decide(world)
    _work(world)
    steps.reserve(world, "northside", ["slice-1-2.dcm", "slice-1-4.dcm", "table.csv"])
    return world


def _decide(world: World) -> None:
    world.softened["lakeview"] = True
    steps.give_order(world, Task.REPROCESS, _find(world, "lakeview", "short-2-7.dcm"))
    steps.give_order(world, Task.ACCEPT, _find(world, "northside", "other-1-1.dcm"))
    steps.give_order(world, Task.DELETE, _find(world, "lakeview", "noise.dcm"))
    steps.deal(world, _find(world, "northside", "noise.dcm"))
    upload = steps.reserve(world, "northside", ["slice-1-4.dcm", "noise.dcm"])
    _send_all(world, upload, only="noise.dcm")
    _work(world)
    # The corrected file is sent, and what is awaited beside it never comes.
    steps.reserve(world, "northside", ["table.csv"], upload)
    _send_all(world, upload, only="table.csv")
    world.dead_letters.messages += world.queue.messages
    world.queue.messages = []
    world.at += timedelta(minutes=1)
    world.sweep()
    world.at += timedelta(hours=25)
    _work(world)


def _send_all(world: World, upload_id: str, only: str = "") -> None:
    for record in world.list_files():
        if record.upload_id == upload_id and record.state is State.AWAITING_UPLOAD and only in {"", record.name}:
            steps.send(world, record, record.name)


def _find(world: World, clinic_id: str, name: str) -> FileRecord:
    return next(one for one in world.list_files() if (one.clinic_id, one.name) == (clinic_id, name))


def _work(world: World) -> None:
    for _ in range(500):
        if not world.queue.messages:
            break
        world.at += timedelta(milliseconds=250)
        try:
            steps.deliver(world, 0)
        except ScalperError:
            continue
    world.sweep()
    world.project(world.dynamodb.stream)
