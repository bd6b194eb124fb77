"""The day that screenshots and accessibility checks look at."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta

from intake.expectations.model import ExpectedExam
from intake.files.metadata import read_series_uid, read_study_uid
from intake.files.model import Source, now
from intake.files.states import State
from intake.messaging.model import EVERYTHING, OPERATIONS, AlertKind, Subscription, filter_policy
from intake.operations.model import QuietClinic
from intake.projections.model import Device, DueAlert
from intake.studies.exams import Exam
from processor.projection import alert_texts
from tests.browser.administration import administer
from tests.browser.analysed import analyse
from tests.browser.audits import audit
from tests.browser.exams import expect_exams, share
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC, PATIENT, STAFF, Sample
from tests.browser.work import work
from tests.records import IDS

UPLOAD = "01kanqzzzz0000000000000000"
FILE = f"{UPLOAD}-00016"


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
    running_order: str
    tried_order: str
    running_rebuild: str
    found_rebuild: str
    image_file: str
    document_file: str
    study: str


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
    told = {"expected": 24, "note": "Second half of Monday's list; the rest follows by courier."}
    portal.table.uploads[mixed.upload_id] = replace(mixed, **told)
    accepted = [sample.file(mixed, f"ct-chest/IM-0001-{n:04d}.dcm", State.ACCEPTED) for n in range(1, 15)]
    warned = sample.file(mixed, "ct-chest/IM-0001-0015.dcm", State.ACCEPTED, codes=("file-meta-length-missing",))
    rejected = sample.file(mixed, "ct-chest/IM-0001-0016.dcm", State.REJECTED, codes=("truncated",), size=204_800)
    sample.file(mixed, "ct-chest/IM-0001-0017.dcm", State.REJECTED, codes=("truncated",), size=131_072)
    sample.file(mixed, "referral letter.pdf", State.REJECTED, codes=("kind-unsupported",), size=88_214, kind="pdf")
    failed = sample.file(mixed, "ct-chest/IM-0001-0018.dcm", State.FAILED)
    sample.file(mixed, "ct-chest/IM-0001-0020.dcm", State.FAILED)
    sample.file(mixed, "ct-chest/IM-0001-0019.dcm", State.EXPIRED)
    drawn = sample.file(mixed, "wound, left forearm.png", State.ACCEPTED, kind="png", size=183_212)
    letter = sample.file(mixed, "discharge summary.pdf", State.ACCEPTED, kind="pdf", size=88_214)
    running = sample.upload("Knee MRI", minutes_ago=0.2)
    for number in range(6):
        sample.file(running, f"knee/IM{number:04d}.dcm", State.ACCEPTED)
    waiting = [sample.file(running, f"knee/IM{number:04d}.dcm", State.AWAITING_UPLOAD) for number in range(6, 10)]
    _past_day(portal)
    administer(portal)
    analyse(portal)
    _expect(portal)
    ordered, tried = work(portal, mixed.upload_id)
    running_rebuild, found_rebuild = audit(portal, mixed.upload_id, warned)
    _subscriptions(portal)
    study = IDS.study(CLINIC, warned.metadata["study_instance_uid"])
    _choose_previews(portal)
    expect_exams(portal)
    share(portal, study)
    return Day(
        mixed_upload=mixed.upload_id,
        running_upload=running.upload_id,
        accepted_file=accepted[0].file_id,
        warned_file=warned.file_id,
        rejected_file=rejected.file_id,
        failed_file=failed.file_id,
        waiting_file=waiting[0].file_id,
        running_order=ordered,
        tried_order=tried,
        running_rebuild=running_rebuild,
        found_rebuild=found_rebuild,
        image_file=drawn.file_id,
        document_file=letter.file_id,
        study=study,
    )


def _choose_previews(portal: PortalServer) -> None:
    """Have each study and series shown by a file, as the projector chooses one."""
    for record in portal.table.files.values():
        if record.state is State.ACCEPTED and (study_uid := read_study_uid(record.metadata)):
            study_id = IDS.study(record.clinic_id, study_uid)
            series_id = IDS.series(record.clinic_id, read_series_uid(record.metadata))
            portal.table.previews |= {study_id: record.file_id, series_id: record.file_id}


SCANNERS = {
    "northside": [Device("a1c4e7", "Example Imaging CT 900 · a1c4"), Device("b802d1", "Sample Medical MR-3 · b802")],
    "lakeview": [Device("c93f00", "Example Imaging DX 20 · c93f")],
}


def _past_day(portal: PortalServer) -> None:
    sample = portal.sample()
    for hour in range(2, 24):
        busy = max(0.05, math.sin((hour + 2) / 24 * 2 * math.pi) ** 2)
        _hour(sample, hour, busy)
    for day in range(1, 30):
        _hour(sample, 24 * day + 5, 0.2 if day % 7 in {0, 6} else 0.9 + 0.1 * (day % 3))
    sample.past(State.FAILED, 2, 7)
    portal.projections.note_quiet([QuietClinic("lakeview", 34, now() - timedelta(minutes=50))], now())
    portal.queue.messages.clear()
    for alert in (
        alert_texts.write_rejected(
            DueAlert(AlertKind.REJECTED, "northside", UPLOAD, 2, {"truncated": 2}, FILE), portal.url
        ),
        alert_texts.write_quiet(DueAlert(AlertKind.QUIET, "lakeview", "lakeview", 1, {}, ""), portal.url),
    ):
        portal.tell(alert.subject, alert.body)


def _hour(sample: Sample, hours_ago: float, busy: float) -> None:
    code = ("truncated", "kind-unsupported", "not-dicom")[int(hours_ago) % 3]
    for clinic, scanners in SCANNERS.items():
        for number, scanner in enumerate(scanners):
            sample.past(State.ACCEPTED, round(70 * busy / (number + 1)) + 2, hours_ago, clinic=clinic, device=scanner)
            rejected = round(5 * busy * (number + 1) / len(clinic) * 8)
            sample.past(State.REJECTED, rejected, hours_ago, codes=(code,), clinic=clinic, device=scanner)


def _expect(portal: PortalServer) -> None:
    """Have a list of today stand there: two exams that did not come yet, and one that is expected no longer."""
    at = now()
    for number, (patient, modality, time, images) in enumerate(
        ((PATIENT, "CT", "0810", 24), ("NS-005120", "MR", "0930", 180), ("NS-005233", "US", "", None))
    ):
        exam = Exam(
            patient_name=("Probe^Petra", "Muster^Max", "Beispiel^Berta")[number],
            patient_id=patient,
            accession_number=f"A-20261{number}",
            description=("CT Thorax", "MRT Knie links", "")[number],
            modality=modality,
            study_date=f"{at:%Y%m%d}",
            patient_key=IDS.patient(CLINIC, patient),
        )
        portal.table.expected[f"expected-{number}"] = ExpectedExam(
            clinic_id=CLINIC,
            expected_id=f"expected-{number}",
            exam=exam,
            time=time,
            images=images,
            created_at=at,
            created_by=STAFF,
            cancelled=number == 2,
        )


def _subscriptions(portal: PortalServer) -> None:
    at = now()
    for endpoint, owner, kinds in (
        ("reading.room@northside.example", "northside", [AlertKind.REJECTED, AlertKind.COMPLETED]),
        ("mri-desk@northside.example", "northside", [AlertKind.REJECTED]),
        ("on.call@northside.example", "northside", [AlertKind.QUIET, AlertKind.FAILED]),
        ("operations@scalper.example", OPERATIONS, [AlertKind.FAILED, AlertKind.QUIET, EVERYTHING]),
    ):
        wanted = Subscription(
            owner=owner,
            subscription_id=IDS.address("email", endpoint),
            protocol="email",
            endpoint=endpoint,
            kinds=frozenset(kinds),
            created_at=at,
            created_by="sample",
            asked_at=at - timedelta(minutes=10),
        )
        arn = portal.subscribers.subscribe("email", endpoint, filter_policy([wanted]))
        portal.subscriptions.save(replace(wanted, arn=arn))
    portal.subscribers.confirm("reading.room@northside.example")
    portal.subscribers.confirm("operations@scalper.example")
    portal.subscribers.stop("on.call@northside.example")
