"""Commands as messages: what is written is read again, and nothing else is."""

import json

import pytest

from intake.files import keys
from intake.messaging.events import parse
from intake.orders.commands import DoTask, FindFiles, parse_command
from intake.orders.model import Task
from tests.records import UPLOAD_ID

FILE = keys.file_id(UPLOAD_ID, 7)
FIND = FindFiles(owner="", order_id=UPLOAD_ID, number=3)
DO = DoTask(owner="northside", order_id=UPLOAD_ID, task=Task.TRY, file_id=FILE, actor="user-1")


@pytest.mark.parametrize("command", [FIND, DO])
def test_a_command_survives_the_queue(command):
    assert parse_command(json.loads(json.dumps(command.message()))) == command


@pytest.mark.parametrize("body", [{}, {"Records": []}, {"expand": {}}])
def test_other_messages_are_no_commands(body):
    assert not isinstance(parse(body), FindFiles | DoTask)


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "../x"},
        {"owner": None},
        {"order_id": "short"},
        {"order_id": 3},
        {"task": "format-disk"},
        {"task": None},
        {"file_id": "../../etc"},
        {"actor": ""},
        {"actor": "a" * 200},
        {"extra": 1},
    ],
)
def test_a_command_that_is_not_quite_ours_is_refused(changes):
    with pytest.raises(ValueError, match="command"):
        parse_command({"command": {**DO.message()["command"], **changes}})


@pytest.mark.parametrize("members", [None, [], "reprocess", {}, {"owner": "", "order_id": UPLOAD_ID, "number": -1}])
def test_what_is_no_object_of_known_members_is_refused(members):
    with pytest.raises(ValueError, match="command"):
        parse_command({"command": members})


def test_a_command_comes_alone():
    with pytest.raises(ValueError, match="command"):
        parse_command({**DO.message(), "Records": []})
