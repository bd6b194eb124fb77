import ast
import inspect
import json
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.scan import Scan
from intake.messaging import events
from intake.messaging.events import (
    Arrival,
    MalwareScanResult,
    Message,
    ObjectsCreated,
    Settlement,
    Slice,
    Unknown,
    notification,
    parse,
)
from intake.orders import commands
from intake.orders.commands import DoTask, FindFiles
from intake.orders.model import Task
from tests.records import NOON, UPLOAD_ID
from tests.scan_results import RECORDED, scan_result

ROOT = Path(__file__).parents[4]
VERSION = ObjectVersion("incoming", "northside/a b+c/ü&?.dcm", "v1")
SCANNED = datetime.fromisoformat(RECORDED["FAILED"]["time"])
FILE_ID = keys.file_id(UPLOAD_ID, 7)
FIND = FindFiles(owner="", order_id=UPLOAD_ID, number=3)
DO = DoTask(owner="northside", order_id=UPLOAD_ID, task=Task.TRY, file_id=FILE_ID, actor="user-1")
SLICE = Slice("northside", UPLOAD_ID, FILE_ID, ObjectVersion("accepted", "k", "v"), 90, 10)
SETTLEMENT = Settlement(clinic_id="northside", upload_id=UPLOAD_ID, file_id=FILE_ID, since=NOON.isoformat())
SENT = [
    (notification(Arrival(VERSION, NOON)), ObjectsCreated((Arrival(VERSION, NOON),))),
    (scan_result("FAILED", VERSION), MalwareScanResult((Arrival(VERSION, SCANNED, Scan.FAILED),))),
    *((message.message(), message) for message in (FIND, DO, SLICE, SETTLEMENT)),
    ({"poison": 1}, Unknown("the message is of no kind that is known")),
]
"""One message of each kind, and what it is read as."""


@pytest.mark.parametrize(("body", "message"), SENT)
def test_every_kind_of_message_that_is_sent_is_read_as_what_it_was(body, message):
    assert parse(json.loads(json.dumps(body))) == message


def test_no_kind_of_message_is_left_out_here():
    ours = {
        kind
        for module in (commands, events)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if hasattr(kind, "message")
    }

    assert ours == {FindFiles, DoTask, Slice, Settlement}
    assert {type(message) for _, message in SENT} == set(get_args(Message))


def test_whoever_tells_messages_apart_lets_the_type_checker_see_that_none_is_left_out():
    """What ends in `assert_never` is refused by mypy as soon as there is a kind without a branch."""
    found = {}
    for path in (path for package in ("intake", "portal", "processor") for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Match) and ast.unparse(node.subject).startswith("parse("):
                found[path.relative_to(ROOT).as_posix()] = ast.unparse(node.cases[-1].body)

    assert {
        "processor/handlers/judge.py",
        "processor/reconcile/sweep.py",
        "portal/quarantine/unfinished_work.py",
    } == found.keys()
    assert set(found.values()) == {"assert_never(other)"}


def test_a_notification_tells_of_each_object_it_names():
    first = Arrival(ObjectVersion("incoming", "northside/a b+c/ü&?.dcm", "v1"), NOON)
    second = Arrival(ObjectVersion("incoming", "lakeview/2.dcm"), NOON)
    body = {"Records": [*notification(first)["Records"], *notification(second)["Records"]]}

    assert parse(body) == ObjectsCreated((first, second))


def test_keys_come_url_encoded_with_plus_signs_for_spaces():
    body = notification(Arrival(ObjectVersion("incoming", "x", "v"), NOON))
    body["Records"][0]["s3"]["object"]["key"] = "northside/a+b%2Bc.dcm"

    assert parse(body).arrivals[0].object.key == "northside/a b+c.dcm"


def test_s3s_test_message_tells_of_nothing():
    assert parse({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "incoming"}) == ObjectsCreated(())


@pytest.mark.parametrize(("key", "size", "is_file"), [("a/", 0, False), ("a/", 3, True), ("a", 0, True)])
def test_what_has_a_folder_show_in_s3s_console_is_no_file(key, size, is_file):
    body = notification(Arrival(ObjectVersion("incoming", f"northside/{key}", "v1"), NOON))
    body["Records"][0]["s3"]["object"]["size"] = size

    assert len(parse(body).arrivals) == is_file


def test_removals_are_no_arrivals():
    body = notification(Arrival(ObjectVersion("incoming", "x", "v"), NOON))
    body["Records"][0]["eventName"] = "ObjectRemoved:Delete"

    assert parse(body) == ObjectsCreated(())


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "DOE^JOHN",
        {"Records": None},
        {"Records": [{}]},
        {"Records": [{"eventName": 7}]},
        {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "noon", "s3": {}}]},
        {
            "Records": [
                {
                    "eventName": "ObjectCreated:Put",
                    "eventTime": "2026-11-22T12:00:00",
                    "s3": {"bucket": {"name": "b"}, "object": {"key": "DOE^JOHN"}},
                }
            ]
        },
    ],
)
def test_what_is_no_event_is_refused_without_repeating_what_it_says(body):
    unknown = parse(body)

    assert isinstance(unknown, Unknown)
    assert "DOE" not in unknown.reason
