"""The OpenAPI document: FastAPI's, with this API's problems, examples, and what holds for every read and answer."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from portal.api.documentation.examples import build_example
from portal.api.documentation.problem_responses import GatewayMessage, ProblemDocument
from portal.api.documentation.reads import describe_read

REFERENCES = "#/components/schemas/{model}"
_REFUSALS: list[Any] = [(ProblemDocument, "serialization"), (GatewayMessage, "serialization")]
UNUSED = ("HTTPValidationError", "ValidationError")

HEADERS: dict[str, Any] = {
    "X-Request-Id": {"description": "Names the request in our logs.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before a repetition.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
    "ETag": {"description": "Changes with the content, and only with it.", "schema": {"type": "string"}},
}
_BY_STATUS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After", "200": "ETag", "304": "ETag"}


def document_api(app: FastAPI) -> None:
    """Have `app` tell its REST API by our document, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build_document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way, "Extending OpenAPI".


def _build_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": app.state.services.settings.portal_origin}],
    )
    schemas = document["components"]["schemas"]
    for name in UNUSED:
        schemas.pop(name, None)
    _, problems = models_json_schema(_REFUSALS, ref_template=REFERENCES)
    schemas |= problems["$defs"]
    document["components"]["headers"] = HEADERS
    for method, operation in list_operations(document):
        _drop_unused(operation["responses"])
        if method == "get":
            describe_read(operation, schemas)
        _add_examples(operation, schemas)
        _add_headers(operation["responses"], method)
    return document


def list_operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation of a document with its method."""
    for path in document["paths"].values():
        yield from path.items()


def _drop_unused(responses: dict[str, Any]) -> None:
    """FastAPI describes a 422 for every operation with a parameter, although a text in a path is never invalid."""
    schema = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").endswith(UNUSED[0]):
        del responses["422"]


def _add_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give every JSON body that has none an example."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media in (body.get("content", {}).get("application/json") for body in bodies):
        if media is not None and not {"example", "examples"} & media.keys():
            media["example"] = build_example(media["schema"], schemas)


def _add_headers(responses: dict[str, Any], method: str) -> None:
    for status, response in responses.items():
        names = ["X-Request-Id"]
        if status in _BY_STATUS and (method == "get" or int(status) >= 400):
            names.append(_BY_STATUS[status])
        refs = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        response["headers"] = refs | response.get("headers", {})
