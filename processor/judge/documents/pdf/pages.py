"""The pages of a PDF document: how many there are, and whether their tree is one (ISO 32000-1, 7.7.3)."""

import re
from itertools import islice

from intake.files.model import Metadata
from processor.judge.documents.pdf.streams import Places
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.findings import Findings

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


def check(objects: bytes, kept_at: Places, findings: Findings, metadata: Metadata, *, encrypted: bool) -> None:
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
