"""Examples of whole documents, put together from the examples of their fields, so that none grows old."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

MOMENT = "2026-01-31T09:30:00Z"

_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None, "object": {}}


def build_example(schema: Schema, schemas: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - any JSON.
    """Return an example of what a schema of the document describes; `schemas` are its components."""
    if "$ref" in schema:
        return build_example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for told in ("examples", "enum"):
        if schema.get(told):
            return schema[told][0]
    if "const" in schema:
        return schema["const"]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return build_example(choices[0], schemas)
    return _made(schema, schemas)


def _made(schema: Schema, schemas: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - any JSON.
    if "properties" in schema:
        return {name: build_example(inner, schemas) for name, inner in schema["properties"].items()}
    if schema.get("type") == "array":
        return [build_example(schema["items"], schemas)]
    if schema.get("format") == "date-time":
        return MOMENT
    return schema["default"] if schema.get("default") is not None else _BY_TYPE[schema.get("type", "object")]
