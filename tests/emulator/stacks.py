"""What tests of the deployed stack share: the stack, free ports, and waiting for what happens in its own time."""

import contextlib
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from infra.local.stack import LocalStack, local_stack
from intake.files.states import State as FileState
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic


@contextlib.contextmanager
def deployed(state: Path, *, strict: bool) -> Iterator[LocalStack]:
    """Run emulator, stack and demo data. While a strict one runs, this process trusts its certificate."""
    ports = {"emulator_port": free_port(), "portal_port": free_port()}
    with local_stack(state=state, **ports, strict=strict) as stack, pytest.MonkeyPatch.context() as environment:
        for name, value in stack.at.trust().items():
            environment.setenv(name, value)
        yield stack
        for field in fields(stack.clients):
            getattr(stack.clients, field.name).close()


def free_port() -> int:
    """Return a port on loopback that nothing listens on.

    Of those below what systems give to outgoing connections: one of these could be taken until the port is used.
    """
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def empty_queue(stack: LocalStack) -> None:
    """Take from the judge's queue what other tests left there: until it is empty, the sweep puts questions off."""
    stack.clients.sqs.purge_queue(QueueUrl=stack.outputs["QueueUrl"])


def eventually(look, *, within_s=20.0):
    """Return the first true answer of `look`, or fail with the last one when it takes too long."""
    deadline = time.monotonic() + within_s
    while not (answer := look()):
        assert time.monotonic() < deadline, f"it did not come true within {within_s} s: {answer!r}"
        time.sleep(0.02)
    return answer


def files_of(stack, clinic_id):
    """Return the rows of a clinic's files that arrived, whatever became of them."""
    return [
        row
        for state in set(FileState) - {FileState.AWAITING_UPLOAD}
        for row in stack.clients.dynamodb.query(
            TableName=stack.outputs["Table"],
            IndexName="by_clinic_state",
            KeyConditionExpression="clinic_state = :list",
            ExpressionAttributeValues={":list": {"S": f"{clinic_id}#{state}"}},
        )["Items"]
    ]


def enter_clinic(stack: LocalStack, clinic_id: str, *, active: bool = True) -> None:
    """Enter a clinic into the directory: what is sent for any other is refused."""
    directory = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    directory.save_clinic(Clinic(clinic_id, clinic_id, active=active))
