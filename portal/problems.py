"""What each error becomes for the one who asked: a problem document (RFC 9457) or a page. A table, and one function.

No text of an exception ever leaves: what is told stands here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from intake import errors as domain
from portal import errors, pages
from portal.request_log import log_fault
from portal.security import API
from portal.services import services_of

PAGES = "/api/docs/problems/"
"""Where each problem's `type` leads."""

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem, for programs by its slug and for people by the rest."""

    status: int
    slug: str
    title: str
    detail: str


NOT_FOUND = Problem(404, "not-found", "Not found", "There is nothing here, or it is not yours to see.")
METHOD = Problem(405, "method-not-allowed", "Method not allowed", "This address does not take that method.")
MALFORMED = Problem(400, "malformed-body", "The request cannot be read", "The body is not what its type says it is.")
INVALID = Problem(422, "invalid-request", "The request is not valid", "Correct the fields that `errors` points to.")
TOO_LARGE = Problem(
    413,
    "body-too-large",
    "The request is too large",
    "Send less at once: announce files in several requests, and upload large ones by `POST /api/v1/uploads`.",
)
INTERNAL = Problem(
    500, "internal-error", "Something went wrong on our side", "Our staff can find this request by its id."
)
SIGN_IN = Problem(401, "sign-in-required", "Please sign in", "You are not signed in, or were away for too long.")

PROBLEMS: Mapping[type[Exception], Problem] = {
    domain.NotFoundError: NOT_FOUND,
    domain.ConflictError: Problem(
        409, "conflict", "That is not possible now", "The state of the file or upload has changed. Read it again."
    ),
    domain.ContentionError: Problem(503, "busy", "Try again in a moment", "Others are writing the same records."),
    errors.InvalidTokenError: Problem(
        401, "invalid-token", "A valid access token is needed", "Get a new token from the token endpoint and try again."
    ),
    errors.UserPoolUnavailableError: Problem(
        503, "sign-in-unavailable", "Sign-in is not available", "Tokens cannot be checked now. Try again in a moment."
    ),
    errors.SignInError: Problem(
        400, "sign-in-failed", "Sign-in did not work", "It took too long, or began in another window. Sign in again."
    ),
    errors.SignInRequiredError: SIGN_IN,
    errors.ScopeError: Problem(
        403, "missing-scope", "The token lacks a scope", "Ask for a token with the scope that is named in `scope`."
    ),
    errors.ClinicError: Problem(
        403,
        "no-single-clinic",
        "Your account does not stand for one clinic",
        "Uploading needs an account of exactly one clinic. Admins see all clinics and upload for none.",
    ),
    errors.ClinicInactiveError: Problem(
        403,
        "clinic-inactive",
        "Your clinic takes no new uploads",
        "It was deactivated. What was sent before can be read as ever; ask your administrator.",
    ),
    errors.ProtectedAccountError: Problem(
        403,
        "account-protected",
        "This account must stay as it is",
        "You cannot lock out yourself, and somebody must remain who can administer. Ask another admin.",
    ),
    errors.FieldsError: INVALID,
    errors.GatewayFullError: Problem(
        409,
        "too-many-clients",
        "There are too many partner clients",
        "The API's gateway knows 50 at the most. Revoke one that is not needed any more.",
    ),
    errors.CrossSiteError: Problem(
        403, "cross-site", "The request did not come from this site", "Load the page again and repeat what you did."
    ),
    errors.ForbiddenError: Problem(403, "forbidden", "Not allowed", "Your account may not do this."),
    errors.CursorError: Problem(
        400, "invalid-cursor", "The cursor is not valid", "Begin the list again, without a cursor."
    ),
    domain.ChangesGoneError: Problem(
        410,
        "changes-gone",
        "The cursor is too old",
        "Changes behind it are no longer kept. Read on without `since`, and list your files to learn what was missed.",
    ),
    errors.IdempotencyError: Problem(
        422,
        "idempotency-key-reused",
        "The idempotency key was used for another request",
        "Repeat a request unchanged, or give another request a key of its own.",
    ),
    errors.TooManyFilesError: Problem(
        422, "upload-full", "The upload is full", "Begin another upload: one holds at most 99,999 files."
    ),
    errors.NotAwaitedError: Problem(
        409, "not-awaited", "The file is not awaited", "It has arrived, or was given up. Look at its state."
    ),
    errors.NotMultipartError: Problem(
        409, "no-such-part", "The file has no such part", "Sign the file again and send what the answer says."
    ),
    errors.PartsMissingError: Problem(
        409, "parts-missing", "Parts are missing", "Send the parts that `missing` names, then complete again."
    ),
    errors.OrderError: Problem(
        422, "invalid-order", "That cannot be asked for", "Choose the files again on the page that lists them."
    ),
    errors.OwnReviewError: Problem(
        403,
        "own-review",
        "Another admin has to confirm this",
        "Whoever proposes to accept a rejected file cannot also confirm it. Ask a colleague to look at the proposal.",
    ),
    errors.TooManyRequestsError: Problem(
        429, "too-many-requests", "Too many requests", "Wait for as many seconds as `Retry-After` says, then repeat."
    ),
    errors.SubscriptionError: Problem(
        422, "invalid-subscription", "The subscription is not possible", "Correct the address or the kinds of messages."
    ),
    errors.WebhookUrlError: Problem(
        422, "webhook-url", "The address cannot be called", "Give an https address on the public internet."
    ),
    errors.TooManyWebhooksError: Problem(
        409, "too-many-webhooks", "There are ten webhooks already", "Delete one that is no longer needed."
    ),
    errors.TokenNotGivenError: Problem(
        409, "token-not-given", "The token is not that of this webhook", "Send the `Token` that the address was sent."
    ),
    errors.NotAcceptedError: Problem(
        409, "not-accepted", "The file was not accepted", "Only the content of accepted files can be downloaded."
    ),
    errors.DicomWebQueryError: Problem(
        400, "invalid-dicomweb-request", "The DICOMweb request is not valid", "`reason` says what to correct."
    ),
    errors.SearchTooBroadError: Problem(
        413, "search-too-broad", "The search is too broad", "Add a condition: a study date, a patient id or a UID."
    ),
    errors.NotAcceptableError: Problem(
        406, "not-acceptable", "Not given in that form", "Ask for, or send, one of the forms named in `acceptable`."
    ),
    errors.RetrievalTooLargeError: Problem(
        413,
        "message-too-large",
        "Too large for one message",
        "A message holds at most `limit_bytes`. `instead` says how to do without the limit.",
    ),
    errors.StorageUnavailableError: Problem(
        503, "storage-unavailable", "Storage is not available", "Nothing was stored. Try again in a moment."
    ),
}

BY_STATUS = {problem.status: problem for problem in (NOT_FOUND, METHOD, MALFORMED, TOO_LARGE)}
KNOWN: Mapping[str, Problem] = {
    problem.slug: problem for problem in (*PROBLEMS.values(), METHOD, MALFORMED, INVALID, TOO_LARGE, INTERNAL)
}

_HEADERS: Mapping[int, dict[str, str]] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}


def register(app: FastAPI) -> None:
    """Have `app` answer every error by the table."""
    app.add_exception_handler(domain.ScalperError, _foreseen)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _by_status)
    app.add_exception_handler(Exception, _unforeseen)


def answer(
    request: Request,
    problem: Problem,
    *,
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, object] | None = None,
) -> Response:
    """Answer with a page to a browser, and with a problem document to everything else."""
    response = _page(request, problem) if _wants_page(request) else _document(request, problem, extensions or {})
    response.headers.update({**_HEADERS.get(problem.status, {}), **(headers or {})})
    return response


def problem_of(error: Exception) -> Problem:
    """Return the most specific entry of the table."""
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), INTERNAL)


def _foreseen(request: Request, error: Exception) -> Response:
    if isinstance(error, errors.SignInRequiredError) and _wants_page(request):
        return _to_sign_in(request)
    problem = problem_of(error)
    if problem is INTERNAL:
        log_fault(request, error)
    if not isinstance(error, errors.PortalError):
        return answer(request, problem)
    return answer(request, problem, headers=error.headers, extensions=error.extensions)


def _invalid(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return answer(request, MALFORMED)
    return answer(request, INVALID, extensions={"errors": [_fault(fault) for fault in faults]})


def _by_status(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    if status == METHOD.status:
        headers = {"Allow": ", ".join(_methods(request))}
    return answer(request, BY_STATUS.get(status, INTERNAL), headers=headers)


def _methods(request: Request) -> list[str]:
    """Return what the address does take (RFC 9110, 15.5.6): each method has a route of its own."""
    routes = [route for router in request.app.state.routers for route in router.routes]
    at_this_address = (route for route in routes if route.path_regex.match(request.scope["path"]))
    return sorted({method for route in at_this_address for method in route.methods})


def _unforeseen(request: Request, error: Exception) -> Response:
    log_fault(request, error)
    response = answer(request, INTERNAL)
    # Starlette answers these outside of all other middleware.
    request.app.state.headers.add_to(response.headers, request.scope)
    return response


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    """Say where and what, never the value: it may be a patient's name."""
    place, *steps = fault["loc"]
    where = {"pointer": _pointer(steps)} if place == "body" else {"parameter": str(steps[0]) if steps else str(place)}
    return {"in": str(place), **where, "code": fault["type"], "message": fault["msg"]}


def _pointer(steps: Sequence[object]) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _wants_page(request: Request) -> bool:
    if request.url.path.startswith(API):
        return False
    return "hx-request" in request.headers or "text/html" in request.headers.get("accept", "")


def _page(request: Request, problem: Problem) -> Response:
    return pages.render(request, "error.html", status=problem.status, heading=problem.title, explanation=problem.detail)


def _document(request: Request, problem: Problem, extensions: Mapping[str, object]) -> Response:
    document = {
        "type": services_of(request).settings.portal_origin + PAGES + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": getattr(request.state, "request_id", ""),
        **extensions,
    }
    return JSONResponse(document, problem.status, media_type=MEDIA_TYPE)


def _to_sign_in(request: Request) -> Response:
    """Lead to the sign-in and remember the page; htmx follows its own header, since it never sees a redirect."""
    if "hx-request" not in request.headers:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(_sign_in_path(here if request.method == "GET" else "/"), 303)
    current = urlsplit(request.headers.get("hx-current-url", "/"))
    target = _sign_in_path(current.path + (f"?{current.query}" if current.query else ""))
    return Response(status_code=401, headers={"HX-Redirect": target})


def _sign_in_path(next_path: str) -> str:
    return f"/sign-in?{urlencode({'next': next_path}, quote_via=quote)}"
