"""What pages ask for and how they answer: who is signed in, forms, and addresses."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from portal.auth.identity import Identity
from portal.cursors import Cursor
from portal.http.pages.rendering import render
from portal.http.sessions.session_cookies import require_admin, require_lead, require_staff


async def _read_fields(request: Request) -> Mapping[str, str]:
    form = await request.form(max_files=0)
    # A form may say of itself that it is written in a code that knows more than Unicode does: no page could show that.
    return {name: value.encode(errors="replace").decode() for name, value in form.items() if isinstance(value, str)}


Staff = Annotated[Identity, Depends(require_staff)]
"""Whoever is signed in."""

Lead = Annotated[Identity, Depends(require_lead)]
"""The lead of a clinic who is signed in; nobody else passes."""

Admin = Annotated[Identity, Depends(require_admin)]
"""The admin who is signed in; nobody else passes."""

Fields = Annotated[Mapping[str, str], Depends(_read_fields)]
"""A form's text fields; of a name that comes twice, the last."""


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


def build_address(path: str, query: Mapping[str, object]) -> str:
    """Return a page's address; what is empty is left out of its query."""
    given = {name: value for name, value in query.items() if value}
    return path + (f"?{urlencode(given)}" if given else "")


def build_page_links(path: str, cursor: Cursor, following: str | None, **query: str) -> dict[str, Any]:
    """Return what every list's pager shows: where the list begins, and where it goes on behind this page.

    `query` is what narrows the list; `following` is the next page's cursor.
    """
    return {
        "newest": build_address(path, query) if cursor else None,
        "following": build_address(path, {**query, "cursor": following}) if following else None,
    }
