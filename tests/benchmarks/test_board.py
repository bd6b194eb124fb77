"""What the board of exams takes of the server, with 10 and with 1,000 studies of 300 images.

Run with `uv run pytest tests/benchmarks/test_board.py -s`. The portal is wired as on AWS, with all calls of it counted.
Its time is told as the whole of a request, from the test client to the answer, and as the processor's time within it.
Neither holds the store's: the table answers from a tape of what moto answered once, so that signing, parsing, rendering
and everything else of the portal's is measured, and moto's own work is not. DynamoDB's time, some milliseconds for each
of the calls that are told, joins on AWS; how much it answers is told too.
"""

import gc
import time
from statistics import median
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.models import botocore_stubber

from intake.projections.projections import DynamoProjections
from intake.table.table import Table
from portal.http.request_log import logger
from tests.unit.intake.conftest import TABLE, create_table
from tests.unit.intake.studies.test_boards import fill, image, project
from tests.unit.portal.stored_portal import stored_portal, told_calls

MOST_MS = 100
MOST_CALLS = 5
RUNS = 15
IMAGES = 300


@pytest.fixture(autouse=True)
def quiet():
    """Leave the figures alone on the screen."""
    level = logger().log_level
    logger().setLevel("WARNING")
    yield
    logger().setLevel(level)


class Tape:
    """Keeps what was answered to a page, in order, and answers the same again."""

    def __init__(self, client):
        self.kept, self.place, self.is_on = [], 0, False
        client.meta.events.register_first("before-send.dynamodb.*", self.answer)

    @property
    def size(self):
        """Bytes that the table answered to a page."""
        return sum(len(content) for *_, content in self.kept)

    def answer(self, event_name, request, **_):
        if not self.is_on:
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
        self.kept, self.place, self.is_on = [], 0, True

    def rewind(self):
        # botocore asks everybody who may answer, so moto must be told to rest.
        self.place, botocore_stubber.enabled = 0, False

    def eject(self):
        self.is_on, botocore_stubber.enabled = False, True


@pytest.fixture(scope="module")
def dynamodb():
    own = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict("os.environ", own), mock_aws():
        client = boto3.client("dynamodb")
        create_table(client, TABLE)
        yield client


def measure(browser, path, tape):
    """Return a page's calls, how many exams it shows, and medians of its milliseconds: in whole, and of processor."""
    browser.get(path)
    tape.begin()
    browser.get(path)
    took, worked = [], []
    for _ in range(RUNS):
        tape.rewind()
        started, began = time.perf_counter(), time.process_time()
        with told_calls() as made:
            text = browser.get(path).text
        took.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - began) * 1000)
    tape.eject()
    return sorted(made), text.count("<tr>") - 1, median(took), median(worked)


def test_the_first_page_costs_the_same_at_ten_and_at_a_thousand_studies(dynamodb):
    table = Table(dynamodb, TABLE)
    for start in range(1, IMAGES + 1, 100):
        project(DynamoProjections(table), *(image(number) for number in range(start, start + 100) if number % 150))
    portal = stored_portal(dynamodb)
    tape = Tape(portal.services.records._table._client)
    staff, admin = portal.browser(), portal.admin()
    address = staff.post("/studies/search", data={"text": "example"}).headers["location"]
    pages = {
        "board": (staff, "/studies"),
        "missing": (staff, "/studies?tab=missing"),
        "by date": (staff, "/studies?sort=date"),
        "found": (staff, address),
        "a clinic's, for admins": (admin, "/studies?clinic=northside"),
        "everybody's, for admins": (admin, "/studies"),
    }
    made, slow = {}, []
    for studies in (10, 1000):
        fill(table, dynamodb, studies)
        # What moto holds is no part of the server, and would be looked through by every collection of garbage.
        gc.collect()
        gc.freeze()
        for name, (browser, path) in pages.items():
            calls, rows, took, worked = measure(browser, path, tape)
            made[studies, name] = calls, rows
            told = f"{len(calls)} calls, {took:.1f} ms, {worked:.1f} ms of processor, {tape.size / 1000:.0f} kB read"
            print(f"{studies:>5} studies of {IMAGES}, {name}: {told}; {', '.join(calls)}")
            slow += [name] if took > MOST_MS else []
    for name in pages:
        assert made[10, name][0] == made[1000, name][0]
        assert made[1000, name][1] == 25
        assert len(made[1000, name][0]) <= MOST_CALLS
    assert slow == []
