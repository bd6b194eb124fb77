"""Sending a message's instances on to the bucket, some at a time, for as long as there is time."""

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from intake.errors import ConflictError
from intake.files.model import Source
from portal.auth.identity import Identity
from portal.dicomweb.wado.retrieving import AT_ONCE
from portal.errors import ClinicInactiveError, StorageUnavailableError
from portal.services import Services
from portal.uploads.requests import Announced, NewUpload
from portal.uploads.reservations import Placed, add_files, reserve
from portal.uploads.signing import withdraw

BATCH = 2 * AT_ONCE
"""Instances that are announced together: no more than can be sent soon, so that none is awaited in vain."""


@dataclass(slots=True)
class Sent:
    """What was sent of a message, or is still on its way when the time is over."""

    upload_id: str = ""
    file_ids: list[str] = field(default_factory=list)


def send_all(services: Services, identity: Identity, bodies: Sequence[bytes], deadline: float) -> Sent:
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
    lost: list[str] = []
    for one, future in zip(placed, arriving, strict=True):
        gone = future.cancel() or (future.done() and not future.result())
        (lost if gone else sent.file_ids).append(one.record.file_id)
    withdraw(services, identity, lost)
