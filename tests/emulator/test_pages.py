"""The pages of files and studies on the deployed stack: what they find, and that a page costs the same at any size."""

import re
import time
from collections import Counter
from dataclasses import replace

import boto3
import pytest

from intake.expectations.dynamodb import DynamoExpectedExams, DynamoReminders
from intake.files.item_keys import FILE_SHARDS
from intake.files.keys import file_id, new_upload_id, object_key
from intake.files.model import FileRecord, ObjectVersion, Source, Upload, now
from intake.files.states import State
from intake.orders.orders import DynamoOrders
from intake.records.pending import BATCH
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.search.dynamodb import DynamoKeptSearches, DynamoSearch, DynamoTroubles
from intake.studies.boards import DynamoStudyBoard
from intake.studies.studies import DynamoStudies
from intake.table.table import Table
from portal.app import create_app
from tests.emulator.ids import ids_of
from tests.records import REFUSAL, WARNING, a_verdict
from tests.unit.portal.portal_fixture import Portal
from tests.waiting import until

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.disturbs("its records are written by the hundred, and their objects are a byte each"),
]

CLINIC = "northside"
SMALL, LARGE = 12, 480
MOST_CALLS = 5
"""Of a page; one more is the clinics' names, which are read every five minutes."""
MOST_CALLS_OF = {"files": 6, "receipt": 8, "receipt again": 8}
"""Files in any state are merged from the lists of their six states, beside a call for each partition of a batch of
awaited ones. A receipt's files are a quarter in each of four partitions (docs/adr/0058)."""


@pytest.fixture(scope="module")
def counted(stack):
    """A DynamoDB client that counts its calls."""
    calls = Counter()
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    client = session.client("dynamodb", endpoint_url=stack.endpoint)
    client.meta.events.register("before-call.*.*", lambda model, **_: calls.update([model.name]))
    yield client, calls
    client.close()


@pytest.fixture(scope="module")
def browser(stack, counted):
    """Staff of the clinic, at a portal whose table is the stack's."""
    client, _ = counted
    table, portal = Table(client, stack.outputs["Table"]), Portal()
    kinds = {"records": DynamoRecords, "troubles": DynamoTroubles}
    kinds |= {"kept_searches": DynamoKeptSearches, "orders": DynamoOrders}
    found = {name: kind(table) for name, kind in kinds.items()}
    ids = ids_of(stack)
    found |= {
        "search": DynamoSearch(table, ids),
        "studies": DynamoStudies(table, ids),
        "board": DynamoStudyBoard(table, ids),
        "expected": DynamoExpectedExams(table, ids),
        "reminders": DynamoReminders(table),
        "ids": ids,
    }
    portal.app = create_app(replace(portal.services, **found))
    return portal.browser()


@pytest.fixture(scope="module")
def uploads(stack, browser):
    """A small and a large upload of one study each, of which every sixth file is in trouble; counted by the stack."""
    found = {count: fill(stack, count) for count in (SMALL, LARGE)}
    records = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    for count, upload_id in found.items():
        # The last changes to be counted are of files that no line tells of, and until then their batch stands.
        until(lambda upload_id=upload_id: records.upload(CLINIC, upload_id).settled, "counted", timeout=60)
        line = f"{count - count // 6 * 2:,} of {count:,} files accepted"
        until(lambda path=f"/uploads/{upload_id}", line=line: line in browser.get(path).text, line, timeout=60)
    return found


def fill(stack, count):
    records = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    verdicts = DynamoVerdicts(Table(stack.clients.dynamodb, stack.outputs["Table"]), ids_of(stack))
    at, upload_id = now(), new_upload_id()
    upload = Upload(
        clinic_id=CLINIC,
        upload_id=upload_id,
        created_at=at,
        created_by="test",
        source=Source.WEB,
        reference=f"Worklist {count}",
    )
    files = [reserved(upload, number, count) for number in range(count)]
    records.create_upload(upload)
    records.add_files(upload, files)
    for number, record in enumerate(files):
        judge(stack, verdicts, record, number, count)
    return upload_id


def reserved(upload, number, count):
    identifier = file_id(upload.upload_id, number)
    key = object_key(CLINIC, upload.upload_id, identifier, upload.created_at)
    return FileRecord(
        clinic_id=CLINIC,
        upload_id=upload.upload_id,
        file_id=identifier,
        name=f"pages-{count}/Slice-of-{count}-{number:05d}.dcm",
        size=1000,
        sha256=None,
        state=State.AWAITING_UPLOAD,
        source=Source.WEB,
        created_at=upload.created_at,
        created_by="test",
        updated_at=upload.created_at,
        expires_at=upload.created_at,
        incoming=ObjectVersion("incoming", key),
    )


def judge(stack, verdicts, record, number, count):
    told = {
        "study_instance_uid": f"1.2.{count}.{record.upload_id.encode().hex()[:20]}",
        "series_instance_uid": f"1.2.{count}.{number % 2}",
        "modality": "CT",
        "study_date": "20261122",
        "instance_number": number,
        "patient": {"id": f"TEST-{count}", "name": "Example^Nobody"},
    }
    if number % 6 == 5:
        verdicts.fail(record, "Timeout")
        return
    rejected = number % 6 == 4
    findings = (REFUSAL,) if rejected else (WARNING,) if number % 6 == 3 else ()
    state = State.REJECTED if rejected else State.ACCEPTED
    at, stored = now(), stand(stack, "QuarantineBucket" if rejected else "AcceptedBucket", record.incoming.key)
    told_of = {"findings": findings, "metadata": told, "arrived_at": at, "decided_at": at}
    verdicts.record(a_verdict(record, state=state, stored=stored, **told_of), reserved=True)


def stand(stack, bucket, key):
    """Put an object where a record names one: the sweep looks whether it is there."""
    name = stack.outputs[bucket]
    return ObjectVersion(name, key, stack.clients.s3.put_object(Bucket=name, Key=key, Body=b"x")["VersionId"])


def study_of(stack, upload_id, count):
    return ids_of(stack).study(CLINIC, f"1.2.{count}.{upload_id.encode().hex()[:20]}")


def asked(browser, path, **form):
    return browser.post(path, data=form).headers["location"]


def test_a_page_costs_the_same_calls_whatever_there_is(stack, browser, uploads, counted):
    _, calls = counted
    costs = {count: _costs(stack, browser, calls, upload_id, count) for count, upload_id in uploads.items()}
    for name, (small, _, _) in costs[SMALL].items():
        large, took, worked = costs[LARGE][name]
        print(f"{name:>17}: {sum(large.values())} calls, {took:.0f} ms, of which the portal {worked:.0f}", dict(large))
        assert large == small, name
        parts = FILE_SHARDS * _standing_batches(stack) if name == "files" else 0
        assert sum(large.values()) <= MOST_CALLS_OF.get(name, MOST_CALLS) + parts, name


def _standing_batches(stack):
    """Count the batches that other tests of the clinic have announced and not sent."""
    rows = stack.clients.dynamodb.query(
        TableName=stack.outputs["Table"],
        IndexName="by_clinic_state",
        KeyConditionExpression="clinic_state = :awaited",
        ExpressionAttributeValues={":awaited": {"S": f"{CLINIC}#awaiting_upload"}},
    )["Items"]
    return sum(row["sk"]["S"].startswith(BATCH) for row in rows)


def _costs(stack, browser, calls, upload_id, count):
    pages = {
        "uploads": "/uploads",
        "receipt": f"/uploads/{upload_id}",
        "receipt again": f"/uploads/{upload_id}/_receipt",
        "trouble": f"/uploads/{upload_id}/trouble?cause=0%23a-refusal",
        "files": "/files",
        "files by state": "/files?state=rejected",
        "files by study": f"/files?study={study_of(stack, upload_id, count)}",
        "files by name": asked(browser, "/files/search", name=f"slice-of-{count}-"),
        "files of patient": asked(browser, "/files/search", patient=f"test-{count}"),
        "files by modality": "/files?modality=CT&state=rejected",
        "board": "/studies",
        "exams found": asked(browser, "/studies/search", text=f"test-{count}"),
        "expected": "/expected",
        "studies by date": "/studies?modality=CT&since=2026-11-22&until=2026-11-22",
        "study": f"/studies/{study_of(stack, upload_id, count)}",
        "file": f"/files/{file_id(upload_id, 0)}",
    }
    return {name: _cost(browser, calls, path) for name, path in pages.items()}


def _cost(browser, calls, path):
    """Return the calls that a page makes, and the medians of what it took and of the portal's own work, in ms."""
    browser.get(path)
    took, worked = [], []
    for _ in range(5):
        calls.clear()
        started, began = time.perf_counter(), time.process_time()
        assert browser.get(path).status_code == 200
        took.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - began) * 1000)
    return Counter(calls), sorted(took)[2], sorted(worked)[2]


def test_searches_find_what_the_stack_holds(stack, browser, uploads):
    upload_id = uploads[LARGE]
    found = {
        "name": asked(browser, "/files/search", name=f"SLICE-of-{LARGE}-0000"),
        "patient": asked(browser, "/files/search", patient=f" test-{LARGE}", upload=upload_id, state="rejected"),
        "study": f"/files?study={study_of(stack, upload_id, LARGE)}&state=rejected",
    }
    assert names(browser.get(found["name"]).text) == [f"pages-{LARGE}/Slice-of-{LARGE}-{n:05d}.dcm" for n in range(10)]
    for kind in ("patient", "study"):
        text = browser.get(found[kind]).text
        assert len(names(text)) == 50, kind
        assert "Next page" in text
    assert f"Worklist {LARGE}" in browser.get(asked(browser, "/files/search", reference="worklist 4")).text


def test_a_receipt_counts_each_cause_exactly_and_leads_to_its_files(browser, uploads):
    text = browser.get(f"/uploads/{uploads[LARGE]}").text
    assert "See all 80 files" in text
    assert "Retry all 80 failed files" in text
    listed = browser.get(f"/uploads/{uploads[LARGE]}/trouble?cause=0%23a-refusal").text
    assert len(names(listed)) == 80


def test_a_study_is_told_with_its_series_and_patient(stack, browser, uploads):
    text = browser.get(f"/studies/{study_of(stack, uploads[SMALL], SMALL)}").text
    assert "2 series · 8 images" in re.sub(r"\s+", " ", text)
    assert "Example, Nobody" in text
    found = browser.get(asked(browser, "/studies/search", patient=f"TEST-{SMALL}")).text
    assert study_of(stack, uploads[SMALL], SMALL) in found


def names(text):
    return re.findall(r'class="list__name" href="/files/[^"]+">([^<]+)<', text)
