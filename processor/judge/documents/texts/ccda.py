"""C-CDA documents: the root, the header that every document must have, and the patient (CDA R2, C-CDA R2.1)."""

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.documents.texts import xml_stream
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

HL7 = "urn:hl7-org:v3" + xml_stream.SEPARATOR
ROOT = "ClinicalDocument"
REQUIRED = ("typeId", "id", "code", "effectiveTime", "author", "custodian")
"""Parts of the header without which a document is incomplete (CDA R2 4.2); the patient is looked at by itself."""
C_CDA = "2.16.840.1.113883.10.20.22.1"
"""The root under which C-CDA's document templates stand."""

PATIENT = ("recordTarget", "patientRole", "patient")
TEXTS: dict[tuple[str, ...], str] = {
    (*PATIENT, "name", "given"): "given",
    (*PATIENT, "name", "family"): "family",
}
"""Path → what its text is."""
ATTRIBUTES: dict[tuple[str, ...], tuple[str, str]] = {
    ("code",): ("code", "document_code"),
    ("effectiveTime",): ("value", "document_time"),
    ("recordTarget", "patientRole", "id"): ("extension", "id"),
    (*PATIENT, "birthTime"): ("value", "birth_date"),
    (*PATIENT, "administrativeGenderCode"): ("code", "sex"),
}
"""Path → attribute, and what it is."""
LONGEST = 1024


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a document by its header. See `judge.Reader`."""
    header = _Header()
    try:
        xml_stream.parse(window, findings, header.start, header.end, header.text)
    finally:
        header.describe(metadata)
    header.check(findings)


class _Header:
    """What is taken from the stream of elements."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._taking = ""
        self._values: dict[str, str] = {}
        self._met: set[str] = set()
        self._templates: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name != HL7 + ROOT:
            raise UnreadableFileError("ccda-root-wrong", "byte 0")
        self._path.append(name.removeprefix(HL7))
        if len(self._path) == 2:
            self._met.add(self._path[1])
        if len(self._path) > 6:
            return
        if self._path[1:] == ["templateId"] and len(self._templates) < 8:
            self._templates.append(attributes.get("root", ""))
        self._take(tuple(self._path[1:]), attributes)

    def _take(self, path: tuple[str, ...], attributes: dict[str, str]) -> None:
        attribute, key = ATTRIBUTES.get(path, ("", ""))
        if attribute in attributes:
            self._values.setdefault(key, attributes[attribute])
        wanted = TEXTS.get(path, "")
        self._taking = wanted if wanted not in self._values else ""
        if self._taking:
            self._values[self._taking] = ""
        if path == PATIENT:
            self._met.add("patient")

    def end(self, _name: str) -> None:
        self._path.pop()
        self._taking = ""

    def text(self, text: str) -> None:
        if self._taking and len(self._values[self._taking]) < LONGEST:
            self._values[self._taking] += text

    def describe(self, metadata: Metadata) -> None:
        """Add what is known, as far as it was read."""
        values = self._values
        # Not the title: it is free text, and some systems write the patient's name into it.
        parts.add_texts(metadata, document_code=values.get("document_code"), document_time=values.get("document_time"))
        templates = [parts.clean_text(root) for root in self._templates if parts.clean_text(root)]
        if templates:
            metadata["templates"] = templates
        patient: Metadata = {}
        name = "^".join([values.get("family", ""), values.get("given", "")]).strip("^")
        parts.add_texts(patient, name=name, **{key: values.get(key) for key in ("id", "birth_date", "sex")})
        if patient:
            metadata["patient"] = patient

    def check(self, findings: Findings) -> None:
        """Hold what was met against the rules."""
        if "patient" not in self._met:
            findings.add("ccda-patient-missing")
        elif "id" not in self._values:
            findings.add("ccda-patient-id-missing")
        if not self._met.issuperset(REQUIRED):
            findings.add("ccda-header-incomplete")
        if "component" not in self._met:
            findings.add("ccda-body-missing")
        if not any(root.startswith(C_CDA) for root in self._templates):
            findings.add("ccda-template-missing")
