"""The change feed on the deployed stack, and under writers that meet."""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from intake.files.keys import file_id, new_upload_id
from intake.files.model import now
from intake.files.states import State
from intake.projections.change_feed import DynamoChangeFeed
from intake.projections.model import Change, Snapshot
from intake.projections.projections import DynamoProjections
from intake.table.table import Table
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.waiting import until

pytestmark = pytest.mark.emulator

SEED = int(os.environ.get("SEED", "20261122"))
WORKERS = 6


def _changes(clinic_id, count):
    upload_id = new_upload_id()
    return [
        Change(
            file_id=file_id(upload_id, number),
            upload_id=upload_id,
            clinic_id=clinic_id,
            source="api",
            revision=1,
            old=Snapshot(State.AWAITING_UPLOAD),
            new=Snapshot(State.ACCEPTED, size=1000),
            at=now(),
        )
        for number in range(count)
    ]


def test_writers_that_meet_leave_no_gap_and_no_repetition_and_slip_in_behind_no_reader(stack):
    print(f"seed {SEED}")
    rng, clinic_id = random.Random(SEED), f"crowd-{new_upload_id()[-8:]}"
    table = stack.outputs["Table"]
    changes = _changes(clinic_id, 300)
    deliveries = changes * 2
    rng.shuffle(deliveries)
    batches = [deliveries[start : start + 30] for start in range(0, len(deliveries), 30)]
    feed, seen, done = DynamoChangeFeed(Table(stack.clients.dynamodb, table)), [], threading.Event()

    def read():
        cursor, more = feed.end(clinic_id), True
        while more or not done.is_set():
            finished = done.is_set()
            page = feed.changes(clinic_id, cursor, 40)
            seen.extend(entry.change_id for entry in page.entries)
            cursor, more = page.next, page.more or not finished

    with ThreadPoolExecutor(WORKERS + 1) as threads:
        reader = threads.submit(read)
        writers = [
            threads.submit(DynamoProjections(Table(stack.clients.dynamodb, table)).apply, batch) for batch in batches
        ]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        reader.result()

    assert len(seen) == len(set(seen)) == 300
    again = [entry.change_id for entry in feed.changes(clinic_id, None, 500).entries]
    assert again == seen


def test_a_partner_follows_every_verdict_of_an_upload_once(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        cursor = partner.http.get("/api/v1/changes", params={"since": "now"}).json()["cursor"]
        study = uid(new_upload_id())
        files = {f"{n}.dcm": ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, n)) for n in range(9)}
        upload = partner.upload({**files, "bad.dcm": b"no scan"})

        changes = []

        def followed():
            nonlocal cursor
            page = partner.http.get("/api/v1/changes", params={"since": cursor, "limit": 4}).json()
            changes.extend(change for change in page["changes"] if change["upload_id"] == upload["upload_id"])
            cursor = page["cursor"]
            return not page["more"] and len(changes) >= 10

        until(followed, "ten verdicts in the feed")

    assert sorted(change["file_id"] for change in changes) == [file["file_id"] for file in upload["files"]]
    assert sorted(change["state"] for change in changes) == ["accepted"] * 9 + ["rejected"]
    assert {change["previous"] for change in changes} == {"awaiting_upload"}
