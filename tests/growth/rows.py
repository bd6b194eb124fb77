"""Every field that outsiders write, as something that can be written at any size."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from processor.judge import Facts, judge
from tests.growth.asgi import Ask
from tests.growth.fields import EVERY, Field, fields, form_names, headers
from tests.growth.files import extension_of, growing_files
from tests.growth.measure import Work
from tests.growth.portal_world import FORM, PortalWorld, with_form, with_header, with_json, with_path, with_query
from tests.unit.processor.judge.sources import CountedSource

LONGEST_TARGET = 60_000
"""Bytes of an address or a header: servers take 64 KiB of both together."""
LONGEST_BODY = 2 * 1024 * 1024
LARGEST_FILE = 512 * 1024
"""Bytes: what a structure costs shows well before."""
SHORTEST = 128

SHAPES: Mapping[str, Callable[[int], str]] = {
    "a mixture": lambda n: 'a*,;"<&%= \u0301'[:11] * (n // 20),
    "letters": lambda n: "a" * n,
    "spaces": lambda n: " " * n + "a",
    "commas": lambda n: "," * n,
    "quotes and commas": lambda n: '",' * (n // 2),
    "wild cards": lambda n: "*a" * (n // 2) + "b",
    "dots": lambda n: "1." * (n // 2) + "x",
    "markup": lambda n: "<&" * (n // 2),
    "percents": lambda n: "%" * n,
    "combining marks": lambda n: "\u0301" * (n // 6),
}
"""What has been hard for readers: separators, what backtracks, what is escaped, what is normalised."""
HEADER_SHAPES: Mapping[str, Callable[[int], bytes]] = {
    "commas": lambda n: b"," * n,
    "quotes and commas": lambda n: b'",' * (n // 2),
    "a quote of semicolons": lambda n: b'multipart/related; a="' + b";" * n,
    "parameters": lambda n: b"a/b" + b";a=b" * (n // 4),
    "a list": lambda n: b'"a", ' * (n // 5),
    "pairs": lambda n: b"a=b; " * (n // 5),
    "backslashes": lambda n: b'a/b; c="' + b"\\" * n,
    "digits": lambda n: b"9" * n,
}


@dataclass(frozen=True, slots=True)
class Row:
    """Something that outsiders write, at any size."""

    subject: str
    of_size: Callable[[int], Work]
    largest: int
    field: str = ""
    """What it is a row of, as `fields.py` names it."""
    smallest: int = SHORTEST


def field_rows(world: PortalWorld, shapes: Mapping[str, Callable[[int], str]] = SHAPES) -> Iterator[Row]:
    """Yield each field in each shape."""
    for field in fields(world.portal.app):
        if field.place == "header":
            continue
        largest = LONGEST_TARGET if field.place in {"path", "query"} else LONGEST_BODY // 4
        for name, shape in shapes.items():
            yield Row(f"{field} of {name}", _asking(world, field, shape), largest, str(field))


ALONE = frozenset({"origin", "x-csrf-token", "cookie", "host", "content-length", "transfer-encoding"})
"""Headers without which a request goes no further: each of these is written by itself."""
ASKED = (("POST", "/files/search"), ("GET", "/api/v1/files"), ("GET", "/dicomweb/studies"), ("GET", "/sign-in"))
"""Where they are: a page for staff, the API, DICOMweb, and what anybody may ask."""


def header_rows(world: PortalWorld, shapes: Mapping[str, Callable[[int], bytes]] = HEADER_SHAPES) -> Iterator[Row]:
    """Yield each header that is read, in each shape: at each route all at once, but for `ALONE`."""
    read = headers(world.portal.app)
    together = sorted(read - ALONE)
    for method, path in world.routes():
        for name, shape in shapes.items():
            of_size = _with_headers(world, (method, path), together, shape)
            yield Row(f"{method} {path}: headers of {name}", of_size, LONGEST_TARGET // 2, "headers")
    for header in sorted(read & ALONE | {"authorization"}):
        for method, path in ASKED:
            for name, shape in shapes.items():
                of_size = _with_headers(world, (method, path), [header], shape)
                yield Row(f"{method} {path}: header {header} of {name}", of_size, LONGEST_TARGET, "headers")


def _with_headers(
    world: PortalWorld, route: tuple[str, str], names: list[str], shape: Callable[[int], bytes]
) -> Callable[[int], Work]:
    base = world.base(*route)

    def of_size(size: int) -> Work:
        ask = base
        for name in names:
            ask = with_header(ask, name, shape(size))
        return lambda: world.server.ask(ask)

    return of_size


def _asking(world: PortalWorld, field: Field, shape: Callable[[int], str]) -> Callable[[int], Work]:
    def of_size(size: int) -> Work:
        ask = written(world, field, shape(size))
        return lambda: world.server.ask(ask)

    return of_size


def written(world: PortalWorld, field: Field, text: str) -> Ask:
    """Return a request in which a field holds a text, and all else is as it should be."""
    base = world.base(field.method, field.path)
    if field.place == "path":
        return with_path(base, field.path, field.name, text, world.ids)
    if field.place == "query":
        return with_query(base, field.name, text)
    if field.place == "form":
        names = form_names() if field.name == EVERY else [field.name]
        share = text[: len(text) // len(names)]
        return with_form(base, {**FORM, **dict.fromkeys(names, share)})
    assert field.place == "json", f"say how {field} is written"
    body = world.example(field.method, field.path)
    return with_json(base, _set(body, field.name.split("."), text))


def _set(body: Any, way: list[str], text: str) -> Any:
    changed = deepcopy(body)
    place = changed
    for step in way[:-1]:
        place = place[int(step)] if step.isdigit() else place[step]
    last = way[-1]
    place[int(last) if last.isdigit() else last] = text
    return changed


def file_rows() -> Iterator[Row]:
    """Yield each structure of each kind of file, as the judge reads it."""
    for name, make in growing_files().items():
        yield Row(
            f"file {name}", _judged(make, extension_of(name)), LARGEST_FILE, f"kind {name.partition(':')[0]}", 8192
        )


def _judged(make: Callable[[int], bytes], extension: str) -> Callable[[int], Work]:
    def of_size(size: int) -> Work:
        data = make(size)
        return lambda: judge(CountedSource(data), Facts(extension))

    return of_size


def raw(
    world: PortalWorld, method: str, path: str, content_type: bytes, body: Callable[[int], bytes]
) -> Callable[[int], Work]:
    """Return what asks a route with a body that is written byte by byte."""
    base = with_header(world.base(method, path), "content-type", content_type)

    def of_size(size: int) -> Work:
        ask = replace(base, body=body(size))
        return lambda: world.server.ask(ask)

    return of_size
