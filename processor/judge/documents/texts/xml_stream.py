"""XML read as a stream of elements, without DTDs and entities, within budgets (XML 1.0)."""

import re
from collections.abc import Callable
from xml.parsers import expat

from intake.dicom.streams import take_bytes
from intake.files.model import Metadata
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


def read(window: Window, findings: Findings, metadata: Metadata) -> None:  # noqa: ARG001 — see `judge.Reader`.
    """Read XML that does not begin as a C-CDA document: one after all, an attack, or not taken. See `judge.Reader`."""
    root: list[str] = []

    def note_root(name: str, _attributes: dict[str, str]) -> None:
        if not root:
            root.append(name)

    try:
        parse(window, Findings(), note_root, lambda *_: None, lambda *_: None)
    except UnreadableFileError as refusal:
        if refusal.code in ATTACKS:
            raise
    namespace, _, name = "".join(root).rpartition(SEPARATOR)
    if name == "ClinicalDocument":
        raise OtherKindError("ccda")
    if namespace == FHIR:
        raise OtherKindError("fhir-xml")


def parse(window: Window, findings: Findings, start: Start, end: End, text: Text) -> None:
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
    _Stream(window, start, end, text, encoding).run()


class _Stream:
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
            raise self._explain_error(error.code) from None
        except (LookupError, ValueError):
            # The names and the kinds of encodings that Python's codecs do not take for XML.
            raise UnreadableFileError("xml-encoding-unknown", "byte 0") from None

    def _explain_error(self, code: int) -> UnreadableFileError:
        position = max(self._parser.ErrorByteIndex, 0)
        if code in TRUNCATED:
            return UnreadableFileError("xml-truncated", f"byte {position}")
        found = take_bytes(self._window, position, 1)
        if code == INVALID_TOKEN and found >= b"\x80":
            return UnreadableFileError("xml-encoding-wrong", f"byte {position}")
        return UnreadableFileError("xml-malformed", f"byte {position}")

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
