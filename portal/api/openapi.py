"""The OpenAPI document: FastAPI's, with this API's problems in place of FastAPI's own errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from portal.api.documented import ProblemDocument

REFERENCES = "#/components/schemas/{model}"
UNUSED = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Have `app` tell its REST API by our document, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way, "Extending OpenAPI".


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": app.state.services.settings.portal_origin}],
    )
    for path in document["paths"].values():
        for operation in path.values():
            _drop_unused(operation["responses"])
    schemas = document["components"]["schemas"]
    for name in UNUSED:
        schemas.pop(name, None)
    schemas |= _problem_schemas()
    return document


def _drop_unused(responses: dict[str, Any]) -> None:
    """FastAPI describes a 422 for every operation with a parameter, although a text in a path is never invalid."""
    schema = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").endswith(UNUSED[0]):
        del responses["422"]


def _problem_schemas() -> dict[str, Any]:
    _, definitions = models_json_schema([(ProblemDocument, "serialization")], ref_template=REFERENCES)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
