"""The sweep at the size of a bad day: very many reservations that nobody keeps, and very many objects that nobody
announced, some of them with their notices lost. Run by `make sweeps`.

Records are written as they stand after that day, and the event sources of projector and exporter are off: what is
measured is the deployed sweep, and for what is dropped the same code here, a quarter of an hour later.
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from infra.local.clients import function_environment
from intake.files import keys
from intake.files.item_keys import index_in_lists
from intake.files.keys import KeyedIds
from intake.files.model import FileRecord, ObjectVersion, Source, Upload, now
from intake.files.states import State
from intake.records.file_items import file_item
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table, TableSecret, serialize
from processor.handlers import wiring
from processor.reconcile.rounds import begin_share
from tests.dicom_files import ct_slice, uid
from tests.emulator.stacks import empty_queue, enter_clinic
from tests.emulator.sweeping import sweep
from tests.waiting import until

pytestmark = pytest.mark.disturbs("records are written as they stand, without their uploads, and nothing is projected")

ABANDONED, DROPPED = (int(os.environ.get(name, many)) for name, many in (("ABANDONED", 30_000), ("DROPPED", 20_000)))
A_SWEEP_S = 30
AT_ONCE = 16


@pytest.fixture
def table(stack):
    for mapping in stack.clients.functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":dynamodb:" in mapping["EventSourceArn"]:
            stack.clients.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return Table(stack.clients.dynamodb, stack.outputs["Table"])


def put_unseen(stack, names):
    """Put objects of which S3 tells nobody; return their versions."""
    bucket, s3 = stack.outputs["IncomingBucket"], stack.clients.s3
    told = s3.get_bucket_notification_configuration(Bucket=bucket)
    told.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})

    def put(name):
        body = ct_slice(study=uid(name), series=uid(name, 1), rows=8, columns=8)
        return ObjectVersion(bucket, name, s3.put_object(Bucket=bucket, Key=name, Body=body)["VersionId"])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        versions = list(threads.map(put, names))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)
    return versions


AGO = timedelta(minutes=16)
"""Longer than files may await their upload without being looked for."""


def reserve(stack, clinic_id, files, ago=AGO):
    """Return an upload that was announced some time ago, and its files."""
    at, upload_id = now() - ago, keys.new_upload_id()
    upload = Upload(clinic_id=clinic_id, upload_id=upload_id, created_at=at, created_by="t", source=Source.API)
    ids = [keys.file_id(upload_id, number) for number in range(files)]
    facts = {"clinic_id": clinic_id, "upload_id": upload_id, "size": 1, "sha256": None, "source": Source.API}
    facts |= {"created_at": at, "updated_at": at, "created_by": "t", "expires_at": at + timedelta(hours=24)}
    records = [
        FileRecord(
            **facts,
            file_id=one,
            name=f"{one}.dcm",
            state=State.AWAITING_UPLOAD,
            incoming=ObjectVersion(stack.outputs["IncomingBucket"], keys.object_key(clinic_id, upload_id, one, at)),
        )
        for one in ids
    ]
    return upload, records


def announce_singly(stack, clinic_id, files, ago=AGO):
    """Announce a file of an upload each, as fast as the emulator takes them."""
    records = [reserve(stack, clinic_id, 1, ago)[1][0] for _ in range(files)]
    in_lists = [index_in_lists(clinic_id, file.file_id, State.AWAITING_UPLOAD) for file in records]
    write_items(stack, [file_item(file) | more for file, more in zip(records, in_lists, strict=True)])


def write_items(stack, items):
    left = {stack.outputs["Table"]: [{"PutRequest": {"Item": serialize(item)}} for item in items]}
    while left:
        left = stack.clients.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]


def swept_in(stack):
    """Sweep, and return how many seconds that took."""
    began = time.monotonic()
    sweep(stack)
    return round(time.monotonic() - began, 1)


def abandon(stack, table, clinic_id, together, ago=AGO):
    """Announce what nobody sends, so many files at a time."""
    enter_clinic(stack, clinic_id)
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        if together == 1:
            list(threads.map(lambda _: announce_singly(stack, clinic_id, 25, ago), range(ABANDONED // 25)))
        else:
            uploads = [reserve(stack, clinic_id, together, ago) for _ in range(ABANDONED // together)]
            list(threads.map(lambda some: DynamoRecords(table).add_files(*some), uploads))
    print(f"{ABANDONED} reservations, {together} at a time, announced in {time.monotonic() - began:.0f} s")


def lose(stack, table, clinic_id, ago=AGO):
    """Announce a file and put it so that S3 tells nobody."""
    upload, (lost,) = reserve(stack, clinic_id, 1, ago)
    DynamoRecords(table).add_files(upload, [lost])
    put_unseen(stack, [lost.incoming.key])
    return lost


def heal(stack, table, lost):
    """Sweep twice at most, until a lost file is accepted; return how many seconds each sweep took."""
    empty_queue(stack)
    verdicts = DynamoVerdicts(table, KeyedIds(TableSecret(table).read))
    seconds = []
    while verdicts.file(lost.file_id).state is State.AWAITING_UPLOAD and len(seconds) < 2:
        seconds.append(swept_in(stack))
        until(lambda: is_idle(stack), "the queue's end", 60)
    print(f"sweeps took {seconds} s")
    assert verdicts.file(lost.file_id).state is State.ACCEPTED
    return seconds


@pytest.mark.parametrize("together", [3_000, 1], ids=["announced together", "announced one by one"])
def test_a_lost_notice_behind_very_many_abandoned_reservations_is_healed_in_two_sweeps(stack, table, together):
    clinic_id = f"abandons-{together}"
    abandon(stack, table, clinic_id, together)

    assert max(heal(stack, table, lose(stack, table, clinic_id))) <= A_SWEEP_S


@pytest.mark.parametrize("whose", ["abandons-1", "another"])
def test_the_oldest_notice_and_another_clinics_are_healed_in_two_sweeps_as_well(stack, table, whose):
    """Beside what the test before left: very many that were announced one by one."""
    enter_clinic(stack, whose)

    assert max(heal(stack, table, lose(stack, table, whose, 2 * AGO))) <= A_SWEEP_S


def test_a_lost_notice_behind_very_many_that_are_over_waits_for_none_to_be_given_up(stack, table):
    abandon(stack, table, "gives-up", 1, timedelta(hours=24, minutes=1))

    assert max(heal(stack, table, lose(stack, table, "gives-up"))) <= A_SWEEP_S


def is_idle(stack):
    asked = stack.clients.sqs.get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=["All"])
    return not any(int(value) for name, value in asked["Attributes"].items() if "OfMessages" in name)


def test_of_very_many_dropped_objects_those_with_lost_notices_are_found_in_two_sweeps(stack, table, monkeypatch):
    enter_clinic(stack, "drops")
    began = time.monotonic()
    versions = put_unseen(stack, [f"drops/{number % 50}/{number:05d}.dcm" for number in range(DROPPED)])
    lost = set(random.Random(16).sample(versions, DROPPED // 100))
    places = place_all(stack, table, versions)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        told = [version for version in versions if version not in lost]
        list(threads.map(lambda some: write_records(stack, places, some), cut(told, 25)))
    print(f"{DROPPED} objects put and all but {len(lost)} recorded in {time.monotonic() - began:.0f} s")
    session = boto3.Session()
    for name, value in function_environment(stack.clients, stack.at, stack.outputs["SweepFunction"]).items():
        monkeypatch.setenv(name, value)
    later = timedelta(minutes=16)
    seconds, enqueued = [], 0
    for number in range(2):
        empty_queue(stack)
        resender = wiring.resender(os.environ, session)
        the_round = wiring.dropped_round(os.environ, session, resender)
        at = now() + later + number * timedelta(minutes=5)
        began = time.monotonic()
        swept = replace(the_round, clock=lambda at=at: at).run(begin_share(60))
        seconds.append(round(time.monotonic() - began, 1))
        enqueued += swept.enqueued
        until(lambda: is_idle(stack), "the queue's end", 300)
    print(f"rounds took {seconds} s and enqueued {enqueued}")

    standing = DynamoRecords(table).get_many([places[version].file_id for version in lost])
    assert {record.incoming for record in standing.values()} == lost
    assert max(seconds) <= A_SWEEP_S


def cut(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def place_all(stack, table, versions):
    """Return where objects belong, by their versions: as S3 dates them, for midnight may have passed meanwhile."""
    ids = KeyedIds(TableSecret(table).read)
    pages = stack.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs["IncomingBucket"])
    landed = {row["Key"]: row["LastModified"] for page in pages for row in page["Contents"]}
    return {one: ids.place_direct(one.bucket, one.key, one.version_id, landed[one.key]) for one in versions}


def write_records(stack, places, versions):
    """Write records as the judge leaves them of what was dropped."""
    items = []
    for version in versions:
        place, at = places[version], now()
        record = FileRecord(
            clinic_id=place.clinic_id, upload_id=place.upload_id, file_id=place.file_id, name=version.key, size=1,
            sha256=None, state=State.ACCEPTED, source=Source.DIRECT, created_at=at, created_by="s3", updated_at=at,
            expires_at=at, incoming=version,
        )  # fmt: skip
        items.append(file_item(record))
    write_items(stack, items)
