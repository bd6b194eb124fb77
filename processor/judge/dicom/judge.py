"""The judgement of a DICOM file: read it, and hold what was found against the rules."""

from typing import NamedTuple

from intake.dicom.encoding import EXPLICIT
from intake.files.model import Metadata
from processor.judge.dicom import metadata
from processor.judge.dicom.dictionary.attributes import NOTHING
from processor.judge.dicom.elements.data_set import DataSet
from processor.judge.dicom.reader import dicom_file
from processor.judge.dicom.reader.damage import TRAILING
from processor.judge.dicom.reader.dicom_file import FileMeta
from processor.judge.dicom.rules import identity, modules, pixel_data
from processor.judge.dicom.texts import read_own
from processor.judge.inspection import envelope
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window


class Judged(NamedTuple):
    """What is known of a file in the end."""

    metadata: Metadata
    sop_instance_uid: str | None


def judge(window: Window, start: int, findings: Findings) -> Judged:
    """Read the file from its meta information at `start` on, and add what is to be said of it."""
    head = window.buffer
    meta, data_set = FileMeta(start), DataSet(EXPLICIT, NOTHING.copy())
    refused = dicom_file.read(window, meta, data_set, findings)
    shared = metadata.read_shared(data_set.values, findings, big=data_set.encoding.big)
    known = read_own(shared.texts, data_set.values, findings)
    if not refused:
        sop_class = identity.find_sop_class(known.of)
        pixel_data.check(
            data_set, shared.image, meta.transfer_syntax, findings, sop_class=sop_class, sound=shared.image_sound
        )
        identity.check(known.of, findings, plain=known.plain)
        has_patient = identity.has_patient(sop_class, known.of)
        if has_patient:
            modules.check(known.of, findings)
        if not shared.sound:
            modules.check_shared(sop_class, known.of, findings, has_patient=has_patient)
    if refused or TRAILING in findings:
        # Where a text conversion damaged the file, that is said instead of what it led to.
        cause = envelope.find_text_conversion(head)
        if cause:
            findings.replace(refused or TRAILING, cause)
    return Judged(metadata.extract(shared.fields, known), identity.find_sop_instance(known.of, plain=known.plain))
