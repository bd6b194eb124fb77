"""How the API describes itself: the OpenAPI document, its explorer, a page for each problem, and who issues tokens.

The document is FastAPI's, with this API's problems, examples, and what holds for every read and answer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic.json_schema import models_json_schema

from portal.api.problem_responses import GatewayMessage, ProblemDocument, refer_to
from portal.auth.identity import READ, UPLOAD, WEBHOOKS
from portal.http.messages import PARAMETER
from portal.http.pages import rendering
from portal.http.problem_types import KNOWN, NOT_FOUND
from portal.http.problems import answer
from portal.http.sessions.dependencies import find_services

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
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`ETag` of the answer that you hold; if it still is the answer, you are told so by 304.",
    "example": '"7d8f3b2a9c5e41f0b6d2a8e4c1907f35"',
}
MOMENT = "2026-01-31T09:30:00Z"
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None, "object": {}}
_PARTIAL = "Partial"

Schema = Mapping[str, Any]

router = APIRouter(include_in_schema=False)


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
        # FastAPI describes a 422 for every operation with a parameter, although a text in a path is never invalid.
        invalid = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
        if invalid.get("schema", {}).get("$ref", "").endswith(UNUSED[0]):
            del operation["responses"]["422"]
        if method == "get":
            _describe_read(operation, schemas)
        _add_examples(operation, schemas)
        _add_headers(operation["responses"], method)
    return document


def list_operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation of a document with its method."""
    for path in document["paths"].values():
        yield from path.items()


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


def _describe_read(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Tell what every read can do: entity tags, and sparse answers."""
    operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    operation["responses"]["304"] = {"description": "What you hold is still the answer."}
    for parameter in operation["parameters"]:
        if parameter["name"] == PARAMETER:
            _describe_sparse(parameter, operation["responses"]["200"]["content"]["application/json"], schemas)


def _describe_sparse(parameter: dict[str, Any], media: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Name the fields that may be asked for, and say that an answer may lack the others."""
    name = media["schema"]["$ref"].rpartition("/")[2]
    row_names = [field for field in schemas[name]["properties"] if field != "next"]
    is_list = len(row_names) == 1 and "next" in schemas[name]["properties"]
    resource = schemas[name]["properties"][row_names[0]]["items"]["$ref"].rpartition("/")[2] if is_list else name
    schemas[_PARTIAL + resource] = {
        field: value for field, value in schemas[resource].items() if field != "required"
    } | {
        "title": _PARTIAL + schemas[resource]["title"],
        "description": "Some fields, as `fields` asked for them.",
    }
    if is_list:
        rows = schemas[name]["properties"][row_names[0]] | {"items": refer_to(_PARTIAL + resource)}
        schemas[_PARTIAL + name] = schemas[name] | {
            "title": _PARTIAL + schemas[name]["title"],
            "properties": schemas[name]["properties"] | {row_names[0]: rows},
        }
    names = list(schemas[resource]["properties"])
    some = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1}
    parameter |= {"style": "form", "explode": False, "schema": some, "example": names[:2]}
    media["schema"] = {"anyOf": [refer_to(name), refer_to(_PARTIAL + name)]}


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
    return _build_by_type(schema, schemas)


def _build_by_type(schema: Schema, schemas: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - any JSON.
    if "properties" in schema:
        return {name: build_example(inner, schemas) for name, inner in schema["properties"].items()}
    if schema.get("type") == "array":
        return [build_example(schema["items"], schemas)]
    if schema.get("format") == "date-time":
        return MOMENT
    return schema["default"] if schema.get("default") is not None else _BY_TYPE[schema.get("type", "object")]


@router.get("/api/docs")
def explorer(request: Request) -> HTMLResponse:
    """Show the explorer: `/static/swagger-ui/`, started by a script file of our own."""
    return rendering.render(request, "api_docs.html", openapi_url="/api/openapi.json")


@router.api_route("/api/openapi.json", methods=["GET", "HEAD"])
def document(request: Request) -> JSONResponse:
    """Tell the API as OpenAPI does."""
    return JSONResponse(request.app.openapi())


@router.get("/api/docs/problems/{slug}")
def problem(slug: str, request: Request) -> Response:
    """Explain a kind of problem to whoever follows its `type`."""
    known = KNOWN.get(slug)
    if known is None:
        return answer(request, NOT_FOUND)
    return rendering.render(request, "api_problem.html", problem=known)


@router.get("/.well-known/oauth-protected-resource")
def describe_resource(request: Request) -> dict[str, str | list[str]]:
    """Tell who issues tokens, where, and for what: OAuth 2.0 Protected Resource Metadata (RFC 9728), open to everybody.

    A client then needs to be told the API's address only. The endpoints are additions (RFC 9728, section 2): they spare
    clients the detour through the issuer's own metadata. So is the console command's client, which is public.
    """
    settings = find_services(request).settings
    return {
        "resource": settings.portal_origin,
        "resource_name": "Silent Scalper",
        "resource_documentation": f"{settings.portal_origin}/api/docs",
        "authorization_servers": [settings.issuer],
        "authorization_endpoint": settings.authorize_url,
        "token_endpoint": settings.token_url,
        "revocation_endpoint": settings.revoke_url,
        "scalper_cli_client_id": settings.cli_client_id,
        "scopes_supported": [UPLOAD, READ, WEBHOOKS],
        "bearer_methods_supported": ["header"],
    }
