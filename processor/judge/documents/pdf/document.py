"""PDF documents: header, end, encryption, and what would act when they are opened (ISO 32000-1)."""

import re
from itertools import islice

from intake.files.model import Metadata
from processor.judge.documents import parts
from processor.judge.documents.pdf import encryption, scripts, streams
from processor.judge.documents.pdf.streams import Places
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Window

MAX_PDF = 32 * 1024 * 1024
HEADER = re.compile(rb"%PDF-(\d\.\d)")
LOOK = 1024
"""Bytes at either end in which readers look for the header and the end (Annex H.3)."""
END = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
CROSS_REFERENCE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)")
NEAR = 16
"""Bytes by which an offset may miss what it points to: writers count line ends differently, and readers forgive it."""

_VALUE = rb"\s*(?:\(|<|\d+\s+\d+\s+R)"
PATTERNS = {
    "pdf-javascript": re.compile(rb"/JS" + _VALUE + rb"|/S\s*/JavaScript\b|/JavaScript\s*(?:<<|\d+\s+\d+\s+R)"),
    "pdf-launches-program": re.compile(rb"/S\s*/Launch\b|/Launch\s*<<"),
    "pdf-embedded-file": re.compile(rb"/EmbeddedFiles?\b"),
    "pdf-submits-data": re.compile(rb"/S\s*/(?:SubmitForm|ImportData)\b"),
    "pdf-rich-media": re.compile(rb"/RichMedia\b|/Subtype\s*/(?:3D|Movie|Screen)\b"),
    "pdf-xfa-form": re.compile(rb"/XFA\s*(?:\[|\d+\s+\d+\s+R)"),
}
"""Code → what shows it, in the objects' text."""
ENCRYPTED = re.compile(rb"/Encrypt\s*(?:<<|\d+\s+\d+\s+R)")


def _escape_name(name: bytes) -> bytes:
    """Return a pattern for a name of which any letter but at least one is escaped, such as /J#61vaScript.

    Nobody but those who hide something writes one so. Each name in a document is looked at once.
    """
    letters = b"".join(b"(?:%c|#(?i:%02x))" % (letter, letter) for letter in name[1:])
    return b"/(?=[A-Za-z]{0,%d}#)%b(?![A-Za-z0-9#])" % (len(name), letters)


HIDDEN_NAMES = {
    b"/JavaScript": "pdf-javascript",
    b"/JS": "pdf-javascript",
    b"/Launch": "pdf-launches-program",
    b"/EmbeddedFile": "pdf-embedded-file",
    b"/Encrypt": "pdf-encrypted",
}
ESCAPED = {name: re.compile(_escape_name(name)) for name in HIDDEN_NAMES}


def read(window: Window, findings: Findings, metadata: Metadata) -> None:
    """Judge a document by its text, and by the objects that it keeps compressed. See `judge.Reader`."""
    data = parts.read_whole(window, MAX_PDF)
    header = HEADER.search(data[: LOOK + 8])
    if header is None:
        raise UnreadableFileError("pdf-header-missing", "byte 0")
    metadata["version"] = header[1].decode()
    if header.start():
        findings.add("pdf-bytes-before-header", "byte 0")
    encrypted = ENCRYPTED.search(data)
    if encrypted:
        opens = encryption.opens_without_password(data, encrypted.start())
        findings.add("pdf-restricted" if opens else "pdf-encrypted", f"byte {encrypted.start()}")
    kept, places = (b"", streams.Places()) if encrypted else streams.read_object_streams(data, findings)
    objects = data + b"\n" + kept if kept else data
    _check_actions(objects, len(data), findings)
    _check_end(data, header.start(), findings)
    behind = len(data) + 1
    kept_at = {number: (behind + start, behind + end) for number, (start, end) in places.items()}
    _check_pages(objects, kept_at, findings, metadata, encrypted=encrypted is not None)
    if not encrypted:
        streams.check_bombs(data, findings)
    parts.check_end(window, data.rfind(b"%%EOF") + 5, findings)


def _check_actions(objects: bytes, size: int, findings: Findings) -> None:
    for code, pattern in PATTERNS.items():
        found = pattern.search(objects)
        if found:
            said = "pdf-form-script" if code == "pdf-javascript" and scripts.only_format(objects) else code
            findings.add(said, f"byte {found.start()}" if found.start() < size else "")
    for name, pattern in ESCAPED.items():
        if pattern.search(objects):
            findings.add(HIDDEN_NAMES[name])


def _check_end(data: bytes, start: int, findings: Findings) -> None:
    """Look for the end, and for the cross-reference that it points to."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise UnreadableFileError("pdf-truncated", f"byte {len(data)}")
    pointers = list(END.finditer(data, max(end - LOOK, 0)))
    if not pointers:
        findings.add("pdf-cross-reference-wrong", f"byte {end}")
        return
    offset = int(pointers[-1][1])
    places = (offset, offset + start)
    near = any(CROSS_REFERENCE.search(data, max(place - NEAR, 0), place + 2 * NEAR) for place in places)
    if not near:
        findings.add("pdf-cross-reference-wrong", f"byte {pointers[-1].start()}")


ROOT = re.compile(rb"/Root\s*(\d{1,10})\s+\d+\s+R")
PAGE_TREE = re.compile(rb"/Type\s*/Pages\b")
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
COUNT = re.compile(rb"/Count\s+(\d{1,7})\b")
LONGEST_NODE = 16 * 1024
MAX_ROOTS = 1_000
MOST_ROOTS = 8
"""Roots whose trees are followed."""

OBJECT = re.compile(rb"obj\b")
NUMBER = re.compile(rb"(\d{1,10})\s{1,3}\d{1,5}\s{1,3}\Z")
LONGEST_NUMBER = 24
"""Bytes before `obj` in which an object's number is looked for."""
PAGES = re.compile(rb"/Pages\s+(\d{1,10})\s+\d{1,5}\s+R\b")
KIDS = re.compile(rb"/Kids\s*(?:\[([^\[\]]*)\]|(\d{1,10})\s+\d{1,5}\s+R\b)")
"""A list of references, in which no other list stands, so that an open one is looked at up to the next, and once; or a
reference to such a list."""
REFERENCE = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R\b")
MAX_MARKS = 800_000
"""Of objects: each has one where it starts, and one where it ends."""
MAX_NODES = 20_000
MAX_REFERENCES = 100_000
"""How much of a tree is followed; of a document of more pages it is said that the others were not."""


def _check_pages(objects: bytes, kept_at: Places, findings: Findings, metadata: Metadata, *, encrypted: bool) -> None:
    """Look for the root and follow it to the pages. `kept_at` says where objects of object streams stand.

    Raises UnreadableFileError where there is no root, or the tree is a circle.
    """
    roots = list(dict.fromkeys(int(root[1]) for root in islice(ROOT.finditer(objects), MAX_ROOTS)))
    if not roots:
        raise UnreadableFileError("pdf-root-missing")
    pages = sum(1 for _ in PAGE.finditer(objects))
    if pages:
        metadata["pages"] = _read_root_count(objects) or pages
    tree = _Tree(objects, kept_at, findings)
    # The last root counts, behind those that it replaced; a reader of a damaged file takes what it finds. Each is
    # followed: a circle in any of them is one.
    leaves = sum(tree.leads_to_page(root) for root in roots[-MOST_ROOTS:])
    if not (encrypted or (pages and leaves)):
        findings.add("pdf-pages-missing")


def _read_root_count(objects: bytes) -> int:
    """Return the pages that the last root of a page tree counts; earlier ones, and their pages, may be replaced."""
    count = 0
    for found in islice(PAGE_TREE.finditer(objects), MAX_ROOTS):
        start = objects.rfind(b"<<", max(found.start() - LONGEST_NODE, 0), found.start())
        end = objects.find(b">>", found.end(), found.end() + LONGEST_NODE)
        node = objects[max(start, 0) : max(end, found.end())]
        counted = COUNT.search(node)
        if counted and b"/Parent" not in node:
            count = int(counted[1])
    return count


class _Tree:
    """The objects of a document, by their numbers."""

    def __init__(self, objects: bytes, kept_at: Places, findings: Findings) -> None:
        self._objects = objects
        self._findings = findings
        # What stands by itself was written later than what an object stream keeps, where both have one number.
        self._places = kept_at | _locate_objects(objects, findings)

    def leads_to_page(self, root: int) -> bool:
        """Follow the tree from its root, and say whether it has a leaf. Refuse a node that is below itself."""
        top = PAGES.search(self._find_node(root))
        waiting = [(int(top[1]), 0)] if top else []
        path, above, seen, references, leaves = list[int](), set[int](), set[int](), 0, 0
        while waiting:
            if len(seen) >= MAX_NODES or references >= MAX_REFERENCES:
                self._findings.add("pdf-pages-unchecked")
                return True
            number, depth = waiting.pop()
            above.difference_update(path[depth:])
            del path[depth:]
            if number in above:
                raise UnreadableFileError("pdf-page-tree-circular", f"byte {self._places[number][0]}")
            if number in seen:
                continue
            seen.add(number)
            above.add(number)
            path.append(number)
            node = self._find_node(number)
            kids = self._list_kids(node)
            leaves += bool(node) and not kids and not PAGE_TREE.search(node)
            references += len(kids)
            waiting += [(kid, depth + 1) for kid in kids]
        return leaves > 0

    def _list_kids(self, node: bytes) -> list[int]:
        kids = KIDS.search(node)
        if kids is None:
            return []
        listed = kids[1] if kids[2] is None else self._find_node(int(kids[2]))
        return [int(kid[1]) for kid in REFERENCE.finditer(listed)]

    def _find_node(self, number: int) -> bytes:
        """Return an object's text, or nothing for one that is not there."""
        start, end = self._places.get(number, (0, 0))
        return self._objects[start:end]


def _locate_objects(objects: bytes, findings: Findings) -> Places:
    """Return where objects stand, each up to the next mark of one: what is never ended goes on into no other."""
    places: Places = {}
    number, start = None, 0
    for count, found in enumerate(OBJECT.finditer(objects)):
        if number:
            places[int(number[1])] = (start, found.start())
        number = NUMBER.search(objects[max(found.start() - LONGEST_NUMBER, 0) : found.start()])
        start = found.end()
        if count > MAX_MARKS:
            findings.add("pdf-pages-unchecked")
            break
    if number:
        places[int(number[1])] = (start, len(objects))
    return places
