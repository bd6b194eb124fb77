"""How long files wait for their verdicts through each trouble, at the times that production has. Run by `make retries`.

Each case sends files while the trouble lasts, and tells from each one's arrival in S3 to its verdict. It takes some
15 minutes, most of them for the queue to show again what killed workers held: `CASES=throttled,unavailable` leaves that
out.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from threading import Event

import pytest

from intake.files.states import State
from tests.dicom_files import ct_slice, uid
from tests.emulator.faulty_relay import FaultyRelay, Request, troubled
from tests.emulator.test_archives import judging_processes
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

FILES = 60
PASS, HELD = 25, 8
"""Copies that are made before the judges are held up, and files at least that they hold when they are killed."""
PATIENCE_S = 900


@pytest.fixture
def lane(stack):
    return Lane(stack)


@dataclass(frozen=True)
class Case:
    """A trouble, and for how long it lasts from the first file on."""

    trouble: str
    service: str
    lasts_s: float
    refuses: Callable[[Request], bool]
    longest_s: float
    """By when the last file must have its verdict after its arrival: the outage, and one wait that began in it."""


def copies(request):
    return request.method == "PUT"


def reads(request):
    return request.method == "GET"


def writes(request):
    return request.operation == "TransactWriteItems"


def every_third_call(refuses):
    calls = iter(range(10**9))
    return lambda request: refuses(request) and next(calls) % 3 == 0


CASES = {
    "none": Case("no trouble", "s3", 0, lambda request: False, 60),
    "single": Case("one 503 of S3 in three copies", "s3", 3600, every_third_call(copies), 60),
    "unavailable": Case("S3 answers 503 to every read for 10 s", "s3", 10, reads, 90),
    "copies": Case("S3 answers 503 to every copy for 10 s", "s3", 10, copies, 90),
    "throttled": Case("table throttled for 10 s", "dynamodb", 10, writes, 90),
    "throttled-long": Case("table throttled for 60 s", "dynamodb", 60, writes, 180),
}
CHOSEN = os.environ.get("CASES", ",".join([*CASES, "killed"])).split(",")


@contextmanager
def lasting(relay: FaultyRelay, case: Case) -> Iterator[None]:
    ends = time.monotonic() + case.lasts_s
    relay.fails = lambda request: time.monotonic() < ends and case.refuses(request)
    yield
    relay.fails = lambda request: False


def send(lane, count):
    """Put slices of one upload as fast as they go, and return the files and when each of them arrived."""
    files, arrived = lane.reserve(count), {}
    for number, file in enumerate(files):
        of = file.upload_id
        lane.put(file, ct_slice(study=uid(of), series=uid(of, 1), sop=uid(of, 1, number), rows=16, columns=16))
        arrived[file.file_id] = time.time()
    return files, arrived


def wait_for_verdicts(lane, files, arrived):
    """Return the seconds that each file waited."""
    until(lambda: lane.states(files) == {State.ACCEPTED: len(files)}, "all verdicts", PATIENCE_S)
    return [lane.verdicts.file(file.file_id).updated_at.timestamp() - arrived[file.file_id] for file in files]


def tell(trouble, waits):
    cuts = quantiles(waits, n=20, method="inclusive")
    print(f"\n| {trouble} | {len(waits)} | {cuts[9]:.1f} | {cuts[18]:.1f} | {max(waits):.1f} |", flush=True)


@pytest.mark.parametrize("name", [name for name in CASES if name in CHOSEN])
def test_time_to_verdict(lane, name):
    case = CASES[name]
    with troubled(lane.stack, case.service) as relays, lasting(relays[case.service], case):
        files, arrived = send(lane, FILES)
        waits = wait_for_verdicts(lane, files, arrived)
    tell(case.trouble, waits)
    assert max(waits) <= case.longest_s
    assert lane.depth("DeadLetterQueueUrl") == 0


@pytest.mark.skipif("killed" not in CHOSEN, reason="CASES leaves it out")
def test_time_to_verdict_of_what_killed_judges_held(lane):
    """All workers die by SIGKILL while they wait for S3's word of copies, in the middle of their batches."""
    copied, held_up, let_go = iter(range(10**9)), set(), Event()

    def hold(request):
        if copies(request) and next(copied) >= PASS:
            held_up.add(request.path)
            let_go.wait(PATIENCE_S)
        return False

    with troubled(lane.stack, "s3") as relays:
        relays["s3"].fails = hold
        files, arrived = send(lane, FILES)
        until(lambda: len(held_up) >= HELD, "judges in the middle of their batches", 120)
        for process in judging_processes(lane):
            os.kill(process, signal.SIGKILL)
        relays["s3"].fails = lambda request: False
        let_go.set()
        print(
            "HELD: the queue shows again in twelve minutes what the judges held; nothing happens until then", flush=True
        )
        waits = wait_for_verdicts(lane, files, arrived)
    held = [wait for wait in waits if wait > 300]
    tell("all judges killed in the middle of their batches, all files", waits)
    tell("all judges killed, the files that they held", held)
    assert len(held) >= HELD
    assert max(waits) <= 12 * 60 + 30
    assert lane.depth("DeadLetterQueueUrl") == 0
