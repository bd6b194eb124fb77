"""Verdicts on the deployed stack: through the table's stream into files, and by Athena's SQL onto the admins' page."""

import gzip
import html
import json
import re

import pytest

from intake.files.states import State
from intake.records.records import DynamoRecords
from intake.table.table import Table
from tests.dicom_files import ct_slice, uid
from tests.emulator.stacks import enter_clinic, eventually
from tests.emulator.test_admin import AdminClient

CLINIC = "analysed"
ACCEPTED, REJECTED = 5, 3


@pytest.fixture(scope="module")
def admin(stack, admin_token):
    client = AdminClient(stack, admin_token)
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def records(stack):
    """Files of a clinic of their own, dropped and judged."""
    files = {f"IM{n}.dcm": ct_slice(study=uid("analytics"), instance=n + 1, rows=8, columns=8) for n in range(ACCEPTED)}
    files |= {f"broken{n}.bin": b"neither one nor the other %d" % n for n in range(REJECTED)}
    enter_clinic(stack, CLINIC)
    for name, data in files.items():
        stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=f"{CLINIC}/{name}", Body=data)
    table = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))

    def settled():
        rows = table.files(CLINIC, None, None, None, 50).rows
        return rows if len(rows) == len(files) else None

    return [table.file(None, row.file_id) for row in eventually(settled, within_s=60)]


@pytest.fixture(scope="module")
def written(stack, records):
    """The rows of that clinic's files, by file, and the objects that hold them."""

    def complete():
        held = {}
        for key in _keys(stack, "analytics/verdicts/"):
            body = stack.clients.s3.get_object(Bucket=stack.outputs["LogsBucket"], Key=key)["Body"].read()
            rows = map(json.loads, gzip.decompress(body).splitlines())
            held |= {row["file_id"]: (key, row) for row in rows if row["clinic_id"] == CLINIC}
        return held if len(held) == len(records) else None

    return eventually(complete)


def _keys(stack, prefix):
    pages = stack.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.outputs["LogsBucket"], Prefix=prefix
    )
    return [row["Key"] for page in pages for row in page.get("Contents", ())]


def test_every_verdict_is_a_row_of_an_encrypted_file_of_its_day(stack, records, written):
    for record in records:
        key, row = written[record.file_id]
        assert f"/dt={record.updated_at:%Y-%m-%d}/" in key
        assert (row["state"], row["codes"], row["size"]) == (record.state, ",".join(record.codes), record.size)
        assert row["time_to_verdict_ms"] == record.timings["arrival_to_verdict"]
        assert bool(row["patient"]) is bool(record.metadata.get("patient", {}).get("id"))
        head = stack.clients.s3.head_object(Bucket=stack.outputs["LogsBucket"], Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"


def _answer(admin, query):
    """Run a query on the page and return the cells of its table, row by row."""
    assert admin.post(f"/admin/analytics/{query}", days=7).status_code == 303

    def done():
        text = admin.get(f"/admin/analytics/{query}/_answer?days=7").text
        assert "was not completed" not in text, text
        return text if "<tbody>" in text else None

    body = eventually(done).partition("<tbody>")[2]
    rows = body.split("<tr>")[1:]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows
    ]


def test_the_page_shows_what_the_saved_queries_answer(admin, records, written):
    size = sum(record.size for record in records if record.state is State.ACCEPTED)
    accepted = sum(record.state is State.ACCEPTED for record in records)
    (code,) = {code for record in records for code in record.codes}
    assert (accepted, len(records)) == (ACCEPTED, ACCEPTED + REJECTED)

    ours = [row for row in _answer(admin, "rejections") if row[2] == CLINIC]
    assert ours == [[code, "Not named", CLINIC, str(REJECTED), str(REJECTED), "100 %"]]
    ours = [row for row in _answer(admin, "cost") if row[0] == CLINIC]
    assert [row[:2] for row in ours] == [[CLINIC, str(len(records))]]
    assert ours[0][2] == f"{size / 1000:.1f} kB" if size < 9950 else f"{size / 1000:.0f} kB"
    verdicts = sum(int(row[1].replace(",", "")) for row in _answer(admin, "throughput"))
    assert verdicts >= len(records)
    days = _answer(admin, "time_to_verdict")
    assert sum(int(row[1].replace(",", "")) for row in days) >= len(records)


def test_answers_lie_where_they_are_forgotten_after_a_month(stack, admin, written):
    _answer(admin, "throughput")
    assert _keys(stack, "athena/")
