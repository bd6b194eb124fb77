"""What is written as a whole and not into one field: bodies, queries and cookies of many small things, patterns that
are matched against what lies in the archive."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from tests.dicom_files import ct_slice, text, uid
from tests.growth.measure import Work
from tests.growth.portal_world import PortalWorld, with_header
from tests.growth.rows import LONGEST_BODY, LONGEST_TARGET, Row, raw
from tests.unit.portal.dicomweb.archive import Archive

LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of a DICOMweb message."""
FORM, PARTS, JSON = (
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=b",
    b"application/json",
)
STOW = b'multipart/related; type="application/dicom"; boundary=b'
_PART = b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n'

JSON_BODIES: Mapping[str, Callable[[int], bytes]] = {
    "open brackets": lambda n: b"[" * n,
    "brackets in the expected place": lambda n: b'{"files":' + b"[" * (n // 2) + b"]" * (n // 2) + b"}",
    "numbers": lambda n: b"[" + b"0," * (n // 2) + b"0]",
    "unknown fields": lambda n: ("{" + ",".join(f'"{i}":0' for i in range(n // 11)) + "}").encode(),
    "wrong entries": lambda n: b'{"files":[' + b'{"a":1},' * (n // 8) + b"{}]}",
    "empty entries": lambda n: b'{"files":[' + b"{}," * (n // 3) + b"{}]}",
    "one field many times": lambda n: b"{" + b'"files":0,' * (n // 10) + b'"files":0}',
    "a long number": lambda n: b'{"files":[{"name":"x","size":' + b"9" * n + b"}]}",
    "escapes": lambda n: b'{"reference":"' + b"\\u0301" * (n // 6) + b'"}',
    "lone surrogates": lambda n: b'{"reference":"' + b"\\ud800" * (n // 6) + b'"}',
    "white space": lambda n: b" " * n,
}
FORM_BODIES: Mapping[str, tuple[bytes, Callable[[int], bytes]]] = {
    "ampersands": (FORM, lambda n: b"&" * n),
    "empty fields": (FORM, lambda n: b"a=&" * (n // 3)),
    "one field many times": (FORM, lambda n: b"kinds=a&" * (n // 8)),
    "percents": (FORM, lambda n: b"a=" + b"%" * n),
    "plus signs": (FORM, lambda n: b"a=" + b"+" * n),
    "parts": (PARTS, lambda n: (_PART + b"x\r\n") * (n // 53) + b"--b--"),
    "line ends": (PARTS, lambda n: _PART + b"\r" * n + b"\r\n--b--"),
    "half boundaries": (PARTS, lambda n: _PART + b"\r\n--" * (n // 4) + b"\r\n--b--"),
    "a part's header": (PARTS, lambda n: b"--b\r\nx: " + b"a;" * (n // 2) + b"\r\n\r\nx\r\n--b--"),
}
MESSAGES: Mapping[str, Callable[[int], bytes]] = {
    "half boundaries": lambda n: b"--b\r\n\r\n" + b"\r\n--c" * (n // 5) + b"\r\n--b--",
    "parts of a byte": lambda n: b"--b\r\n\r\nx\r\n" * (n // 10) + b"--b--",
    "a long header": lambda n: b"--b\r\nx: " + b"a" * n + b"\r\n\r\nx\r\n--b--",
    "headers": lambda n: b"--b\r\n" + b"x: y\r\n" * (n // 6) + b"\r\nx\r\n--b--",
    "line ends": lambda n: b"--b\r\n\r\n" + b"\r" * n + b"\r\n--b--",
}


LISTS = (
    ("/dicomweb/studies", b"includefield=", b"a,"),
    ("/dicomweb/studies", b"StudyInstanceUID=", b"1.2,"),
    ("/api/v1/files", b"fields=", b"a.b,"),
)
"""Parameters that hold lists."""


def structure_rows(world: PortalWorld) -> Iterator[Row]:
    for method, path in world.routes():
        yield from _of_route(world, method, path)
    for name, body in MESSAGES.items():
        subject = f"POST /dicomweb/studies: a message of {name}"
        yield Row(subject, raw(world, "POST", "/dicomweb/studies", STOW, body), LARGEST_MESSAGE)
    yield from _wild_cards(world)
    for path, begin, again in LISTS:
        subject = f"GET {path}: {begin.decode()}{again.decode()}…"
        yield Row(subject, _query(world, path, begin, again), LONGEST_TARGET)


def _of_route(world: PortalWorld, method: str, path: str) -> Iterator[Row]:
    if method == "GET":
        yield Row(f"GET {path}: a query of many", _query(world, path, b"", b"a=b&"), LONGEST_TARGET)
        return
    if method not in {"POST", "PUT"} or path.startswith("/dicomweb/studies"):
        return
    if world.example(method, path) is not None:
        for name, body in JSON_BODIES.items():
            yield Row(f"{method} {path}: JSON of {name}", raw(world, method, path, JSON, body), LONGEST_BODY - 100)
    elif not path.startswith("/api/"):
        for name, (content_type, body) in FORM_BODIES.items():
            asking = raw(world, method, path, content_type, body)
            yield Row(f"POST {path}: a form of {name}", asking, LONGEST_BODY - 100)


def _query(world: PortalWorld, path: str, begin: bytes, again: bytes) -> Callable[[int], Work]:
    base = world.base("GET", path)

    def of_size(size: int) -> Work:
        ask = replace(base, query=begin + again * (size // len(again)))
        return lambda: world.server.ask(ask)

    return of_size


WILD_CARDS = {
    "many stars": "*a*a*a*a*a*a*a*b",
    "stars and questions": "*a?*a?*a?*b",
    "a star at each end": "*aaaaaaab*",
    "questions": "*???????b",
}


def _wild_cards(world: PortalWorld) -> Iterator[Row]:
    """What a search asks for against a value that an upload brought: both were written by outsiders."""
    archive = Archive(world.portal)
    for name, pattern in WILD_CARDS.items():
        for keyword, tag, vr in (("StudyDescription", 0x00081030, "LO"), ("PatientName", 0x00100010, "PN")):
            yield Row(
                f"GET /dicomweb/studies: {keyword} of {name} against a value of many",
                _matched(world, archive, (keyword, tag, vr), pattern),
                largest=64,
                smallest=8,
            )


def _matched(
    world: PortalWorld, archive: Archive, attribute: tuple[str, int, str], pattern: str
) -> Callable[[int], Work]:
    keyword, tag, vr = attribute
    base = world.base("GET", "/dicomweb/studies")

    def of_size(size: int) -> Work:
        study = uid("growth", keyword, size)
        changes = {tag: (vr, text("a" * size))}
        archive.add(ct_slice(study=study, sop=uid(study, 1), rows=8, columns=8, changes=changes))
        ask = replace(base, query=urlencode({"StudyInstanceUID": study, keyword: pattern}).encode())
        return lambda: world.server.ask(ask)

    return of_size


def announced(files: int) -> bytes:
    """Return a body that announces files with the longest names there may be."""
    names = [f"{number:04d}" + "\u00e9" * 1000 for number in range(files)]
    return json.dumps({"files": [{"name": name, "size": 1, "sha256": "0" * 64} for name in names]}).encode()


def with_accept(world: PortalWorld, method: str, path: str, accept: bytes) -> Work:
    ask = with_header(world.base(method, path), "accept", accept)
    return lambda: world.server.ask(ask)
