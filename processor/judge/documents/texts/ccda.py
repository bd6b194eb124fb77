"""C-CDA documents: the root, the header that every document must have, and the patient (CDA R2, C-CDA R2.1).

XML is read as a stream of elements, without DTDs and entities, within budgets (XML 1.0).
"""

import re
from collections.abc import Callable
from xml.parsers import expat

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.documents.parts import MAX_WHOLE
from processor.judge.inspection.errors import OtherKindError, UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_ELEMENTS = 400_000
MAX_DEPTH = 200
MAX_ATTRIBUTES = 20
"""Attributes of an element, on average over a chunk: one with a million would fill the memory."""
CHUNK = 512 * 1024
"""Bytes that are parsed at a time. Large pieces: a parser that meets a long token starts it anew with each."""

DECLARED = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([^"']{1,40})""")
ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"windows-1252", b"utf-16"}
NOT_OF_A_NAME = re.compile(rb"[^a-z0-9]")
UTF_8_MISSPELT = {b"utf8", b"uft8", b"utf08", b"uf8", b"ut8", b"tf8", b"utf88", b"utff8"}
"""UTF-8 without what is neither letter nor digit, as people write it."""
TRUNCATED = {3, 5, 20}
"""Errors that a cut file ends with: no element, unclosed token, unclosed CDATA section."""
INVALID_TOKEN = 4

FHIR = "http://hl7.org/fhir"
ATTACKS = frozenset({"xml-entities", "xml-too-deep", "xml-too-many-elements"})

SEPARATOR = "\n"
"""Between namespace and name: no attribute's value holds one, while some namespaces hold a blank by mistake."""

Start = Callable[[str, dict[str, str]], None]
"""Takes an element's name, as namespace, SEPARATOR and name, and its attributes."""
End = Callable[[str], None]
Text = Callable[[str], None]

HL7 = "urn:hl7-org:v3" + SEPARATOR
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
        _parse_xml(window, findings, header.start, header.end, header.text)
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
        path = tuple(self._path[1:])
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
        if templates := [text for root in self._templates if (text := parts.clean_text(root))]:
            metadata["templates"] = templates
        name = "^".join([values.get("family", ""), values.get("given", "")]).strip("^")
        parts.add_patient(metadata, name=name, **{key: values.get(key) for key in ("id", "birth_date", "sex")})

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


def read_xml(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `judge.Reader`.
    """Read XML that does not begin as a C-CDA document: one after all, an attack, or not taken. See `judge.Reader`."""
    root: list[str] = []

    def note_root(name: str, _attributes: dict[str, str]) -> None:
        if not root:
            root.append(name)

    try:
        _parse_xml(window, Findings(), note_root, lambda *_: None, lambda *_: None)
    except UnreadableFileError as refusal:
        if refusal.code in ATTACKS:
            raise
    namespace, _, name = "".join(root).rpartition(SEPARATOR)
    if name == "ClinicalDocument":
        raise OtherKindError("ccda")
    if namespace == FHIR:
        raise OtherKindError("fhir-xml")


def _parse_xml(window: Window, findings: Findings, start: Start, end: End, text: Text) -> None:
    """Hand out a document's elements and text in order. Raises UnreadableFileError, also where the takers do."""
    if window.size > MAX_WHOLE:
        raise UnreadableFileError("text-too-large", f"byte {MAX_WHOLE}")
    declared = DECLARED.search(window.buffer[:512])
    named = declared[1].lower() if declared else b"utf-8"
    encoding = None
    if named not in ENCODINGS or named == b"utf8":
        if NOT_OF_A_NAME.sub(b"", named) not in UTF_8_MISSPELT:
            raise UnreadableFileError("xml-encoding-unknown", "byte 0")
        # The parser knows one spelling only, and then takes no other for another encoding.
        encoding = "utf-8"
        findings.add("xml-encoding-misspelt", "byte 0")
    _XmlStream(window, start, end, text, encoding).run()


class _XmlStream:
    """The parser and its budgets."""

    def __init__(self, window: Window, start: Start, end: End, text: Text, encoding: str | None) -> None:
        self._window = window
        self._start, self._end = start, end
        self._elements = self._depth = 0
        self._parser = expat.ParserCreate(encoding, namespace_separator=SEPARATOR)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._open_element
        self._parser.EndElementHandler = self._close_element
        self._parser.CharacterDataHandler = text
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.EndDoctypeDeclHandler = self._refuse_doctype

    def run(self) -> None:
        try:
            for position in range(0, self._window.size, CHUNK):
                piece = take_bytes(self._window, position, CHUNK)
                if piece.count(b"=") > MAX_ATTRIBUTES * (piece.count(b"<") + 1000):
                    raise UnreadableFileError("xml-too-many-elements", f"byte {position}")
                self._parser.Parse(piece, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            at = max(self._parser.ErrorByteIndex, 0)
            wrong = error.code == INVALID_TOKEN and take_bytes(self._window, at, 1) >= b"\x80"
            code = "xml-truncated" if error.code in TRUNCATED else "xml-encoding-wrong" if wrong else "xml-malformed"
            raise UnreadableFileError(code, f"byte {at}") from None
        except (LookupError, ValueError):
            # The names and the kinds of encodings that Python's codecs do not take for XML.
            raise UnreadableFileError("xml-encoding-unknown", "byte 0") from None

    def _open_element(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS:
            raise UnreadableFileError("xml-too-many-elements", f"byte {self._parser.CurrentByteIndex}")
        if self._depth > MAX_DEPTH:
            raise UnreadableFileError("xml-too-deep", f"byte {self._parser.CurrentByteIndex}")
        self._start(name, attributes)

    def _close_element(self, name: str) -> None:
        self._depth -= 1
        self._end(name)

    def _refuse_entity(self, *_: object) -> None:
        raise UnreadableFileError("xml-entities", f"byte {self._parser.CurrentByteIndex}")

    def _refuse_doctype(self) -> None:
        raise UnreadableFileError("xml-dtd", f"byte {self._parser.CurrentByteIndex}")
