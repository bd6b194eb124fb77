"""The day that screenshots and accessibility checks look at."""

import math
from dataclasses import dataclass

from intake.record import Source
from intake.states import State
from tests.browser.portal_server import PortalServer


@dataclass(frozen=True)
class Day:
    """Ids of what is worth a look."""

    mixed_upload: str
    running_upload: str
    accepted_file: str
    warned_file: str
    rejected_file: str
    failed_file: str
    waiting_file: str


def fill(portal: PortalServer) -> Day:
    sample = portal.sample()
    for number, reference in enumerate(
        ("MRI follow-ups, week 46", "Worklist 0417-B", "", "Mammography screening 11/20")
    ):
        upload = sample.upload(reference, minutes_ago=60 * (number + 3), source=(Source.WEB, Source.API)[number % 2])
        for slice_number in range(12 + 7 * number):
            sample.file(upload, f"IM{slice_number:05d}.dcm", State.ACCEPTED)
    dropped = sample.upload("", minutes_ago=400, source=Source.DIRECT)
    sample.file(dropped, "export-2026-11-22.dcm", State.ACCEPTED, codes=("file-meta-length-missing",))
    mixed = sample.upload("Chest CT, worklist 0422", minutes_ago=38)
    accepted = [sample.file(mixed, f"ct-chest/IM-0001-{n:04d}.dcm", State.ACCEPTED) for n in range(1, 15)]
    warned = sample.file(mixed, "ct-chest/IM-0001-0015.dcm", State.ACCEPTED, codes=("file-meta-length-missing",))
    rejected = sample.file(mixed, "ct-chest/IM-0001-0016.dcm", State.REJECTED, codes=("truncated",), size=204_800)
    sample.file(mixed, "ct-chest/IM-0001-0017.dcm", State.REJECTED, codes=("truncated",), size=131_072)
    sample.file(mixed, "referral letter.pdf", State.REJECTED, codes=("kind-unsupported",), size=88_214, kind="pdf")
    failed = sample.file(mixed, "ct-chest/IM-0001-0018.dcm", State.FAILED)
    sample.file(mixed, "ct-chest/IM-0001-0019.dcm", State.EXPIRED)
    running = sample.upload("Knee MRI", minutes_ago=0.2)
    for number in range(6):
        sample.file(running, f"knee/IM{number:04d}.dcm", State.ACCEPTED)
    waiting = [sample.file(running, f"knee/IM{number:04d}.dcm", State.AWAITING_UPLOAD) for number in range(6, 10)]
    _past_day(portal)
    return Day(
        mixed_upload=mixed.upload_id,
        running_upload=running.upload_id,
        accepted_file=accepted[0].file_id,
        warned_file=warned.file_id,
        rejected_file=rejected.file_id,
        failed_file=failed.file_id,
        waiting_file=waiting[0].file_id,
    )


def _past_day(portal: PortalServer) -> None:
    sample = portal.sample()
    for hour in range(2, 24):
        busy = max(0.05, math.sin((hour + 2) / 24 * 2 * math.pi) ** 2)
        sample.past(State.ACCEPTED, round(140 * busy) + 3, hour)
        sample.past(
            State.REJECTED, round(9 * busy), hour, codes=(("truncated", "kind-unsupported", "not-dicom")[hour % 3],)
        )
        sample.past(State.FAILED, 2 if hour == 7 else 0, hour)
    portal.queue.messages.clear()
    portal.tell(
        "2 files rejected - northside",
        "2 files of one upload were rejected.\n\nClinic: northside\nCauses: truncated 2\n\n"
        "The receipt tells what to do about each.",
    )
    portal.tell(
        "1 file failed - northside", "1 file could not be checked because of a fault on our side.\n\nClinic: northside"
    )
