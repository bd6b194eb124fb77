"""A rebuild while files arrive, of what was deleted and what no projector ever counted: `make rebuilds`.

Exact afterwards by the independent recount, and a second run writes nothing. FILES_PER_S, LOST, DELETED and SEED choose
more, or another day.
"""

import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from intake.files.states import State
from intake.recounts.model import REST
from tests.dicom_files import ct_slice, uid
from tests.emulator.prove.test_kills import find_last_verdict
from tests.emulator.rebuilding import Rebuilds, StreamMapping
from tests.emulator.recounting import Recounts
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

FILES_PER_S = float(os.environ.get("FILES_PER_S", "10"))
LOST = int(os.environ.get("LOST", "500"))
DELETED = int(os.environ.get("DELETED", "200"))
SEED = int(os.environ.get("SEED", "20261130"))

PROJECTED = {"APPLIED", "STUDY", "BOARD", "HOLDINGS", "MINUTES", "HOURS", "DAYS", "DEVICES", "CHANGES", "UPLOAD"}
KEPT_APART = ("REBUILD", "WATCH", "INCIDENTS", "OUTBOX", "STATS")
"""What follows from no record, and goes on by itself."""


def send(lane, files):
    """Put slices, five of a study; each tenth is none."""
    for file in files:
        number = int(file.name.partition(".")[0])
        study = f"{file.upload_id}.{number // 5}"
        data = ct_slice(study=uid(study), series=uid(study, 1), sop=uid(study, 1, number), rows=8, columns=8)
        lane.put(file, data if number % 10 else b"no image" * 20)


def read_table(lane):
    """Return all items that follow from records, by their keys."""
    pages = lane.aws.dynamodb.get_paginator("scan").paginate(TableName=lane.outputs["Table"], ConsistentRead=True)
    rows = (row for page in pages for row in page["Items"])
    return {(row["pk"]["S"], row["sk"]["S"]): row for row in rows if not row["pk"]["S"].startswith(KEPT_APART)}


def delete_some(lane, chance):
    """Delete items that are projected; an upload's own is not, for no record tells its reference."""
    keys = sorted(key for key in read_table(lane) if key[0].partition("#")[0] in PROJECTED)
    projected = [
        key for key in keys if not (key[1] == "#META" and key[0].startswith("UPLOAD#")) and "FILE#" not in key[1]
    ]
    chosen = chance.sample(projected, DELETED)
    for partition, sort in chosen:
        lane.aws.dynamodb.delete_item(TableName=lane.outputs["Table"], Key={"pk": {"S": partition}, "sk": {"S": sort}})
    return Counter(key[0].partition("#")[0] for key in chosen)


def keep_sending(lane, over):
    """Send files at an even pace, each upload of a hundred, until it is over; return them."""
    sent, began = [], time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        while not over.is_set():
            files = lane.reserve(40)
            sent.append(files)
            list(threads.map(lambda part: send(lane, part), [files[start::4] for start in range(4)]))
            over.wait(max(0.0, began + 40 * len(sent) / FILES_PER_S - time.monotonic()))
    return [file for files in sent for file in files]


@pytest.mark.timeout(1500)
def test_a_rebuild_while_files_arrive_is_exact_and_a_second_one_writes_nothing(stack):
    lane, stream, rebuilds, chance = Lane(stack), StreamMapping(stack), Rebuilds(stack), random.Random(SEED)
    counted = lane.reserve(LOST)
    send(lane, counted)
    until(lambda: lane.states(counted)[State.AWAITING_UPLOAD] == 0, "the first verdicts", 300)
    until(lambda: lane.records.upload(None, counted[0].upload_id).settled, "the first counts", 120)
    stream.stop()
    lost = lane.reserve(LOST)
    send(lane, lost)
    until(lambda: lane.states(lost)[State.AWAITING_UPLOAD] == 0, "verdicts that nobody counts", 300)
    deleted = delete_some(lane, chance)
    stream.lose()
    print(f"\nseed {SEED}: {LOST} changes lost, deleted {dict(deleted)}")

    over = Event()
    with ThreadPoolExecutor(1) as sender:
        sending, began = sender.submit(keep_sending, lane, over), time.monotonic()
        first = rebuilds.run(mends=True)
        under_load = time.monotonic() - began
        over.set()
        sent = sending.result()
    rate = len(sent) / (time.monotonic() - began)
    print(f"rebuilt in {under_load:.0f} s while {len(sent)} files came, {rate:.1f} a second: {_describe(first)}")
    until(lambda: lane.states(sent)[State.AWAITING_UPLOAD] == 0, "all verdicts", 300)

    # What was being written to all the while is looked at again, once it is at rest.
    last = find_last_verdict([lane.verdicts.file(file.file_id) for file in sent])
    until(lambda: time.time() > last + REST.total_seconds(), "studies that rest", 2 * REST.total_seconds())
    print(f"once more, at rest: {_describe(rebuilds.run(mends=True))}")
    Recounts(stack).check()
    before = read_table(lane)
    second = rebuilds.run(mends=True)
    print(f"a last time: {_describe(second)}")
    assert second.is_exact
    assert not second.busy
    assert read_table(lane) == before


def _describe(job):
    return (
        f"{job.looked_at} looked at, {job.differences} differences, {job.uncounted} uncounted, {job.adopted} marks, "
        f"{job.busy} busy, {job.read_units} units"
    )
