"""Each contract runs over the fake, over the adapter on moto, and over the adapter on a table that is throttled.

Every call of that one is throttled at its first attempt: nobody may see any of it.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from intake.labels.dynamodb import DynamoStudyLabels
from intake.operations.awaited import DynamoAwaitedFiles
from intake.operations.reconciliation import DynamoLedger
from intake.projections.model import Change
from intake.projections.projections import DynamoProjections
from intake.records.pending import DynamoChildren
from intake.records.records import DynamoRecords
from intake.records.repairs import DynamoRepairs
from intake.records.verdicts import DynamoVerdicts
from intake.search.dynamodb import DynamoSearch, DynamoTroubles
from intake.studies.boards import DynamoStudyBoard
from intake.studies.studies import DynamoStudies
from intake.table.table import Table
from tests.fakes import (
    FakeAwaitedFiles,
    FakeChildren,
    FakeLedger,
    FakeProjections,
    FakeRecords,
    FakeRepairs,
    FakeSearch,
    FakeStudies,
    FakeStudyBoard,
    FakeStudyLabels,
    FakeTable,
    FakeTroubles,
    FakeVerdicts,
)
from tests.records import IDS
from tests.throttled_client import ThrottledClient, every_other
from tests.unit.intake.conftest import TABLE


@pytest.fixture(params=["fake", "adapter"])
def either(request):
    """Return a function that makes the fake, or the adapter from a session of moto's."""

    def make(fake: Callable[[], Any], adapter: Callable[[Any], Any]) -> Any:
        return fake() if request.param == "fake" else adapter(request.getfixturevalue("aws"))

    return make


@pytest.fixture(params=["fake", "adapter", "throttled"])
def in_table(request, monkeypatch):
    """Return a function that makes the fake, or the adapter from a table of moto's."""
    monkeypatch.setattr("intake.table.throttling.time.sleep", lambda seconds: None)

    def make(fake: Callable[[], Any], adapter: Callable[[Table], Any]) -> Any:
        if request.param == "fake":
            return fake()
        client = request.getfixturevalue("dynamodb")
        return adapter(Table(ThrottledClient(client, every_other) if request.param == "throttled" else client, TABLE))

    return make


@pytest.fixture(scope="module")
def prepared() -> dict[tuple[str, str], tuple[Any, bytes]]:
    """What was returned and stood in the table, by the kind of table and what filled it."""
    return {}


@pytest.fixture
def prepare(in_table, request, prepared):
    """Return a function that fills the table as a module's tests want it: once by calls, then by putting it back."""
    kind = request.node.callspec.params["in_table"]

    def run(fill: Callable[[], Any]) -> Any:
        if kind == "fake":
            return fill()
        table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[TABLE]
        if (kind, fill.__qualname__) not in prepared:
            prepared[kind, fill.__qualname__] = fill(), pickle.dumps(table.items)
        filled, items = prepared[kind, fill.__qualname__]
        table.items = pickle.loads(items)  # noqa: S301  Written by this process.
        return filled

    return run


@dataclass
class Stores:
    """What stands on one table: what one writes, the others read."""

    records: Any
    repairs: Any
    verdicts: Any
    children: Any
    ledger: Any
    awaited: Any
    search: Any
    troubles: Any
    studies: Any
    board: Any
    labels: Any
    apply: Callable[[list[Change]], None]
    """Do what the projecting Lambda does; the fakes need none of it for what is asked here."""


@pytest.fixture
def stores(in_table):
    return in_table(_fakes, _adapters)


def _fakes() -> Stores:
    table = FakeTable()
    return Stores(
        FakeRecords(table),
        FakeRepairs(table),
        FakeVerdicts(table),
        FakeChildren(table),
        FakeLedger(table),
        FakeAwaitedFiles(table),
        FakeSearch(table),
        FakeTroubles(table),
        FakeStudies(table),
        FakeStudyBoard(table),
        FakeStudyLabels(table),
        FakeProjections().apply,
    )


def _adapters(table: Table) -> Stores:
    return Stores(
        DynamoRecords(table),
        DynamoRepairs(table),
        DynamoVerdicts(table, IDS),
        DynamoChildren(table),
        DynamoLedger(table),
        DynamoAwaitedFiles(table),
        DynamoSearch(table, IDS),
        DynamoTroubles(table),
        DynamoStudies(table, IDS),
        DynamoStudyBoard(table, IDS),
        DynamoStudyLabels(table, IDS),
        DynamoProjections(table).apply,
    )
