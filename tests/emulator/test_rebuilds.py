"""What the projector never counted, on the deployed stack: a rebuild makes receipt, lists and feed exact.

The recount at the module's end holds all of it against the records. `make rebuilds` does more of it, under load.
"""

import pytest

from intake.files.states import State
from intake.projections.change_feed import DynamoChangeFeed
from intake.table.table import Table
from tests.dicom_files import ct_slice, uid
from tests.emulator.rebuilding import Rebuilds, StreamMapping
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator

FILES = 50


@pytest.fixture
def lane(stack):
    return Lane(stack)


def send(lane, files):
    for number, file in enumerate(files):
        study = file.upload_id
        data = ct_slice(study=uid(study), series=uid(study, 1), sop=uid(study, 1, number), rows=8, columns=8)
        lane.put(file, data if number % 5 else b"no image" * 20)


def read_feed(lane):
    feed = DynamoChangeFeed(Table(lane.aws.dynamodb, lane.outputs["Table"]))
    told, position = [], "0"
    while True:
        page = feed.changes("northside", position, 500)
        told += page.entries
        position = page.next
        if not page.more:
            return told


def test_fifty_files_that_no_projector_saw_are_counted_listed_and_told(stack, lane):
    stream, rebuilds = StreamMapping(stack), Rebuilds(stack)
    stream.stop()
    files = lane.reserve(FILES)
    send(lane, files)
    until(lambda: lane.states(files)[State.AWAITING_UPLOAD] == 0, "all verdicts", 120)
    stream.lose()
    upload_id = files[0].upload_id
    assert not lane.records.upload(None, upload_id).settled
    verdicts = lane.states(files)

    mended = rebuilds.run(mends=True, clinic_id="northside", upload_id=upload_id)

    upload = lane.records.upload(None, upload_id)
    assert {state: number for state, number in upload.counts.items() if number} == verdicts
    assert upload.settled
    told = [entry for entry in read_feed(lane) if entry.file_id.startswith(upload_id)]
    assert sorted(entry.file_id for entry in told) == sorted(file.file_id for file in files)
    assert mended.uncounted == FILES
    again = rebuilds.run(mends=True, clinic_id="northside", upload_id=upload_id)
    assert again.is_exact, again
