"""What outsiders write, found in the code itself: a new field is among these without anybody's doing.

Parameters come from the routes as FastAPI reads them and from the OpenAPI document, fields of JSON from their models,
fields of free forms from the templates, headers from the sources that read them.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, get_args

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from portal.dicomweb.json_model.attributes import ATTRIBUTES
from portal.search.files import Criteria

ROOT = Path(__file__).parents[2]
SERVER_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "cookie"})
"""What the server and the framework read, whatever the portal's sources say."""
EVERY = "every field that any form has"
"""What free forms are read for: all known names at once."""
_NAME = re.compile(r"<(?:input|select|textarea|button)\b[^>]*?\bname=\"([a-z][\w-]*)\"", re.DOTALL)
_READ = re.compile(r"\b(?:fields|form|given|entered|asked|query)\.get\(\"([a-z][\w-]*)\"")
_HEADER_LIKE = re.compile(r"[a-z][a-z-]+")


@dataclass(frozen=True, slots=True, order=True)
class Field:
    """Something that is written into a request."""

    method: str
    path: str
    place: str
    """path, query, header, form or json."""
    name: str
    """Of JSON, the way to it: `files.0.name`."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.place} {self.name}"


def routes(app: FastAPI) -> list[APIRoute]:
    """Return the portal's routes: its pages' and its API's, through however many routers they were included."""
    return list(_included(app.router))


def _included(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(getattr(route, "original_router", None), APIRouter):
            yield from _included(route.original_router)


def fields(app: FastAPI) -> list[Field]:
    """Return all that can be written into the portal's requests, but for headers that every route is read for."""
    documented = _documented(app.openapi())
    return sorted({*documented, *(field for route in routes(app) for field in _of_route(route))})


def _of_route(route: APIRoute) -> Iterator[Field]:
    method = min(route.methods or {"GET"})
    for place, name in _declared(route.dependant):
        yield Field(method, route.path, place, name)
    if _is_read(route, "query_params"):
        names = dicom_names() if route.path.startswith("/dicomweb/") else form_names()
        yield from (Field(method, route.path, "query", name) for name in names)
    if _is_read(route, ".form("):
        yield Field(method, route.path, "form", EVERY)


def _reads(endpoint: Any, what: str) -> bool:
    """Say whether a route, or a function beside it that it calls, reads something of a request by itself."""
    if not inspect.isfunction(endpoint):
        return False
    beside = [endpoint.__globals__.get(name) for name in endpoint.__code__.co_names]
    called = [each for each in beside if inspect.isfunction(each) and each.__module__ == endpoint.__module__]
    return any(what in inspect.getsource(each) for each in (endpoint, *called))


def dicom_names() -> list[str]:
    """Return the parameters that a DICOMweb search may have (PS3.18 8.3.4)."""
    return sorted({"includefield", "limit", "offset", "fuzzymatching", *(each.keyword for each in ATTRIBUTES)})


def _is_read(route: APIRoute, what: str) -> bool:
    """Say whether a route, or what it depends on, reads something of a request by itself: a query, or a form."""
    return _reads(route.endpoint, what) or any(what in inspect.getsource(call) for call in _calls(route.dependant))


def _calls(dependant: Dependant) -> Iterator[Any]:
    for below in dependant.dependencies:
        if below.call and inspect.isfunction(below.call) and below.call.__name__ != "same_site":
            yield below.call
        yield from _calls(below)


def _declared(dependant: Dependant) -> Iterator[tuple[str, str]]:
    for place in ("path", "query", "header"):
        for parameter in getattr(dependant, f"{place}_params"):
            for name in _names(parameter.field_info.annotation) or [parameter.alias]:
                yield place, name.lower() if place == "header" else name
    for parameter in dependant.body_params:
        is_form = type(parameter.field_info).__name__ == "Form"
        for name in _names(parameter.field_info.annotation) or [parameter.alias]:
            yield ("form" if is_form else "json"), name
    for below in dependant.dependencies:
        yield from _declared(below)


def _names(annotation: Any) -> list[str]:
    """Return the ways to the values of a model; none where it is none."""
    model = _model(annotation)
    if model is None:
        return []
    found = []
    for name, field in model.model_fields.items():
        below = _names(field.annotation)
        of_texts = model.__name__ in {"Withdraw", "ContentQuery"}
        step = f"{name}.0" if "list" in str(field.annotation) and (below or of_texts) else name
        found += [f"{step}.{each}" for each in below] or [step]
    return found


def _model(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, get_args(annotation))), None)


def _documented(document: dict[str, Any]) -> Iterator[Field]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                place, name = parameter["in"], parameter["name"]
                yield Field(method.upper(), path, place, name.lower() if place == "header" else name)


def form_names() -> list[str]:
    """Return the names of all fields that forms have: as templates write them, and as the sources read them."""
    written = [name for text in _texts("templates", "*.html") for name in _NAME.findall(text)]
    read = [name for text in _texts("portal", "*.py") for name in _READ.findall(text)]
    return sorted({*written, *read, *(field.name for field in dataclass_fields(Criteria))})


def _texts(folder: str, pattern: str) -> list[str]:
    return [path.read_text() for path in sorted((ROOT / folder).rglob(pattern))]


def headers(app: FastAPI) -> set[str]:
    """Return the headers that requests are read for: by the portal's sources, its parameters, and the server."""
    declared = {field.name for field in fields(app) if field.place == "header"}
    sources = _texts("portal", "*.py")
    return SERVER_HEADERS | declared | {name for source in sources for name in _headers_read(ast.parse(source))}


def _headers_read(tree: ast.AST) -> Iterator[str]:
    """Yield the names by which a module asks a request's headers: constants, and names of constants beside them."""
    texts = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        asked = _asked_header(node)
        name = texts.get(asked.id) if isinstance(asked, ast.Name) else getattr(asked, "value", None)
        if isinstance(name, bytes):
            name = name.decode()
        if isinstance(name, str) and _HEADER_LIKE.fullmatch(name):
            yield name


def _asked_header(node: ast.AST) -> ast.AST | None:
    """Return what stands for the name in `….headers.get(name)`, `….headers[name]` and `name in ….headers`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "getlist"}:
        return node.args[0] if node.args and _of_headers(node.func.value) else None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return node.slice if _of_headers(node.value) else None
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        return node.left if _of_headers(node.comparators[0]) else None
    return None


def _of_headers(node: ast.AST) -> bool:
    told = ast.unparse(node)
    return "headers" in told or told == "request"
