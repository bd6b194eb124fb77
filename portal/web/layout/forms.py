"""What pages with forms share: one answer to those that cannot be taken."""

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from portal.http.pages.rendering import render


def render_form(
    request: Request,
    template: str,
    *,
    values: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    **context: Any,  # noqa: ANN401 — whatever the template shows.
) -> Response:
    """Render a form; with `faults`, as the answer to one that was refused: what was entered stays."""
    status = 422 if faults else 200
    return render(request, template, status=status, values=values or {}, faults=faults or {}, **context)


def see_other(path: str) -> Response:
    """Lead on after a form was taken, so that loading the page again sends nothing twice."""
    return RedirectResponse(path, 303)


def new_request_key() -> str:
    """Return what a form carries so that, sent twice, it is acted upon once."""
    return secrets.token_urlsafe(16)
