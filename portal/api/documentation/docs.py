"""The API's documentation: OpenAPI document, explorer (served by ourselves), and a page for each problem."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from portal.http.pages import rendering
from portal.http.problem_types import KNOWN, NOT_FOUND
from portal.http.problems import answer

router = APIRouter(prefix="/api", include_in_schema=False)


@router.get("/docs")
def explorer(request: Request) -> HTMLResponse:
    """Show the explorer: `/static/swagger-ui/`, started by a script file of our own."""
    return rendering.render(request, "api_docs.html", openapi_url="/api/openapi.json")


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
def document(request: Request) -> JSONResponse:
    """Tell the API as OpenAPI does."""
    return JSONResponse(request.app.openapi())


@router.get("/docs/problems/{slug}")
def problem(slug: str, request: Request) -> Response:
    """Explain a kind of problem to whoever follows its `type`."""
    known = KNOWN.get(slug)
    if known is None:
        return answer(request, NOT_FOUND)
    return rendering.render(request, "api_problem.html", problem=known)
