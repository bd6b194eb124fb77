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
KIDS = re.compile(rb"/Kids\s*\[([^\]]*)\]")
REFERENCE = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R\b")
MAX_OBJECTS = 400_000
MAX_NODES = 20_000
MAX_REFERENCES = 100_000
"""How much of a tree is followed: a document of more pages is taken as far as it was."""


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
    _check_circle(objects, int(root[1]))


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


def _check_circle(objects: bytes, root: int) -> None:
    """Follow the tree from its root, as far as it is not kept compressed, and refuse a node that is below itself."""
    places = _places(objects)
    top = PAGES.search(_node(objects, places, root))
    waiting = [(int(top[1]), 0)] if top else []
    path, above, seen, references = list[int](), set[int](), set[int](), 0
    while waiting and len(seen) < MAX_NODES and references < MAX_REFERENCES:
        number, depth = waiting.pop()
        above.difference_update(path[depth:])
        del path[depth:]
        if number in above:
            raise RefusedError("pdf-page-tree-circular", f"byte {places[number]}")
        if number in seen:
            continue
        seen.add(number)
        above.add(number)
        path.append(number)
        kids = _kids(_node(objects, places, number))
        references += len(kids)
        waiting += [(kid, depth + 1) for kid in kids]


def _places(objects: bytes) -> dict[int, int]:
    """Return where each object starts; of several with one number, the last one counts."""
    places = {}
    for found in islice(OBJECT.finditer(objects), MAX_OBJECTS):
        number = NUMBER.search(objects[max(found.start() - LONGEST_NUMBER, 0) : found.start()])
        if number:
            places[int(number[1])] = found.end()
    return places


def _kids(node: bytes) -> list[int]:
    kids = KIDS.search(node)
    return [int(kid[1]) for kid in REFERENCE.finditer(kids[1])] if kids else []


def _node(objects: bytes, places: dict[int, int], number: int) -> bytes:
    """Return an object's text, or nothing for one that is not there as such."""
    start = places.get(number)
    if start is None:
        return b""
    end = objects.find(b"endobj", start, start + LONGEST_NODE)
    return objects[start : end if end >= 0 else start + LONGEST_NODE]
