"""XML that does not begin as a C-CDA document: one after all, an attack on those who read it, or not taken."""

from intake.files.model import Metadata
from processor.judge.documents.texts import xml_stream
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

FHIR = "http://hl7.org/fhir"
ATTACKS = frozenset({"xml-entities", "xml-too-deep", "xml-too-many-elements"})


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `readers.Reader`.
    """Read the document for its root and its attacks. See `readers.Reader`."""
    root: list[str] = []

    def note_root(name: str, _attributes: dict[str, str]) -> None:
        if not root:
            root.append(name)

    try:
        xml_stream.parse(window, Findings(), note_root, lambda *_: None, lambda *_: None)
    except UnreadableFileError as refusal:
        if refusal.code in ATTACKS:
            raise
    namespace, _, name = "".join(root).rpartition(xml_stream.SEPARATOR)
    if name == "ClinicalDocument":
        raise OtherKindError("ccda")
    if namespace == FHIR:
        raise OtherKindError("fhir-xml")
