"""Storing small instances by DICOMweb (STOW-RS, PS3.18 10.5): each takes every file's way, and its verdict is told.

Nothing is judged here. Bytes go to S3 by the same presigned request that every sender gets, and the processor decides;
this waits a while for what it says.
"""

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from intake.record import FileRecord, Source
from intake.states import State
from portal.dicomweb.instances import address
from portal.dicomweb.retrieving import AT_ONCE
from portal.identity import Identity
from portal.services import Services
from portal.shapes import Announced, NewUpload
from portal.uploads import reserve

PATIENCE_S = 15.0
"""How long verdicts are waited for; most take a second."""

NOT_UNDERSTOOD, DUPLICATE_INSTANCE, PROCESSING_FAILURE = 0xC000, 0x0111, 0x0110
"""Failure reasons (PS3.4 table B.2-1, PS3.7 annex C)."""
WITH_WARNINGS = 0xB000
"""Coercion or a departure from the standard (PS3.18 table 10.5.3-2 and PS3.4 table B.2-1)."""
REASONS = {"sop-instance-conflict": DUPLICATE_INSTANCE}
"""Finding code → failure reason, where the standard has a closer one than that the data were not understood."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a message's instances."""

    upload_id: str
    judged: tuple[FileRecord, ...]
    waiting: int
    """Instances that have arrived and have no verdict yet."""

    @property
    def status(self) -> int:
        """200: all were stored. 202: some were, or are still being checked. 409: none were."""
        accepted = sum(record.state is State.ACCEPTED for record in self.judged)
        if accepted == len(self.judged) and not self.waiting:
            return 200
        return 202 if accepted or self.waiting else 409


def store(services: Services, identity: Identity, bodies: Sequence[bytes]) -> Stored:
    """Announce the instances as one upload, send them, and wait for their verdicts."""
    announced = [
        Announced(name=f"{number:05d}.dcm", size=len(body), sha256=hashlib.sha256(body).hexdigest())
        for number, body in enumerate(bodies, 1)
    ]
    placement = reserve(services, identity, NewUpload(files=announced, reference="DICOMweb"), source=Source.API)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(services.send, [placed.put for placed in placement.files if placed.put], bodies))
    judged = _verdicts(services, placement.upload_id, len(bodies))
    return Stored(placement.upload_id, judged, len(bodies) - len(judged))


def response(stored: Stored, base: str) -> dict[str, Any]:
    """Return the response's data set in the DICOM JSON model (PS3.18 table 10.5.3-1)."""
    kept = [_kept(record, base) for record in stored.judged if record.state is State.ACCEPTED]
    refused = [_refused(record) for record in stored.judged if record.state is not State.ACCEPTED]
    sequences = {"00081198": refused, "00081199": kept}
    return {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


def _verdicts(services: Services, upload_id: str, count: int) -> tuple[FileRecord, ...]:
    deadline, pause = time.monotonic() + PATIENCE_S, 0.1
    while True:
        records = services.records.files_of(upload_id, None, count).rows
        judged = tuple(record for record in records if record.state is not State.AWAITING_UPLOAD)
        if len(judged) >= count or time.monotonic() + pause > deadline:
            return judged
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _kept(record: FileRecord, base: str) -> dict[str, Any]:
    place = address(record, base)
    item = _reference(record) | ({"00081190": {"vr": "UR", "Value": [place]}} if place else {})
    return item | ({"00081196": {"vr": "US", "Value": [WITH_WARNINGS]}} if record.warnings else {})


def _refused(record: FileRecord) -> dict[str, Any]:
    code = next((finding.code for finding in record.findings), "")
    reason = PROCESSING_FAILURE if record.state is State.FAILED else REASONS.get(code, NOT_UNDERSTOOD)
    return {**_reference(record), "00081197": {"vr": "US", "Value": [reason]}}


def _reference(record: FileRecord) -> dict[str, Any]:
    """Name an instance as far as its file could be read."""
    uids = {"00081150": "sop_class_uid", "00081155": "sop_instance_uid"}
    return {
        tag: {"vr": "UI", "Value": [record.metadata[key]]} if record.metadata.get(key) else {"vr": "UI"}
        for tag, key in uids.items()
    }
