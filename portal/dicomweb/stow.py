"""Storing small instances by DICOMweb (STOW-RS, PS3.18 10.5): each takes every file's way, and its verdict is told.

Nothing is judged here. Bytes go to S3 by the same presigned request that every sender gets, and the processor decides;
this waits a while for what it says, and answers in time: what has no verdict by then is followed elsewhere.
"""

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import urllib3

from intake.errors import ConflictError
from intake.files.model import FileRecord, Metadata, Source
from intake.files.states import State
from intake.storage.model import Presigned
from portal.auth.identity import Identity
from portal.dicomweb.stow_messages import UNREADABLE, Refused
from portal.dicomweb.wado import AT_ONCE, build_address
from portal.errors import ClinicInactiveError, StorageUnavailableError
from portal.services import Services
from portal.uploads.requests import Announced, NewUpload
from portal.uploads.reservations import Placed, add_files, reserve
from portal.uploads.withdrawals import give_up

SEND_WITHIN_S = 12.0
"""By when, counted from the request's arrival, the last instance is begun to be sent."""
ANSWER_WITHIN_S = 22.0
"""By when it is answered. API Gateway ends a request after 30 s, and Lambda our function after 29; one call of AWS that
began just before may take 8 s."""
PATIENCE_S = 15.0
"""How long verdicts are waited for; most take a second."""

NOT_UNDERSTOOD, OUT_OF_RESOURCES, DUPLICATE_INSTANCE, PROCESSING_FAILURE = UNREADABLE, 0xA700, 0x0111, 0x0110
"""Failure reasons (PS3.4 table B.2-1, PS3.7 annex C)."""
WITH_WARNINGS = 0xB000
"""Coercion or a departure from the standard (PS3.18 table 10.5.3-2 and PS3.4 table B.2-1)."""
NOT_KEPT = "sop-instance-first-kept"
"""What is found in an accepted file whose instance was not stored: the clinic wants the first one kept."""
REASONS = dict.fromkeys(
    ("sop-instance-conflict", "sop-instance-uncompared", "sop-instance-refused", NOT_KEPT), DUPLICATE_INSTANCE
)
"""Finding code → failure reason, where the standard has a closer one than that the data were not understood."""
BATCH = 2 * AT_ONCE
"""Instances that are announced together: no more than can be sent soon, so that none is awaited in vain."""


@dataclass(slots=True)
class Sent:
    """What was sent of a message, or is still on its way when the time is over."""

    upload_id: str = ""
    file_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a message's instances."""

    upload_id: str
    judged: tuple[FileRecord, ...]
    waiting: int
    """Instances that were sent and have no verdict yet."""
    unsent: int = 0
    """Instances that could not be sent in time: they have to be sent again."""
    refused: tuple[Refused, ...] = ()
    """Instances that were not sent, and are not to be."""

    @property
    def status(self) -> int:
        """200: all were stored. 202: some were, or with warnings, or are still being checked. 409: none were."""
        accepted = sum(map(_is_kept, self.judged))
        if accepted == len(self.judged) and not (self.waiting or self.unsent or self.refused):
            return 202 if any(record.warnings for record in self.judged) else 200
        return 202 if accepted or self.waiting else 409

    @property
    def warnings(self) -> list[str]:
        """What `Warning: 299` says besides (PS3.18 10.5.3)."""
        waiting = [f"{self.waiting} instances are still being checked: Location tells what becomes of them"]
        unsent = [f"{self.unsent} instances were not stored in time: send them again in smaller messages"]
        refused = [f"{len(self.refused)} instances do not belong to the study, or cannot be read as far as their study"]
        return [
            *(waiting if self.waiting else []),
            *(unsent if self.unsent else []),
            *(refused if self.refused else []),
        ]


def store(
    services: Services, identity: Identity, bodies: Sequence[bytes], begun_at: float, refused: Sequence[Refused] = ()
) -> Stored:
    """Announce the instances as one upload, send them, and wait for their verdicts; `begun_at` is monotonic.

    `refused` are told besides. Raises StorageUnavailableError where not one was sent that was to be.
    """
    if not bodies:
        return Stored("", (), 0, refused=tuple(refused))
    sent = _send_all(services, identity, bodies, begun_at + SEND_WITHIN_S)
    if not sent.file_ids:
        raise StorageUnavailableError("The bucket takes nothing now.")
    judged = _await_verdicts(services, sent.file_ids, min(time.monotonic() + PATIENCE_S, begun_at + ANSWER_WITHIN_S))
    waiting, unsent = len(sent.file_ids) - len(judged), len(bodies) - len(sent.file_ids)
    return Stored(sent.upload_id, judged, waiting, unsent, tuple(refused))


def write_response(stored: Stored, base: str) -> dict[str, Any]:
    """Return the response's data set in the DICOM JSON model (PS3.18 table 10.5.3-1)."""
    kept = [_write_kept(record, base) for record in stored.judged if _is_kept(record)]
    refused = [_write_failure(each.metadata, each.reason) for each in stored.refused]
    refused += [_write_refused(record) for record in stored.judged if not _is_kept(record)]
    unsent = [_write_failure({}, OUT_OF_RESOURCES)] * stored.unsent
    sequences = {"00081198": [*refused, *unsent], "00081199": kept}
    return {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


def _send_all(services: Services, identity: Identity, bodies: Sequence[bytes], deadline: float) -> Sent:
    """Announce and send instances, batch by batch; after the deadline (monotonic) none is begun any more.

    What `portal.uploads.reservations.reserve` raises is raised for the first batch; later ones then stay behind.
    """
    sent = Sent()
    announced = [
        Announced(name=f"{number:05d}.dcm", size=len(body), sha256=hashlib.sha256(body).hexdigest())
        for number, body in enumerate(bodies, 1)
    ]
    threads = ThreadPoolExecutor(AT_ONCE)
    try:
        for start in range(0, len(bodies), BATCH):
            batch = bodies[start : start + BATCH]
            placed = _announce_batch(services, identity, sent, announced[start : start + BATCH])
            arriving = [threads.submit(_send, services, one, body) for one, body in zip(placed, batch, strict=False)]
            wait(arriving, timeout=max(0.0, deadline - time.monotonic()))
            _sort(services, identity, sent, placed, arriving)
            if len(placed) < len(batch) or time.monotonic() >= deadline:
                break
    finally:
        # What is on its way is not waited for: it arrives, or its reservation lapses.
        threads.shutdown(wait=False, cancel_futures=True)
    return sent


def _announce_batch(services: Services, identity: Identity, sent: Sent, files: list[Announced]) -> tuple[Placed, ...]:
    """Reserve a batch, the first one by beginning the upload; return nothing where a later one is not to be had."""
    if not sent.upload_id:
        placement = reserve(services, identity, NewUpload(files=files, reference="DICOMweb"), source=Source.API)
        sent.upload_id = placement.upload_id
        return placement.files
    try:
        return add_files(services, identity, sent.upload_id, files).files
    except (ConflictError, ClinicInactiveError):
        return ()


def _send(services: Services, placed: Placed, body: bytes) -> bool:
    """Say whether the bucket took the body."""
    try:
        if placed.put is not None:
            services.send(placed.put, body)
    except StorageUnavailableError:
        return False
    return True


def _sort(
    services: Services, identity: Identity, sent: Sent, placed: Sequence[Placed], arriving: Sequence[Future[bool]]
) -> None:
    """Add what was sent, or is being sent, and await no longer what was not. Raises what sending should not have."""
    lost: list[FileRecord] = []
    for one, future in zip(placed, arriving, strict=True):
        if future.cancel() or (future.done() and not future.result()):
            lost.append(one.record)
        else:
            sent.file_ids.append(one.record.file_id)
    give_up(services, identity, lost)


def _await_verdicts(services: Services, file_ids: Sequence[str], deadline: float) -> tuple[FileRecord, ...]:
    """Return the files that have a verdict, in their order, as soon as all have one or the time is over."""
    judged: dict[str, FileRecord] = {}
    pause = 0.1
    while True:
        records = services.records.get_many([file_id for file_id in file_ids if file_id not in judged])
        judged |= {name: record for name, record in records.items() if record.state is not State.AWAITING_UPLOAD}
        if len(judged) == len(file_ids) or time.monotonic() + pause > deadline:
            return tuple(judged[file_id] for file_id in file_ids if file_id in judged)
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _is_kept(record: FileRecord) -> bool:
    """Say whether the instance is stored now: the same image in another wrapping was before, which is as good."""
    return record.state is State.ACCEPTED and all(found.code != NOT_KEPT for found in record.findings)


def _write_kept(record: FileRecord, base: str) -> dict[str, Any]:
    place = build_address(record, base)
    item = _write_reference(record.metadata) | ({"00081190": {"vr": "UR", "Value": [place]}} if place else {})
    return item | ({"00081196": {"vr": "US", "Value": [WITH_WARNINGS]}} if record.warnings else {})


def _write_refused(record: FileRecord) -> dict[str, Any]:
    closer = (REASONS[finding.code] for finding in record.findings if finding.code in REASONS)
    reason = PROCESSING_FAILURE if record.state is State.FAILED else next(closer, NOT_UNDERSTOOD)
    return _write_failure(record.metadata, reason)


def _write_failure(metadata: Metadata, reason: int) -> dict[str, Any]:
    return {**_write_reference(metadata), "00081197": {"vr": "US", "Value": [reason]}}


def _write_reference(metadata: Metadata) -> dict[str, Any]:
    """Name an instance as far as its file could be read."""
    uids = {"00081150": "sop_class_uid", "00081155": "sop_instance_uid"}
    return {
        tag: {"vr": "UI", "Value": [metadata[key]]} if metadata.get(key) else {"vr": "UI"} for tag, key in uids.items()
    }


TIMEOUT = urllib3.Timeout(connect=2, read=10)
RETRIES = urllib3.Retry(total=2, backoff_factor=0.2, allowed_methods={"PUT"}, status_forcelist={500, 502, 503, 504})
STANDS_ALREADY = 412
"""An earlier try arrived, and its answer was lost: the bucket takes each key once."""


class HttpSender:
    """Keeps connections to the bucket."""

    def __init__(self, http: urllib3.PoolManager) -> None:
        self._http = http

    def __call__(self, presigned: Presigned, body: bytes) -> None:
        """Raises StorageUnavailableError when the bucket does not take the body."""
        try:
            answer = self._http.request(
                presigned.method, presigned.url, body=body, headers=presigned.headers, timeout=TIMEOUT, retries=RETRIES
            )
        except urllib3.exceptions.HTTPError as error:
            raise StorageUnavailableError("The bucket could not be reached.") from error
        if answer.status not in {200, STANDS_ALREADY}:
            raise StorageUnavailableError("The bucket refused the body.")
