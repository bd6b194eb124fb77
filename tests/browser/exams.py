"""What a clinic expects and shares, for its pages to be looked at, also by whoever writes nothing but code there."""

from collections.abc import Sequence
from datetime import timedelta

from intake.expectations.model import ExpectedExam
from intake.files.model import now
from intake.sharing.model import StudyLink
from intake.studies.exams import Exam
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC, METADATA, STAFF
from tests.fakes import FakeExpectedExams
from tests.records import IDS

PATIENT = IDS.patient(CLINIC, METADATA["patient"]["id"]).partition("#")[2]
LONG = (
    "Magnetic resonance angiography of the supra-aortic arteries with contrast",
    "Wolkenstein-Oberhuber^Maximiliane",
)
"""As long as real ones are."""


def expect_exams(portal: PortalServer, texts: Sequence[str] = ()) -> None:
    """Have the clinic expect exams today: some of the sample's, or one for each text, which stands wherever one may."""
    told = [(f"ACC-{number}", f"NS-00{number}", "CT Thorax", "Muster^Max") for number in range(3)]
    told += [("ACC-2026-000117", "NS-0000000098124", *LONG)]
    told = [(text,) * 4 for text in texts] or told
    exams = [
        ExpectedExam(
            clinic_id=CLINIC,
            expected_id=IDS.study(CLINIC, f"expected {number} {accession}"),
            exam=Exam(
                patient_name=name,
                patient_id=patient_id,
                patient_key=IDS.patient(CLINIC, patient_id),
                accession_number=accession,
                description=description,
                modality="CT",
                study_date=f"{now():%Y%m%d}",
            ),
            time="" if number % 2 else "0930",
            images=60 if number % 3 else None,
            created_at=now(),
            created_by=STAFF,
            cancelled=number % 4 == 2,
        )
        for number, (accession, patient_id, description, name) in enumerate(told)
    ]
    FakeExpectedExams(portal.table).save(CLINIC, exams)


def share(portal: PortalServer, study: str, name: str = "Dr Maximiliane Wolkenstein-Oberhuber") -> None:
    """Have links to a study: one that works, one that lapsed, one that was locked, and one that somebody closed."""
    at = now()
    for number, changes in enumerate(
        ({"opened": 2, "taken": 1}, {"expires_at": at - timedelta(days=1)}, {"tries": 5}, {"revoked_at": at})
    ):
        told = {
            "link_id": f"{number}{study}",
            "clinic_id": CLINIC,
            "study_id": study,
            "code_digest": "",
            "created_at": at - timedelta(days=2),
            "created_by": STAFF,
            "created_by_name": name,
            "expires_at": at + timedelta(days=5),
        }
        portal.study_links.create(StudyLink(**{**told, **changes}))
