"""What the board of exams takes of the server, with 10 and with 1,000 studies of 300 images.

Run with `uv run pytest tests/benchmarks/test_board.py -s`. The table answers from a tape of what moto answered once:
signing, parsing and everything of the portal's is measured, and moto's own work is not. DynamoDB's, some milliseconds a
call, joins on AWS.
"""

import gc
import time
from collections import Counter
from dataclasses import replace
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.models import botocore_stubber

from intake.projections.projections import DynamoProjections
from intake.search.dynamodb import DynamoKeptSearches
from intake.studies.boards import DynamoStudyBoard
from intake.table.table import Table
from portal.app import create_app
from tests.records import IDS
from tests.unit.intake.conftest import TABLE, create_table
from tests.unit.intake.studies.test_boards import fill, image, project
from tests.unit.portal.portal_fixture import Portal

MOST_MS = 100
MOST_CALLS = 5
RUNS = 15
IMAGES = 300


class Tape:
    """Keeps what was answered to a page, in order, and answers the same again."""

    def __init__(self, client):
        self.kept, self.place = None, 0
        client.meta.events.register_first("before-send.dynamodb.*", self.answer)

    def answer(self, event_name, request, **_):
        if self.kept is None:
            return None
        if self.place == len(self.kept):
            given = botocore_stubber(event_name, request)
            self.kept.append((given.url, given.status_code, given.headers, given.content))
        url, status, headers, content = self.kept[self.place]
        self.place += 1
        answer = AWSResponse(url, status, headers, None)
        answer._content = content
        return answer

    def begin(self):
        self.kept, self.place = [], 0

    def rewind(self):
        # botocore asks everybody who may answer, so moto must be told to rest.
        self.place, botocore_stubber.enabled = 0, False

    def eject(self):
        self.kept, botocore_stubber.enabled = None, True


@pytest.fixture(scope="module")
def dynamodb():
    own = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict("os.environ", own), mock_aws():
        client = boto3.client("dynamodb")
        create_table(client, TABLE)
        yield client


def test_the_first_page_costs_the_same_at_ten_and_at_a_thousand_studies(dynamodb):
    table = Table(dynamodb, TABLE)
    for start in range(1, IMAGES + 1, 100):
        project(DynamoProjections(table), *(image(number) for number in range(start, start + 100) if number % 150))
    portal, tape, calls = Portal(), Tape(dynamodb), Counter()
    found = {"board": DynamoStudyBoard(table, IDS), "kept_searches": DynamoKeptSearches(table), "ids": IDS}
    portal.app = create_app(replace(portal.services, **found))
    browser = portal.browser()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))
    address = browser.post("/studies/search", data={"text": "example"}).headers["location"]
    pages = {"board": "/studies", "missing": "/studies?tab=missing", "by date": "/studies?sort=date", "found": address}
    made, slow = {}, False
    for studies in (10, 1000):
        fill(table, dynamodb, studies)
        # What moto holds is no part of the server, and would be looked through by every collection of garbage.
        gc.collect()
        gc.freeze()
        for name, path in pages.items():
            tape.begin()
            browser.get(path)
            took = []
            for _ in range(RUNS):
                calls.clear()
                tape.rewind()
                started = time.perf_counter()
                text = browser.get(path).text
                took.append((time.perf_counter() - started) * 1000)
            tape.eject()
            median = sorted(took)[RUNS // 2]
            made[studies, name] = (Counter(calls), text.count("<tr>") - 1)
            print(f"{studies:>5} studies of {IMAGES}, {name}: {calls.total()} calls, {median:.1f} ms, {dict(calls)}")
            assert calls.total() <= MOST_CALLS
            slow = slow or median > MOST_MS
    for name in pages:
        assert made[10, name][0] == made[1000, name][0]
        assert made[1000, name][1] == 25
    assert not slow
