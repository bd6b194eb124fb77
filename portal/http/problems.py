"""What each error becomes for the one who asked: a problem document (RFC 9457) or a page. A table, and one function.

No text of an exception ever leaves: what is told stands here.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from intake.errors import ScalperError
from portal import errors
from portal.http.pages import rendering
from portal.http.problem_types import (
    BY_STATUS,
    INTERNAL,
    INVALID,
    MALFORMED,
    MEDIA_TYPE,
    METHOD,
    PAGES,
    Problem,
    find_problem,
)
from portal.http.request_log import log_fault
from portal.http.security import API
from portal.http.sessions.dependencies import find_services
from portal.presentation.languages import gettext

MOST_FAULTS = 50
"""Faults that an answer tells: whoever mends these sees the next ones."""
LONGEST_STEP = 100
"""Characters of a step to a fault: a field that we do not know may have any name."""

_HEADERS: Mapping[int, dict[str, str]] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}


def register(app: FastAPI) -> None:
    """Have `app` answer every error by the table."""
    app.add_exception_handler(ScalperError, answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_status)
    app.add_exception_handler(Exception, _answer_unforeseen)


def answer(
    request: Request,
    problem: Problem,
    *,
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, object] | None = None,
) -> Response:
    """Answer with a page to a browser, and with a problem document to everything else."""
    response: Response
    if _wants_page(request):
        explanation = problem.on_pages or problem.detail
        response = rendering.render(
            request, "error.html", status=problem.status, heading=problem.title, explanation=explanation
        )
    else:
        document = {
            "type": find_services(request).settings.portal_origin + PAGES + problem.slug,
            "title": gettext(problem.title),
            "status": problem.status,
            "detail": gettext(problem.detail),
            "request_id": getattr(request.state, "request_id", ""),
            **(extensions or {}),
        }
        response = JSONResponse(document, problem.status, media_type=MEDIA_TYPE)
    response.headers.update({**_HEADERS.get(problem.status, {}), **(headers or {})})
    return response


def answer_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours by its entry in the table."""
    if isinstance(error, errors.SignInRequiredError) and _wants_page(request):
        return _lead_to_sign_in(request)
    problem = find_problem(error)
    if problem is INTERNAL:
        log_fault(request, error)
    if not isinstance(error, errors.PortalError):
        return answer(request, problem)
    return answer(request, problem, headers=error.headers, extensions=error.extensions)


def _answer_invalid(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return answer(request, MALFORMED)
    return answer(request, INVALID, extensions={"errors": [_describe_fault(fault) for fault in faults[:MOST_FAULTS]]})


def _answer_status(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    if status == METHOD.status:
        # What the address does take (RFC 9110, 15.5.6): each method has a route of its own.
        path = request.scope["path"]
        here = [route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(path)]
        # An address that is named, such as `/files/withdraw`, is no file's, though `/files/{file_id}` would match it.
        here = [route for route in here if route.path == path] or here
        headers = {"Allow": ", ".join(sorted({method for route in here for method in route.methods or ()}))}
    return answer(request, BY_STATUS.get(status, INTERNAL), headers=headers)


def _answer_unforeseen(request: Request, error: Exception) -> Response:
    log_fault(request, error)
    response = answer(request, INTERNAL)
    # Starlette answers these outside of all other middleware.
    request.app.state.headers.add_to(response.headers, request.scope)
    return response


def _describe_fault(fault: Mapping[str, Any]) -> dict[str, str]:
    """Say where and what, never the value: it may be a patient's name."""
    place, *steps = fault["loc"]
    if place == "body":  # A JSON pointer (RFC 6901).
        where = {"pointer": "".join("/" + _cut_step(step).replace("~", "~0").replace("/", "~1") for step in steps)}
    else:
        where = {"parameter": _cut_step(steps[0] if steps else place)}
    return {"in": str(place), **where, "code": fault["type"], "message": fault["msg"]}


def _cut_step(step: object) -> str:
    """Return a step's name, cut and free of what no encoding can write: half a surrogate pair is no character."""
    return str(step)[:LONGEST_STEP].encode(errors="replace").decode()


def _wants_page(request: Request) -> bool:
    if request.scope["path"].startswith(API):
        return False
    return "hx-request" in request.headers or "text/html" in request.headers.get("accept", "")


def _lead_to_sign_in(request: Request) -> Response:
    """Lead to the sign-in and remember the page; htmx follows its own header, since it never sees a redirect."""
    if "hx-request" not in request.headers:
        here = _join_address(request.scope["path"], request.scope["query_string"].decode("latin-1"))
        return RedirectResponse(_build_sign_in_path(here if request.method == "GET" else "/"), 303)
    try:
        current = urlsplit(request.headers["hx-current-url"])
        here = _join_address(current.path, current.query)
    except (KeyError, ValueError):
        # It says nothing sensible of the page that it asks from.
        here = "/"
    return Response(status_code=401, headers={"HX-Redirect": _build_sign_in_path(here)})


def _join_address(path: str, query: str) -> str:
    return path + (f"?{query}" if query else "")


def _build_sign_in_path(next_path: str) -> str:
    return f"/sign-in?{urlencode({'next': next_path}, quote_via=quote)}"
