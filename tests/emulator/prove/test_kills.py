"""Files and an archive under load while AWS refuses calls, and while judges and projectors are killed: `make kills`.

All have their verdicts within half a minute of the last error, and within the queue's visibility of the last kill, and
what is counted is what there is. VISIBILITY_S=31 takes two minutes; production's 720 s, which are meant otherwise,
make it a quarter of an hour. FILES, KILLS and SEED choose more, or another day.
"""

import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from intake.files.states import State
from tests.archives import a_study, zipped
from tests.dicom_files import ct_slice, uid
from tests.emulator.faulty_relay import troubled
from tests.emulator.partner import PartnerClient
from tests.emulator.test_exactly_once import Lane
from tests.emulator.workers import find_workers
from tests.waiting import until

VISIBILITY_S = int(os.environ.get("VISIBILITY_S", "720"))
FILES = int(os.environ.get("FILES", "200"))
ENTRIES = FILES // 2
KILLS = int(os.environ.get("KILLS", "25"))
SEED = int(os.environ.get("SEED", "20261130"))

HEALED_S = 30
"""After an error; and after a kill, for what is done once the queue has shown again what the dead worker held."""
FILES_PER_S = 3
"""Less than the stack judges on two cores, so that a file waits for its own trouble and not for its neighbours."""
SHARE_IN_TROUBLE = 0.2
REFUSED_FOR_S = 8
"""How long a file is refused from its first call on: longer than a worker itself tries one again."""


@pytest.fixture
def lane(stack):
    return Lane(stack)


@pytest.fixture
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as client:
        yield client


@pytest.fixture
def visibility(lane):
    """Hide what a dead worker held for as long as is asked for."""
    queue, name = lane.outputs["QueueUrl"], "VisibilityTimeout"
    usual = lane.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    lane.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: str(VISIBILITY_S)})
    yield
    lane.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: usual})


def send(lane, files):
    """Put slices of one upload, at an even pace."""
    began = time.monotonic()

    def put(number, file):
        time.sleep(max(0.0, began + number / FILES_PER_S - time.monotonic()))
        study = file.upload_id
        lane.put(file, ct_slice(study=uid(study), series=uid(study, 1), sop=uid(study, 1, number), rows=16, columns=16))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, range(len(files)), files))


def find_last_verdict(records):
    return max(record.updated_at.timestamp() for record in records)


def recount(lane, upload_id, count):
    """Hold an upload's figures and objects against its records, and return these.

    In a few lines, until `tests/recount` does so for all that is kept.
    """
    upload = until(
        lambda: (found := lane.records.upload(None, upload_id)).settled and found.declared == count and found,
        f"the counts of {upload_id}",
        120,
    )
    records, cursor = [], None
    while not records or cursor:
        page = lane.records.files_of(upload_id, cursor, 500)
        records, cursor = records + list(page.rows), page.next
    files = [record for record in records if record.kind != "zip"]
    counted = {state: number for state, number in upload.counts.items() if number}
    assert counted == Counter(record.state for record in files) == {State.ACCEPTED: count}
    assert sorted(lane.stored("AcceptedBucket", upload_id)) == sorted(record.stored.key for record in records)
    assert lane.stored("QuarantineBucket", upload_id) == []
    assert {record.revision for record in files} == {1}
    return records


class Refusals:
    """Refuses the copies of some files, and the verdicts of others, for a while from the first call on."""

    def __init__(self, files, chance):
        chosen = chance.sample(files, int(SHARE_IN_TROUBLE * len(files)))
        self.copied = {file.file_id for file in chosen[::2]}
        self.recorded = {file.file_id for file in chosen[1::2]}
        self.first, self.last_at = {}, 0.0

    def refuse_copy(self, request):
        return request.method == "PUT" and self._refuse(self.copied, request.path)

    def refuse_verdict(self, request):
        return request.operation == "TransactWriteItems" and self._refuse(self.recorded, request.body.decode())

    def _refuse(self, chosen, told):
        file_id = next((one for one in chosen if one in told), None)
        if file_id is None or time.time() > self.first.setdefault(file_id, time.time()) + REFUSED_FOR_S:
            return False
        self.last_at = time.time()
        return True


def test_all_have_their_verdicts_within_half_a_minute_of_the_last_error(lane):
    files, chance = lane.reserve(FILES), random.Random(SEED)
    refusals = Refusals(files, chance)
    with troubled(lane.stack, "s3", "dynamodb") as relays:
        # Behind other settings are other workers, and the emulator ends the former ones in the middle of what they do.
        lane.pause()
        first = lane.reserve(1)
        send(lane, first)
        lane.go_on()
        until(lambda: lane.states(first) == {State.ACCEPTED: 1}, "the first verdict of the new workers", 60)
        relays["s3"].fails, relays["dynamodb"].fails = refusals.refuse_copy, refusals.refuse_verdict
        send(lane, files)
        until(lambda: lane.states(files) == {State.ACCEPTED: FILES}, "all verdicts", 180)

    records = recount(lane, files[0].upload_id, FILES)

    calls = {service: len(relay.refused) for service, relay in relays.items()}
    waited = find_last_verdict(records) - refusals.last_at
    print(f"\nseed {SEED}: {calls} calls refused of {len(refusals.first)} files; last verdict {waited:.1f} s later")
    assert set(refusals.first) == refusals.copied | refusals.recorded
    assert waited <= HEALED_S
    assert lane.depth("DeadLetterQueueUrl") == 0


class Killer(Thread):
    """Kills a judge or a projector every now and then, while files are sent and judged."""

    def __init__(self, stack, chance):
        super().__init__(daemon=True)
        self.stack, self.chance = stack, chance
        self.killed, self.last_at, self.over = Counter(), 0.0, Event()

    def run(self):
        while self.killed.total() < KILLS and not self.over.wait(self.chance.uniform(0.5, 2)):
            service = self.chance.choice(("judge", "judge", "projector"))
            workers = find_workers(self.stack, service)
            if workers:
                os.kill(self.chance.choice(workers), signal.SIGKILL)
                self.killed[service] += 1
                self.last_at = time.time()


def test_all_have_their_verdicts_within_the_visibility_of_the_last_kill(lane, partner, visibility):
    chance = random.Random(SEED)
    files, archive, name = lane.reserve(FILES), f"killed {time.time()}", "study.zip"
    killer = Killer(lane.stack, chance)
    killer.start()
    archived = partner.upload({name: zipped(a_study(archive, ENTRIES))})["upload_id"]
    send(lane, files)
    killer.join(120)
    killer.over.set()
    killer.join()
    print(f"\nseed {SEED}: killed {dict(killer.killed)}; the queue shows again in {VISIBILITY_S} s what they held")
    until(lambda: lane.states(files) == {State.ACCEPTED: FILES}, "all verdicts", VISIBILITY_S + 4 * HEALED_S)

    records = [
        *recount(lane, files[0].upload_id, FILES),
        *recount(lane, archived, ENTRIES),
    ]

    waited = find_last_verdict(records) - killer.last_at
    print(f"last verdict {waited:.1f} s after the last kill")
    assert set(killer.killed) == {"judge", "projector"}
    assert waited <= VISIBILITY_S + HEALED_S
    assert lane.depth("DeadLetterQueueUrl") == lane.depth("ProjectionFailuresQueueUrl") == 0
