"""How the OpenAPI document tells what every read can do: entity tags, and sparse answers."""

from typing import Any

from portal.http.messages.sparse import PARAMETER

_PARTIAL = "Partial"

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`ETag` of the answer that you hold; if it still is the answer, you are told so by 304.",
    "example": '"7d8f3b2a9c5e41f0b6d2a8e4c1907f35"',
}


def describe_read(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Complete an operation that reads."""
    operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    operation["responses"]["304"] = {"description": "What you hold is still the answer."}
    for parameter in operation["parameters"]:
        if parameter["name"] == PARAMETER:
            _describe_sparse(parameter, operation["responses"]["200"]["content"]["application/json"], schemas)


def _describe_sparse(parameter: dict[str, Any], media: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Name the fields that may be asked for, and say that an answer may lack the others."""
    name = media["schema"]["$ref"].rpartition("/")[2]
    rows = _rows_of(schemas[name])
    resource = schemas[name]["properties"][rows]["items"]["$ref"].rpartition("/")[2] if rows else name
    schemas[_PARTIAL + resource] = _partial(schemas[resource])
    if rows:
        schemas[_PARTIAL + name] = _with_rows(schemas[name], rows, _PARTIAL + resource)
    names = list(schemas[resource]["properties"])
    some = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1}
    parameter |= {"style": "form", "explode": False, "schema": some, "example": names[:2]}
    media["schema"] = {"anyOf": [_reference(name), _reference(_PARTIAL + name)]}


def _rows_of(schema: dict[str, Any]) -> str | None:
    names = [name for name in schema["properties"] if name != "next"]
    return names[0] if len(names) == 1 and "next" in schema["properties"] else None


def _partial(schema: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in schema.items() if name != "required"}
    return told | {"title": _PARTIAL + schema["title"], "description": "Some fields, as `fields` asked for them."}


def _with_rows(schema: dict[str, Any], rows: str, resource: str) -> dict[str, Any]:
    held = schema["properties"][rows] | {"items": _reference(resource)}
    return schema | {"title": _PARTIAL + schema["title"], "properties": schema["properties"] | {rows: held}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
