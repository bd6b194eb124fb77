"""Each call of AWS that a function's code can make is granted, and each grant is called: `docs/permissions.md`."""

from pathlib import Path

import pytest

from infra.compliance.physical_names import Deployed, Place
from tests.architecture.sources import Module, Sources
from tests.grants.actions import BY_AWS, MAPPED, NAMESAKES, actions_of, is_operation
from tests.grants.calls import find_calls, services_made, services_typed
from tests.grants.page import PAGE, page
from tests.grants.reach import Reached
from tests.grants.table import Row, read_rows


@pytest.fixture(scope="module")
def rows(prod_assembly):
    return list(read_rows(Deployed.read(prod_assembly, Place("us-east-1")), "SilentScalper", Sources.read()))


def test_every_call_of_a_function_is_granted_to_its_role(rows):
    assert {row.function for row in rows} == {
        "Judge",
        "Projector",
        "Exporter",
        "Sweep",
        "Rebuild",
        "Renderer",
        "Portal",
    }
    assert [told for row in rows for told in row.list_missing()] == []


def test_every_grant_is_called_or_has_a_reason(rows):
    assert [told for row in rows for told in row.list_idle()] == []


def test_no_reason_stands_for_what_nobody_is_granted_or_for_what_is_called(rows):
    by_name = {row.function: row for row in rows}
    for action, (functions, why) in BY_AWS.items():
        assert why
        for function in functions:
            assert action in by_name[function].granted - by_name[function].needed.keys(), (function, action)


def test_no_namesake_stands_for_what_is_not_reached_or_is_granted(rows):
    by_name = {row.function: row for row in rows}
    for (function, call), why in NAMESAKES.items():
        assert why
        assert call in by_name[function].calls
        assert not actions_of(call) & by_name[function].granted


def test_the_page_is_what_sources_and_template_say_now(rows):
    assert PAGE.read_text() == page(rows), "run `make grants`"


def test_a_client_of_every_service_that_is_wired_is_known_by_its_type():
    assert services_made(Sources.read()) == services_typed()


def test_every_operation_of_the_table_exists():
    assert [call for call in MAPPED if not is_operation(call)] == []


WIRED = """
from adapter import Files
import helper

_files = Files(client)


def handle(event):
    return helper.work(_files)
"""
ADAPTER = """
from types_boto3_s3 import S3Client


class Files:
    def __init__(self, client):
        self._s3 = client

    def read(self):
        return self._s3.get_object(Bucket="b", Key="k")

    def drop(self):
        return self._s3.delete_object(Bucket="b", Key="k")

    def sign(self):
        return self._s3.generate_presigned_url("put_object")

    def all(self):
        return self._s3.get_paginator("list_objects_v2")

    def move(self):
        self._s3.copy({}, "b", "k")
"""


def sources(helper):
    texts = {"handler": WIRED, "adapter": ADAPTER, "helper": helper}
    return Sources({name: Module(name, Path(f"{name}.py"), text) for name, text in texts.items()})


def reached(helper):
    return {operation for _, operation in find_calls(Reached.of(sources(helper), "handler", "handle"))}


@pytest.mark.parametrize(
    ("method", "operations"),
    [
        ("read", {"GetObject"}),
        ("drop", {"DeleteObject"}),
        ("sign", {"PutObject"}),
        ("all", {"ListObjectsV2"}),
    ],
)
def test_a_method_of_an_adapter_is_followed_where_something_reached_calls_it_and_no_other(method, operations):
    assert reached(f"def work(files):\n    files.{method}()\n\ndef idle(files):\n    files.nothing()") == operations


def test_what_boto3_adds_to_clients_stands_for_the_operations_that_it_makes():
    assert {"HeadObject", "CopyObject", "UploadPartCopy"} < reached("def work(files):\n    files.move()")


def test_code_that_nobody_calls_calls_nothing():
    assert reached("def idle(files):\n    files.drop()\n\ndef work(files):\n    pass") == set()


def test_a_method_that_is_handed_on_is_followed_too():
    assert reached("def work(files):\n    return run(files.drop)") == {"DeleteObject"}


def row(calls, granted):
    return Row("Judge", {call: frozenset({"adapter"}) for call in calls}, frozenset(granted))


def test_a_call_without_its_grant_is_told_with_its_module():
    (told,) = row([("sqs", "DeleteMessageBatch")], []).list_missing()
    assert told == "Judge calls sqs.DeleteMessageBatch in adapter, which needs sqs:DeleteMessage"


def test_a_grant_without_a_call_is_told():
    assert row([], ["dynamodb:ConditionCheckItem"]).list_idle() == [
        "Judge may dynamodb:ConditionCheckItem, which nothing of its code calls"
    ]
    assert row([], ["logs:PutLogEvents"]).list_idle() == []


def test_a_call_that_may_name_a_version_needs_both_grants():
    assert actions_of(("s3", "HeadObject")) == {"s3:GetObject", "s3:GetObjectVersion"}
    assert actions_of(("dynamodb", "TransactWriteItems")) == {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert actions_of(("dynamodbstreams", "GetRecords")) == {"dynamodb:GetRecords"}
