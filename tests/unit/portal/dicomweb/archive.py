"""A clinic's archive on fakes: slices that were judged, as the processor would leave them."""

import hashlib
import io
from dataclasses import dataclass, field

import pydicom

from intake.files.model import ObjectVersion
from intake.files.states import State
from processor.judge import judge
from tests.dicom_files import ct_slice, uid
from tests.records import a_verdict

STUDIES = {
    "A": {"patient_id": "NS-1", "patient_name": "Example^Anna", "date": "20260110"},
    "B": {"patient_id": "NS-2", "patient_name": "Example^Bert", "date": "20260220"},
}


@dataclass
class Bytes:
    """An object as the judge reads it."""

    data: bytes

    @property
    def size(self):
        return len(self.data)

    def read(self, start, length):
        return self.data[start : start + length]


@dataclass
class Archive:
    """Two studies of two series of two slices each."""

    portal: object
    slices: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    def fill(self, **login):
        for name, study in STUDIES.items():
            for series in (1, 2):
                for number in (1, 2):
                    self.slices[name, series, number] = a_slice(name, series, number, **study)
        self.add(*self.slices.values(), **login)
        return self

    def add(self, *bodies, token=""):
        """Have files announced, sent and judged."""
        client = self.portal.machine(token)
        files = [
            {"name": "slice.dcm", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for body in bodies
        ]
        for file, body in zip(
            client.post("/api/v1/uploads", json={"files": files}).json()["files"], bodies, strict=True
        ):
            self.judged(file["file_id"], body)

    def judged(self, file_id, body):
        judgement = judge(Bytes(body))
        record = self.portal.table.files[file_id]
        bucket = "quarantine" if judgement.rejected else "accepted"
        stored = self.portal.objects.put(bucket, record.incoming.key, body)
        verdict = a_verdict(
            record,
            state=State.REJECTED if judgement.rejected else State.ACCEPTED,
            stored=ObjectVersion(bucket, stored.key, stored.version_id),
            size=len(body),
            kind=judgement.kind,
            findings=judgement.findings,
            metadata=judgement.metadata,
            sop_instance_uid=judgement.sop_instance_uid,
        )
        self.portal.verdicts.record(verdict, reserved=True)

    def data_set(self, *name):
        return self.data_set_of(self.slices[name])

    @staticmethod
    def data_set_of(body):
        return pydicom.dcmread(io.BytesIO(body))


def a_slice(name, series, number, *, patient_id, patient_name, date):
    return ct_slice(
        study=uid("study", name),
        series=uid("series", name, series),
        instance=number,
        patient_id=patient_id,
        patient_name=patient_name,
        rows=8,
        columns=8,
        changes={0x00080020: ("DA", date.encode())},
    )
