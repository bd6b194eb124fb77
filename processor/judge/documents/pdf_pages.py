"""The pages of a PDF document: how many there are, and whether their tree is one (ISO 32000-1, 7.7.3)."""

import re
from itertools import islice

from intake.record import Metadata
from processor.judge.findings import Findings
from processor.judge.refusal import RefusedError

ROOT = re.compile(rb"/Root\s*(\d{1,10})\s+\d+\s+R")
PAGE_TREE = re.compile(rb"/Type\s*/Pages\b")
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
COUNT = re.compile(rb"/Count\s+(\d{1,7})\b")
LONGEST_NODE = 16 * 1024
MAX_ROOTS = 1_000

OBJECT = re.compile(rb"obj\b")
NUMBER = re.compile(rb"(\d{1,10})\s{1,3}\d{1,5}\s{1,3}\Z")
LONGEST_NUMBER = 24
"""Bytes before `obj` in which an object's number is looked for."""
PAGES = re.compile(rb"/Pages\s+(\d{1,10})\s+\d{1,5}\s+R\b")
KIDS = re.compile(rb"/Kids\s*\[([^\[\]]*)\]")
"""A list of references, in which no other list stands: so an open one is looked at up to the next, and once."""
REFERENCE = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R\b")
MAX_MARKS = 800_000
"""Of objects: each has one where it starts, and one where it ends."""
MAX_NODES = 20_000
MAX_REFERENCES = 100_000
"""How much of a tree is followed; of a document of more pages it is said that the others were not."""

Places = dict[int, tuple[int, int]]
"""An object's number → where it starts and ends; of several with one number, the last one counts."""


def check(objects: bytes, findings: Findings, metadata: Metadata, *, encrypted: bool) -> None:
    """Look for the root and for pages. Raises RefusedError where there is no root, or the tree is a circle."""
    root = ROOT.search(objects)
    if root is None:
        raise RefusedError("pdf-root-missing")
    pages = sum(1 for _ in PAGE.finditer(objects))
    if pages:
        metadata["pages"] = _root_count(objects) or pages
    elif not encrypted:
        findings.add("pdf-pages-missing")
    _check_circle(objects, int(root[1]), findings)


def _root_count(objects: bytes) -> int:
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


def _check_circle(objects: bytes, root: int, findings: Findings) -> None:
    """Follow the tree from its root, as far as it is not kept compressed, and refuse a node that is below itself."""
    places = _places(objects, findings)
    top = PAGES.search(_node(objects, places, root))
    waiting = [(int(top[1]), 0)] if top else []
    path, above, seen, references = list[int](), set[int](), set[int](), 0
    while waiting:
        if len(seen) >= MAX_NODES or references >= MAX_REFERENCES:
            findings.add("pdf-pages-unchecked")
            return
        number, depth = waiting.pop()
        above.difference_update(path[depth:])
        del path[depth:]
        if number in above:
            raise RefusedError("pdf-page-tree-circular", f"byte {places[number][0]}")
        if number in seen:
            continue
        seen.add(number)
        above.add(number)
        path.append(number)
        kids = _kids(_node(objects, places, number))
        references += len(kids)
        waiting += [(kid, depth + 1) for kid in kids]


def _places(objects: bytes, findings: Findings) -> Places:
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


def _kids(node: bytes) -> list[int]:
    kids = KIDS.search(node)
    return [int(kid[1]) for kid in REFERENCE.finditer(kids[1])] if kids else []


def _node(objects: bytes, places: Places, number: int) -> bytes:
    """Return an object's text, or nothing for one that is not there as such."""
    start, end = places.get(number, (0, 0))
    return objects[start:end]
